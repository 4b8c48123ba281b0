// CBOR read and written: the examples of RFC 8949, every refusal by name, and cborg as a second opinion.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { type CborItem, type CborLimits, describeCbor, parseCbor } from './cbor.js';
import { cborArray, cborBytes, cborInteger, cborMap, cborText } from './cbor-fields.js';
import { type CborValue, encodeCbor } from './cbor-writer.js';
import { decodeHex, encodeHex } from './hex.js';

const limits: CborLimits = {
  bytesMax: 4096,
  itemsMax: 200,
  depthMax: 8,
  indefiniteMaps: 'refused',
};
const withIndefinite: CborLimits = { ...limits, indefiniteMaps: 'accepted' };
const any = { min: 0, max: 1000 };

const parse = (hex: string, given = limits) => parseCbor(decodeHex(hex), 'test', given);

function refuses(work: () => unknown, code: EvidenceErrorCode = 'malformed'): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** What an item says, in JavaScript's own values: whole numbers as bigint, maps as Map. */
function plain(item: CborItem): unknown {
  switch (item.type) {
    case 'array':
      return item.items.map(plain);
    case 'map':
      return new Map(item.entries.map(({ key, value }) => [key, plain(value)]));
    case 'tag':
      return { tag: item.tag, content: plain(item.content) };
    default:
      return item.value;
  }
}

/** What cborg says, in the same values. */
function plainOfPeer(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return value.map(plainOfPeer);
  if (!(value instanceof Map)) return value;
  return new Map([...value].map(([key, each]) => [plainOfPeer(key), plainOfPeer(each)]));
}

// RFC 8949 appendix A, as far as it is read here.
for (const [hex, value] of [
  ['00', 0n],
  ['17', 23n],
  ['1818', 24n],
  ['1903e8', 1000n],
  ['1a000f4240', 1000000n],
  ['1bffffffffffffffff', 18446744073709551615n],
  ['3bffffffffffffffff', -18446744073709551616n],
  ['20', -1n],
  ['3863', -100n],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', new Uint8Array()],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['62c3bc', 'ü'],
  ['64f0908591', '𐅑'],
  ['80', []],
  ['8301820203820405', [1n, [2n, 3n], [4n, 5n]]],
  ['a0', new Map()],
  [
    'a201020304',
    new Map([
      [1n, 2n],
      [3n, 4n],
    ]),
  ],
  [
    'a26161016162820203',
    new Map<string, unknown>([
      ['a', 1n],
      ['b', [2n, 3n]],
    ]),
  ],
  ['c11a514b67b0', { tag: 1n, content: 1363896240n }],
] as const) {
  test(`${hex} is read as RFC 8949 says`, () => {
    const item = parse(hex);
    assert.deepEqual(plain(item), value);
    assert.equal(encodeHex(item.raw), hex);
  });
}

for (const [what, hex] of [
  ['nothing', ''],
  ['a number cut short', '19ff'],
  ['a byte string cut short', '450102'],
  ['a byte string longer than memory', '5bffffffffffffffff'],
  ['an array that says it has more items than bytes', '9a00010000'],
  ['a map that says it has more entries than bytes', 'a30102'],
  ['a number below 24 in two bytes', '1817'],
  ['a number below 256 in three bytes', '1900ff'],
  ['a number below 65536 in five bytes', '1a0000ffff'],
  ['a number below 2^32 in nine bytes', '1b00000000ffffffff'],
  ['a length not in shortest form', '580101'],
  ['reserved additional information 28', '1c'],
  ['reserved additional information 30', '7e'],
  ['a half float', 'f93c00'],
  ['a double', 'fb3ff199999999999a'],
  ['undefined', 'f7'],
  ['an unassigned simple value', 'f0'],
  ['a simple value of two bytes', 'f820'],
  ['true written in two bytes', 'f815'],
  ['a break alone', 'ff'],
  ['a map without a count where none may be', 'bf0102ff'],
  ['an array without a count', '9f01ff'],
  ['a byte string in chunks', '5f4101ff'],
  ['text in chunks', '7f6161ff'],
  ['a key twice', 'a201020103'],
  ['a text key twice', 'a2616101616102'],
  ['a byte string as key', 'a1410101'],
  ['an array as key', 'a18001'],
  ['null as key', 'a1f601'],
  ['text that is not UTF-8', '61ff'],
  ['text with an overlong form', '62c080'],
  ['text with a surrogate', '63eda080'],
  ['a tag without content', 'c1'],
  ['a number of indefinite length', '1f'],
  ['a tag of indefinite length', 'df00'],
] as const) {
  test(`refuses ${what}`, () => refuses(() => parse(hex)));
}

for (const [what, hex] of [
  ['a map without an end', 'bf0102'],
  ['a break for a value', 'bf01ff'],
  ['a break in an array', '81ff'],
  ['a key twice in a map without a count', 'bf01020103ff'],
  ['an array without a count all the same', '9f01ff'],
  ['text in chunks all the same', '7f6161ff'],
] as const) {
  test(`where maps need no count, refuses ${what}`, () => {
    refuses(() => parse(hex, withIndefinite));
  });
}

test('a map without a count is read where a format allows it, and ends at its break', () => {
  const item = parse('82bf6161f601f5ff02', withIndefinite);
  const map = new Map<unknown, unknown>([
    ['a', null],
    [1n, true],
  ]);
  assert.deepEqual(plain(item), [map, 2n]);
  assert.equal(
    encodeHex(item.type === 'array' ? (item.items[0]?.raw ?? item.raw) : item.raw),
    'bf6161f601f5ff',
  );
  refuses(() => parse('bf0102ff03', withIndefinite), 'trailing-data');
  refuses(() => parse('bf0102ff', limits));
});

test('refuses bytes after the item, too many bytes, items and levels', () => {
  refuses(() => parse('0000'), 'trailing-data');
  refuses(() => parse('420000', { ...limits, bytesMax: 2 }));
  refuses(() => parse('83000000', { ...limits, itemsMax: 3 }));
  refuses(() => parse('818100', { ...limits, depthMax: 1 }));
  refuses(() => parse('c1c100', { ...limits, depthMax: 1 }));
  refuses(() => parse(`${'81'.repeat(3000)}00`, { ...limits, itemsMax: 4000 }));
  assert.deepEqual(plain(parse('818100', { ...limits, depthMax: 2 })), [[0n]]);
});

test('typed access wants the type and the bounds', () => {
  const text = parse('6161');
  assert.equal(cborText(text, 'field', any), 'a');
  assert.equal(cborInteger(parse('3863'), 'field', { min: -100, max: 0 }), -100);
  assert.deepEqual(cborBytes(parse('4101'), 'field', any), Uint8Array.of(1));
  for (const wrong of [
    () => cborInteger(text, 'field', any),
    () => cborBytes(text, 'field', any),
    () => cborArray(text, 'field', any),
    () => cborMap(text, 'field', any),
    () => cborText(parse('f6'), 'field', any),
    () => cborText(text, 'field', { min: 2, max: 3 }),
    () => cborBytes(parse('4101'), 'field', { min: 0, max: 0 }),
    () => cborArray(parse('80'), 'field', { min: 1, max: 2 }),
    () => cborMap(parse('a10102'), 'field', { min: 2, max: 2 }),
    () => cborInteger(parse('1818'), 'field', { min: 0, max: 23 }),
    () => cborInteger(parse('1b0020000000000000'), 'field', { min: 0, max: Infinity }),
  ]) {
    refuses(wrong);
  }
});

test('values in messages are short', () => {
  const shown = ['01', '6161', 'f6', '80', 'a0', `5820${'ab'.repeat(32)}`].map((hex) =>
    describeCbor(parse(hex)),
  );
  assert.deepEqual(shown, ['1', '"a"', 'null', 'array', 'map', `h'${'ab'.repeat(16)}'`]);
});

test('refuses to write numbers that are not whole or have more than 64 bits', () => {
  for (const value of [0.5, Number.NaN, 2 ** 60, 1n << 64n, -(1n << 64n) - 1n]) {
    assert.throws(() => encodeCbor(value), TypeError);
  }
});

const key = fc.oneof(fc.integer(), fc.string({ maxLength: 5 }));
const { value: values } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.bigInt({ min: -(1n << 64n), max: (1n << 64n) - 1n }),
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.uint8Array({ maxLength: 30 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 5, selector: ([name]) => name })
      .map((entries) => new Map<number | string, CborValue>(entries)),
  ),
}));

test('what is written is read back, is what cborg writes, and means the same to cborg', () => {
  fc.assert(
    fc.property(values, (value) => {
      const written = encodeCbor(value);
      const item = parseCbor(written, 'test', { ...limits, itemsMax: 2000 });
      assert.equal(encodeHex(written), encodeHex(encode(value, rfc8949EncodeOptions)));
      assert.deepEqual(plain(item), plainOfPeer(decode(written, { useMaps: true })));
    }),
    { numRuns: 2000 },
  );
});

const sample = encodeCbor(
  new Map<number | string, CborValue>([
    [1, -35],
    ['text', ['ü', new Uint8Array(30), null, true]],
    [
      'map',
      new Map<number, CborValue>([
        [0, 24],
        [1, 70_000],
        [-1, 2 ** 40],
      ]),
    ],
  ]),
);

test('whatever is read of spoiled input, cborg reads the same', () => {
  const options = { strict: true, useMaps: true, rejectDuplicateMapKeys: true } as const;
  const spoiled = fc.oneof(mutationsOf(sample), randomBytes);
  let read = 0;
  fc.assert(
    fc.property(spoiled, (bytes) => {
      let item: CborItem;
      try {
        item = parseCbor(bytes, 'test', limits);
      } catch {
        return;
      }
      // cborg reads no tag that it has not been told of.
      if (hasTag(item)) return;
      read += 1;
      assert.deepEqual(plain(item), plainOfPeer(decode(bytes, options)));
    }),
    { numRuns: 10_000 },
  );
  assert.ok(read > 500, `only ${read} of the inputs were read at all`);
});

function hasTag(item: CborItem): boolean {
  if (item.type === 'array') return item.items.some(hasTag);
  if (item.type === 'map') return item.entries.some(({ value }) => hasTag(value));
  return item.type === 'tag';
}

test('spoiled and random input is read or refused', () => {
  const begun = fc.uint8Array({ maxLength: 100 }).map((tail) => Uint8Array.of(0xbf, ...tail));
  assertRefusesCleanly(fc.oneof(mutationsOf(sample), randomBytes, begun), (bytes) =>
    parseCbor(bytes, 'test', withIndefinite),
  );
});

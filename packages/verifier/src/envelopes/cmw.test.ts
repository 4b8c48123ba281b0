// Wrappers: the examples of the draft, every refusal by name in both encodings, and evidence taken out.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeBase64, encodeBase64Url } from '../encoding/base64.js';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import { decodeHex, encodeHex } from '../encoding/hex.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { mintScene } from '../testing/nitro-scene.test.js';
import { evidenceFormats } from '../types.js';
import { type Cmw, cmwRecords, findCmwJsonRecord, parseCmw } from './cmw.js';
import { findEvidenceFormat, mediaTypeOf } from './media-types.js';
import { openEnvelope } from './open-envelope.js';

const ascii = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => ascii(JSON.stringify(value));
const type = 'application/vnd.example.rats-conceptual-msg';
const bytes = decodeHex('2347da55');

async function refuses(code: EvidenceErrorCode, work: () => unknown): Promise<void> {
  await assert.rejects(
    async () => work(),
    (error) => {
      assert.ok(error instanceof EvidenceError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

describe('the examples of the draft, section 5', () => {
  const record = (of: string | number, indicator: number | null = null): Cmw => {
    return { kind: 'record', type: of, value: bytes, indicator };
  };

  test('records in JSON and CBOR, and a tag', () => {
    assert.deepEqual(parseCmw(json([type, 'I0faVQ'])), record(type));
    assert.deepEqual(parseCmw(decodeHex('82197531442347da55')), record(30001));
    assert.deepEqual(parseCmw(encodeCbor([type, bytes])), record(type));
    assert.deepEqual(parseCmw(decodeHex('da637476a7442347da55')), record(30001));
  });

  test('a record with an indicator', () => {
    const corim = 'application/signed-corim+cbor';
    const parsed = parseCmw(encodeCbor([corim, decodeHex('d901f6d28440a044d901f5a040'), 3]));
    assert.equal(parsed.kind === 'record' && parsed.indicator, 3);
  });

  test('a collection in CBOR, with three kinds of items', () => {
    const parsed = parseCmw(
      encodeCbor(
        new Map<number | string, CborValue>([
          ['__cmwc_t', 'tag:example.com,2024:composite-attester'],
          [0, [30001, bytes, 4]],
          [1, { tag: 1668576935, content: bytes }],
          [2, ['application/eat+jwt', ascii('...'), 8]],
        ]),
      ),
    );
    assert.ok(parsed.kind === 'collection');
    assert.equal(parsed.type, 'tag:example.com,2024:composite-attester');
    assert.deepEqual([...parsed.items.keys()], [0n, 1n, 2n]);
    assert.deepEqual(
      cmwRecords(parsed).map((each) => [each.type, each.indicator]),
      [
        [30001, 4],
        [30001, null],
        ['application/eat+jwt', 8],
      ],
    );
  });

  test('a collection in JSON, in a collection', () => {
    const inner = { __cmwc_t: '1.2.840', 'attester B': ['application/eat-ucs+cbor', 'oA', 4] };
    const parsed = parseCmw(json({ 'attester A': ['application/eat-ucs+json', 'e30K'], inner }));
    assert.deepEqual(
      cmwRecords(parsed).map(({ value }) => encodeHex(value)),
      ['7b7d0a', 'a0'],
    );
  });
});

test('tags are the content formats of RFC 9277, and nothing else in their range', () => {
  const formatOf = (tag: number) => {
    const parsed = parseCmw(encodeCbor({ tag, content: bytes }));
    return parsed.kind === 'record' ? parsed.type : null;
  };
  assert.equal(formatOf(1668546817), 0);
  assert.equal(formatOf(1668546817 + 254), 254);
  assert.equal(formatOf(1668546817 + 256), 255);
  assert.equal(formatOf(1668612095), 65024);
});

const record = [type, 'I0faVQ'];
const deep = (levels: number): unknown => (levels === 0 ? record : { a: deep(levels - 1) });
const deepCbor = (levels: number): CborValue =>
  levels === 0 ? [type, bytes] : new Map([['a', deepCbor(levels - 1)]]);
const many = (count: number) => Array.from({ length: count }, (_, at) => [`a${at}`, record]);

for (const [what, wrapper] of [
  ['nothing', new Uint8Array()],
  ['text that is no JSON', ascii('[')],
  ['JSON with a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, ...json(record))],
  ['JSON that is not UTF-8', Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d)],
  ['a number', ascii('1')],
  ['an empty array', json([])],
  ['a record of one member', json([type])],
  ['a record of four members', json([...record, 4, 4])],
  ['a content format in JSON', json([30001, 'I0faVQ'])],
  ['a value that is no text', json([type, 1])],
  ['a value with padding', json([type, `${encodeBase64(Uint8Array.of(1))}`])],
  ['a value in the other alphabet', json([type, '+/+/'])],
  ['a value with unused bits set', json([type, 'I0faVR'])],
  ['a type that is no media type', json(['evidence', 'I0faVQ'])],
  ['a type with a space', json(['application/a b', 'I0faVQ'])],
  ['a type with a bad parameter', json(['application/a; b', 'I0faVQ'])],
  ['a type of 256 characters', json([`application/${'a'.repeat(244)}`, 'I0faVQ'])],
  ['an indicator of 0', json([...record, 0])],
  ['an indicator with unknown bits', json([...record, 32])],
  ['a negative indicator', json([...record, -4])],
  ['a fraction as indicator', json([...record, 4.5])],
  ['null as indicator', json([...record, null])],
  ['an empty collection', json({})],
  ['a collection with a type alone', json({ __cmwc_t: 'tag:a' })],
  ['a collection type that is relative', json({ __cmwc_t: 'composite', a: record })],
  ['a collection type that is no text', json({ __cmwc_t: record, a: record })],
  ['a collection with a label twice', ascii('{"a":["a/b",""],"a":["a/b",""]}')],
  ['a label of no characters', json({ '': record })],
  ['a label of 129 characters', json({ ['a'.repeat(129)]: record })],
  ['a collection of 33 items', json(Object.fromEntries(many(33)))],
  ['collections five deep', json(deep(4))],
  ['collections a thousand deep', ascii('{"a":'.repeat(1000))],
  ['a string in a collection', json({ a: 'record' })],
  ['a CBOR record of one member', encodeCbor([type])],
  ['a CBOR record of four members', encodeCbor([type, bytes, 4, 4])],
  ['a CBOR record with text as value', encodeCbor([type, 'I0faVQ'])],
  ['a CBOR record with a content format over two bytes', encodeCbor([65536, bytes])],
  ['a CBOR record with a negative content format', encodeCbor([-1, bytes])],
  ['a CBOR record with an indicator of 0', encodeCbor([type, bytes, 0])],
  ['a CBOR record with an indicator of 32', encodeCbor([type, bytes, 32])],
  ['a CBOR record with a type that is none', encodeCbor(['evidence', bytes])],
  ['a tag before the range', encodeCbor({ tag: 1668546816, content: bytes })],
  ['a tag behind the range', encodeCbor({ tag: 1668612096, content: bytes })],
  ['a tag that ends in a zero byte', encodeCbor({ tag: 1668546817 + 255, content: bytes })],
  ['a tag around text', encodeCbor({ tag: 1668576935, content: 'I0faVQ' })],
  ['an empty CBOR collection', encodeCbor(new Map())],
  ['a CBOR collection with a label twice', decodeHex('a2008243612f6140008243612f6140')],
  ['CBOR collections five deep', encodeCbor(deepCbor(4))],
  ['a CBOR collection without a count', decodeHex('bf0082197531442347da55ff')],
] as const) {
  test(`refuses ${what}`, async () => refuses('malformed', () => parseCmw(wrapper)));
}

test('collections are read as deep as they may be', () => {
  assert.equal(cmwRecords(parseCmw(json(deep(3)))).length, 1);
  assert.equal(cmwRecords(parseCmw(encodeCbor(deepCbor(3)))).length, 1);
  assert.equal(cmwRecords(parseCmw(json(Object.fromEntries(many(32))))).length, 32);
});

test('bytes behind a CBOR wrapper are refused', async () => {
  const wrapper = Uint8Array.of(...encodeCbor([type, bytes]), 0);
  await refuses('trailing-data', () => parseCmw(wrapper));
});

test('values up to 512 KiB are read, and no longer ones', async () => {
  const value = new Uint8Array(524_288);
  assert.equal(cmwRecords(parseCmw(encodeCbor([type, value])))[0]?.value.length, 524_288);
  const longer = encodeCbor([type, new Uint8Array(524_289)]);
  await refuses('malformed', () => parseCmw(longer));
});

test('the structure of a JSON record is known before its value is decoded', () => {
  assert.deepEqual(findCmwJsonRecord([type, '!', 4]), { type, value: '!', indicator: 4 });
  for (const other of [
    null,
    {},
    'a',
    [type],
    [type, 1],
    [1, 'a'],
    [type, 'a', '4'],
    [type, 'a', 64],
  ]) {
    assert.equal(findCmwJsonRecord(other), null);
  }
});

test('each format has a media type that leads back to it, in any case', () => {
  for (const format of evidenceFormats) {
    assert.equal(findEvidenceFormat(mediaTypeOf(format)), format);
    assert.equal(findEvidenceFormat(mediaTypeOf(format).toUpperCase()), format);
  }
  assert.equal(findEvidenceFormat('application/aws-nitro-document'), 'aws-nitro');
  for (const other of ['toString', '', 'application/json', `${mediaTypeOf('sev-snp')}; a=b`]) {
    assert.equal(findEvidenceFormat(other), null);
  }
});

const document = mintScene({});
const nitro = mediaTypeOf('aws-nitro');
const wrapped = [nitro, encodeBase64Url(document)];

for (const [what, wrapper] of [
  ['a JSON record', json(wrapped)],
  ['a JSON record with white space around it', ascii(`\n ${JSON.stringify(wrapped)}\n`)],
  ['a JSON record that says it is evidence', json([...wrapped, 4])],
  ['a CBOR record', encodeCbor([nitro, document])],
  ['a JSON collection with other things', json({ cpu: wrapped, log: ['text/plain', 'AA'] })],
  [
    'a CBOR collection with other things',
    encodeCbor(
      new Map<number, CborValue>([
        [0, [nitro, document, 4]],
        [1, [30001, bytes]],
      ]),
    ),
  ],
  ['no wrapper', document],
  ['no wrapper, as base64', ascii(encodeBase64(document))],
] as const) {
  test(`evidence is found in ${what}`, async () => {
    const { evidence, envelope, binding } = await openEnvelope(wrapper, nodeProvider);
    assert.equal(evidence.format, 'aws-nitro');
    assert.equal(envelope, what.startsWith('no wrapper') ? 'none' : 'cmw');
    assert.deepEqual(binding, { binding: 'not-checked' });
  });
}

for (const [what, code, wrapper] of [
  ['no evidence', 'unsupported-format', json(['text/plain', 'AA'])],
  ['evidence that says it is endorsements', 'unsupported-format', json([...wrapped, 2])],
  ['evidence behind a content format', 'unsupported-format', encodeCbor([30001, document])],
  ['two pieces of evidence', 'malformed', json({ a: wrapped, b: wrapped })],
  ['evidence of another format', 'trailing-data', json([mediaTypeOf('sev-snp'), wrapped[1]])],
  ['evidence cut short', 'malformed', encodeCbor([nitro, document.subarray(0, 900)])],
] as const) {
  test(`a wrapper with ${what} is refused`, async () => {
    await refuses(code, () => openEnvelope(wrapper, nodeProvider));
  });
}

const samples = [
  json({ __cmwc_t: 'tag:a', a: record, b: { c: [...record, 4] } }),
  encodeCbor(
    new Map<number | string, CborValue>([
      ['a', [type, bytes, 4]],
      [0, { tag: 1668576935, content: bytes }],
    ]),
  ),
];

test('wrappers cut at any length are refused', () => {
  for (const sample of samples) {
    assert.equal(parseCmw(sample).kind, 'collection');
    for (let length = 0; length < sample.length; length += 1) {
      assert.throws(() => parseCmw(sample.subarray(0, length)), EvidenceError, String(length));
    }
  }
});

test('spoiled wrappers are read or refused', () => {
  const begun = randomBytes.map((tail) => Uint8Array.of(0x7b, ...tail));
  const inputs = fc.oneof(...samples.map(mutationsOf), randomBytes, begun);
  assertRefusesCleanly(inputs, parseCmw);
});

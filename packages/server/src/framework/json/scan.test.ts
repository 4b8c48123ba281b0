import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../errors.js';
import { decodeJsonString, parseRawJson } from './decode.js';
import { encodeJson } from './encode.js';
import { DEFAULT_JSON_LIMITS, scanJson, scanJsonObject } from './scan.js';
import { RawJson } from './value.js';

const RUNS = 10_000;

function accepts(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    assert.ok(error instanceof ApiError || error instanceof SyntaxError, String(error));
    return false;
  }
}

function codeOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error.code;
  }
  return 'accepted';
}

/** JSON text with faults: fragments that are likely to stand next to each other in the wrong way. */
const fragments = fc
  .array(
    fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '\\', '"a"', '"b"', '1', '-', '0', '.5', 'e1', 'true'],
      ...['null', 'fals', ' ', '\t', '\n', '\u0000', '\u001f', '\\u12', '"\\ud800"', '\u00e4'],
      ...['01', '-0', '1E+2', '"\\n"', '{"a":', '[1,', '\ufeff', '"\\x"', '\u{1f600}', '//'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('accepts and refuses what JSON.parse does, for texts made of JSON fragments', () => {
  fc.assert(
    fc.property(fragments, (text) => {
      const bytes = Buffer.from(text);
      const ours = accepts(() => scanJson(bytes, DEFAULT_JSON_LIMITS));
      assert.equal(
        ours,
        accepts(() => JSON.parse(text)),
      );
    }),
    { numRuns: RUNS },
  );
});

test('accepts and refuses what JSON.parse does, for valid texts with one byte changed', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.integer({ min: 0x09, max: 0x7e }), (json, at, byte) => {
      const bytes = Buffer.from(json);
      bytes[at % bytes.length] = byte;
      const text = bytes.toString('utf8');
      if (!Buffer.from(text).equals(bytes)) return;
      const ours = accepts(() => scanJson(bytes, DEFAULT_JSON_LIMITS));
      assert.equal(
        ours,
        accepts(() => JSON.parse(text)),
      );
    }),
    { numRuns: RUNS },
  );
});

test('never throws anything but ApiError for random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      accepts(() => scanJsonObject(Buffer.from(bytes), DEFAULT_JSON_LIMITS));
    }),
    { numRuns: RUNS },
  );
});

test('members of an object are found as JSON.parse finds them', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      const members = scanJsonObject(Buffer.from(text), DEFAULT_JSON_LIMITS);
      const wanted = JSON.parse(text) as Record<string, unknown>;
      assert.equal(members.size, Object.keys(wanted).length);
      for (const [key, raw] of members) {
        assert.ok(Object.hasOwn(wanted, key));
        assert.deepEqual(parseRawJson(raw), wanted[key]);
      }
    }),
    { numRuns: 2000 },
  );
});

test('strings decode to the bytes that JSON.parse and UTF-8 encoding give', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text).slice(1, -1)),
    fc.constantFrom('\\ud800', '\\udc00', '\\ud83d\\ude00', '\\u0041', '\\/', '\\b\\f', '\\uFFFF'),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = `"${pieces.join('')}"`;
      const wanted = Buffer.from(JSON.parse(text) as string);
      const found = decodeJsonString(new RawJson(Buffer.from(text)));
      assert.deepEqual(found, wanted);
    }),
    { numRuns: RUNS },
  );
});

const small = { bytesMax: 64, depthMax: 3, stringsMax: 4, valuesMax: 6 };
const refused: readonly (readonly [string, Buffer, string])[] = [
  ['refuses a text longer than allowed', Buffer.alloc(65, 0x20), 'json-too-large'],
  ['refuses a fourth level', Buffer.from('[[[[]]]]'), 'json-too-complex'],
  ['refuses a fifth string', Buffer.from('["a","b","c","d","e"]'), 'json-too-complex'],
  ['refuses a seventh value', Buffer.from('[1,2,3,4,5,6]'), 'json-too-complex'],
  ['refuses bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'json-malformed'],
  ['refuses an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'json-malformed'],
  ['refuses an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'json-malformed'],
  ['refuses a byte order mark', Buffer.from('\ufeff1'), 'json-malformed'],
  ['refuses nothing at all', Buffer.from(''), 'json-malformed'],
  ['refuses a second value', Buffer.from('1 2'), 'json-malformed'],
  ['accepts three levels', Buffer.from('[[[]]]'), 'accepted'],
  ['accepts white space around', Buffer.from(' \r\n\t1 '), 'accepted'],
];
for (const [name, text, code] of refused) {
  test(`scanJson ${name}`, () => {
    assert.equal(
      codeOf(() => scanJson(text, small)),
      code,
    );
  });
}

const objects: readonly (readonly [string, string, string])[] = [
  ['refuses a key that comes twice', '{"a":1,"a":2}', 'json-duplicate-key'],
  ['refuses a key that comes twice when decoded', '{"a":1,"\\u0061":2}', 'json-duplicate-key'],
  ['refuses a list', '[]', 'json-malformed'],
  ['refuses a string', '"a"', 'json-malformed'],
  ['refuses something behind the object', '{}{}', 'json-malformed'],
  ['accepts equal keys further in', '{"a":{"b":1,"b":2}}', 'accepted'],
];
for (const [name, text, code] of objects) {
  test(`scanJsonObject ${name}`, () => {
    assert.equal(
      codeOf(() => scanJsonObject(Buffer.from(text), DEFAULT_JSON_LIMITS)),
      code,
    );
  });
}

test('a member is the exact range of the text, and lies in its memory', () => {
  const text = Buffer.from('{ "n" : 1.0e+400 , "o":{"x": "\\u00e4" , "x":2} }');
  const members = scanJsonObject(text, DEFAULT_JSON_LIMITS);
  assert.equal(members.get('n')?.bytes.toString(), '1.0e+400');
  assert.equal(members.get('o')?.bytes.toString(), '{"x": "\\u00e4" , "x":2}');
  text.fill(0);
  assert.ok(members.get('o')?.bytes.every((byte) => byte === 0));
});

test('encodeJson splices raw values and agrees with JSON.stringify elsewhere', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const raw = new RawJson(Buffer.from(text));
      assert.equal(
        encodeJson({ a: [raw, 'x', null], b: raw }).toString(),
        `{"a":[${text},"x",null],"b":${text}}`,
      );
    }),
    { numRuns: 2000 },
  );
});

test('a raw value in a log or a template says nothing about its content', () => {
  const raw = new RawJson(Buffer.from('"hunter2"'));
  assert.equal(`${raw}`, '[raw json]');
  assert.equal(JSON.stringify({ raw }), '{"raw":"[raw json]"}');
});

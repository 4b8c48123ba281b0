// The byte scanner against JSON.parse, and what it must refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { copyJsonValue, findJsonValue, readJsonValue } from './json-bytes.js';

function textAt(json: string, path: readonly string[]): string | null {
  const bytes = Buffer.from(json);
  const range = findJsonValue(bytes, path);
  return range === null ? null : copyJsonValue(bytes, range).toString('utf8');
}

const found: Readonly<Record<string, readonly [string, readonly string[], string | null]>> = {
  'a string': ['{"a":"b"}', ['a'], 'b'],
  'a member of a member, white space around': [' { "a" : { "b" : "c" } } ', ['a', 'b'], 'c'],
  'an empty string': ['{"a":""}', ['a'], ''],
  'every escape': [String.raw`{"a":"\"\\\/\b\f\n\r\t\u0041"}`, ['a'], '"\\/\b\f\n\r\tA'],
  'a surrogate pair': [String.raw`{"a":"\ud83d\ude00é€"}`, ['a'], '😀é€'],
  'two and three byte characters': [
    String.raw`{"a":"\u00e9\u20ac\u07ff\uffff"}`,
    ['a'],
    'é€߿\uffff',
  ],
  'a name written with escapes': [String.raw`{"\u0061":"b"}`, ['a'], 'b'],
  'a number as it stands': ['{"a":1.50e+2}', ['a'], '1.50e+2'],
  'an object as it stands': ['{"a":{"x": [1, true]}}', ['a'], '{"x": [1, true]}'],
  'nothing when the name is missing': ['{"a":1}', ['b'], null],
  'nothing below a value that is no object': ['{"a":"b"}', ['a', 'b'], null],
  'nothing below an array': ['{"a":[{"b":1}]}', ['a', 'b'], null],
  'a name twice where nobody looks': ['{"x":{"q":1,"q":2},"a":1}', ['a'], '1'],
  'names of the prototype': ['{"a":1}', ['__proto__'], null],
};
for (const [name, [json, path, want]] of Object.entries(found)) {
  test(`finds ${name}`, () => assert.equal(textAt(json, path), want));
}

const refused: Readonly<Record<string, string | Buffer>> = {
  'nothing at all': '',
  'a cut object': '{"a":"b"',
  'a cut string': '{"a":"b',
  'a cut escape': '{"a":"\\',
  'an unknown escape': '{"a":"\\x"}',
  'an escape of three digits': '{"a":"\\u12g4"}',
  'half a surrogate pair': '{"a":"\\ud83d"}',
  'a low surrogate alone': '{"a":"\\ude00"}',
  'a high surrogate and no low one': '{"a":"\\ud83d\\u0041"}',
  'a line end in a string': '{"a":"b\nc"}',
  'text behind the value': '{"a":"b"} x',
  'a second value': '{"a":"b"}{}',
  'a comma at the end': '{"a":"b",}',
  'a missing colon': '{"a" "b"}',
  'a name without quotes': '{a:"b"}',
  'the wanted name twice': '{"a":"b","a":"c"}',
  'the wanted name twice, once escaped': '{"a":"b","\\u0061":"c"}',
  'a number with a leading zero': '{"a":01}',
  'a number that ends in a point': '{"a":1.}',
  'a number of a hundred digits': `{"a":${'1'.repeat(100)}}`,
  'a word that JSON has not': '{"a":True}',
  'nesting without end': '['.repeat(100),
  'bytes that are no UTF-8': Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
};
for (const [name, json] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    const bytes = Buffer.from(json);
    assert.throws(
      () => {
        const range = findJsonValue(bytes, ['a']);
        if (range !== null) copyJsonValue(bytes, range);
      },
      { code: 'answer-malformed' },
    );
  });
}

test('errors do not repeat what was in the text', () => {
  assert.throws(
    () => findJsonValue(Buffer.from('{"a":"hunter2'), ['a']),
    (error: Error) => !error.message.includes('hunter2'),
  );
});

test('agrees with JSON.parse on every document', () => {
  const document = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 }));
  fc.assert(
    fc.property(document, fc.boolean(), (value, indent) => {
      const text = JSON.stringify(value, null, indent ? 2 : 0);
      const bytes = Buffer.from(text);
      fc.pre(Buffer.from(text, 'utf8').toString('utf8') === text);
      for (const [name, inner] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
        assert.deepEqual(readJsonValue(bytes, [name]), inner);
        if (typeof inner !== 'string') continue;
        const range = findJsonValue(bytes, [name]);
        assert.ok(range !== null);
        assert.equal(copyJsonValue(bytes, range).toString('utf8'), inner);
      }
    }),
    { numRuns: 500 },
  );
});

test('takes nothing that JSON.parse refuses', () => {
  const seed = '{"a":{"b":"c\\u00e9","d":[1,-2.5e3,null,true]},"e":""}';
  const change = fc.tuple(fc.nat(seed.length - 1), fc.constantFrom(...'{}[]",:\\u0x-.e \n'));
  fc.assert(
    fc.property(change, ([at, letter]) => {
      const text = seed.slice(0, at) + letter + seed.slice(at + 1);
      let parses = true;
      try {
        JSON.parse(text);
      } catch {
        parses = false;
      }
      if (!parses) assert.throws(() => findJsonValue(Buffer.from(text), ['a', 'b']));
    }),
    { numRuns: 1000 },
  );
});

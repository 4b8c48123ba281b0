import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EvidenceError } from '../errors.js';
import { parseStrictJson } from './strict-json.js';

const limits = { charactersMax: 10_000, depthMax: 8, valuesMax: 500 };
const parse = (text: string) => parseStrictJson(text, 'test', limits);

describe('parseStrictJson', () => {
  const rows: [string, string][] = [
    ['duplicate keys', '{"a":1,"a":2}'],
    ['duplicate keys, one of them escaped', '{"a":1,"\\u0061":2}'],
    ['duplicate keys deep inside', '[{"b":{"a":1,"a":1}}]'],
    ['a key that comes three times', '{"a":1,"b":2,"a":1}'],
    ['a key of nothing twice', '{"":1,"":1}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['a lone surrogate', '"\\ud800"'],
    ['a lone surrogate in a key', '{"\\udc00":1}'],
    ['a raw lone surrogate', '"\ud800"'],
    ['half a pair in front of another', '"\ud83d\ud83d\ude00"'],
    ['a raw control character', '"\n"'],
    ['white space that JSON has not', '\u00a0{}'],
    ['a form feed', '{}\f'],
    ['a word cut short', '[tru]'],
    ['a bad escape', '"\\x"'],
    ['text after the value', '{} {}'],
    ['a trailing comma in an object', '{"a":1,}'],
    ['a trailing comma in a list', '[1,]'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{/**/}'],
    ['a leading zero', '01'],
    ['a bare minus', '-'],
    ['NaN', 'NaN'],
    ['a number beyond double', '1e999'],
    ['nothing', ''],
    ['an open string', '"abc'],
    ['an open object', '{"a":1'],
    ['a byte order mark', '\ufeff{}'],
    ['depth beyond the limit', '['.repeat(100) + ']'.repeat(100)],
    ['too many values', `[${'1,'.repeat(600)}1]`],
    ['too many characters', ' '.repeat(10_001)],
  ];
  for (const [name, text] of rows) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parse(text), { code: 'malformed' });
    });
  }

  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', '  '), (text, indent) => {
        const oracle: unknown = JSON.parse(text);
        const { value } = parse(indent === '' ? text : JSON.stringify(oracle, null, indent));
        assert.equal(JSON.stringify(value), JSON.stringify(oracle));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts nothing that JSON.parse refuses', () => {
    const tokens = [
      ...'{}[]",:\\ 01-e.tfn\t\n\f\u00a0\ud800',
      '"a":',
      '"\\u0061":',
      'true',
      'null',
    ];
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...tokens) }), (text) => {
        try {
          parse(text);
        } catch (error) {
          assert.ok(error instanceof EvidenceError);
          return;
        }
        assert.doesNotThrow(() => JSON.parse(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('reads what is not ASCII, raw or escaped', () => {
    assert.deepEqual(parse('["é\u0085😀","\\u00e9\\u0085\\ud83d\\ude00"]').value, [
      'é\u0085😀',
      'é\u0085😀',
    ]);
  });

  it('gives the exact text of top-level members', () => {
    const { memberTexts } = parse('{ "a" : {"x": [1, 2]} , "b":"c\\n" }');
    assert.deepEqual(
      [...memberTexts],
      [
        ['a', '{"x": [1, 2]}'],
        ['b', '"c\\n"'],
      ],
    );
  });

  it('has no prototype to be polluted or inherited from', () => {
    const { value } = parse('{"__proto__":{"x":1}}');
    assert.equal(Object.getPrototypeOf(value), null);
    assert.deepEqual(Object.keys(value as object), ['__proto__']);
    assert.equal(({} as { x?: number }).x, undefined);
  });
});

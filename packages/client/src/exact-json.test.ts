// Numbers survive, everything else is as JSON.parse has it, and refusals do not quote the text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExactNumber, parseExactJson, stringifyExactJson } from './exact-json.js';

test('numbers come out as they went in', () => {
  for (const text of ['1', '12345678901234567890', '1.10', '1e3', '-0', '0.1', '1E400']) {
    assert.equal(stringifyExactJson(parseExactJson(text)), text);
  }
  assert.equal(parseExactJson('42'), 42);
  assert.ok(parseExactJson('12345678901234567890') instanceof ExactNumber);
});

test('agrees with JSON.parse on everything JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      assert.equal(stringifyExactJson(parseExactJson(text), { indent }), text);
    }),
    { numRuns: 500 },
  );
});

test('accepts what JSON.parse accepts and refuses what it refuses', () => {
  const piece = fc.constantFrom(
    ...['{', '}', '[', ']', ',', ':', '"a"', '"', '\\', '1', '-', '.5', 'e', 'true', 'null', ' '],
    ...['\u0001', '"\\u00e9"', '"\\x"', '01'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join('');
      const accepts = (parse: (text: string) => unknown): boolean => {
        try {
          parse(text);
          return true;
        } catch {
          return false;
        }
      };
      assert.equal(accepts(parseExactJson), accepts(JSON.parse), text);
    }),
    { numRuns: 2_000 },
  );
});

test('a member called __proto__ is a member', () => {
  const value = parseExactJson('{"__proto__":{"a":1},"b":2}');
  assert.equal(stringifyExactJson(value), '{"__proto__":{"a":1},"b":2}');
  assert.equal((value as { a?: unknown }).a, undefined);
});

test('refuses broken text without quoting it', () => {
  for (const text of ['', '{', '{"hidden"', '{"a":hidden}', '[1,]', '1 2', '"hidden']) {
    assert.throws(
      () => parseExactJson(text),
      (error: unknown) => {
        assert.ok(error instanceof SyntaxError);
        assert.doesNotMatch(error.message, /hidden/);
        return true;
      },
    );
  }
  assert.throws(() => parseExactJson('['.repeat(100_000)), SyntaxError);
});

test('sorts members when asked', () => {
  assert.equal(
    stringifyExactJson(parseExactJson('{"b":1,"a":{"d":1,"c":[]}}'), { sortKeys: true, indent: 2 }),
    '{\n  "a": {\n    "c": [],\n    "d": 1\n  },\n  "b": 1\n}',
  );
});

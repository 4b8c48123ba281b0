import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../errors.js';
import { mergePatchJson, parseJsonTree, subkeysJson } from './tree.js';
import { RawJson } from './value.js';

function raw(text: string): RawJson {
  return new RawJson(Buffer.from(text));
}

function merged(target: string, patch: string): string {
  return mergePatchJson(raw(target), raw(patch)).bytes.toString();
}

// The cases of RFC 7396 appendix A, and what only bytes can show.
const merges: readonly (readonly [string, string, string, string])[] = [
  ['replaces a member', '{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['adds a member', '{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['removes a member', '{"a":"b"}', '{"a":null}', '{}'],
  ['removes one of two', '{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['replaces a list by a string', '{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['replaces a string by a list', '{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['goes into objects', '{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['does not go into lists', '{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['takes a list for the whole', '["a","b"]', '["c","d"]', '["c","d"]'],
  ['turns a non-object into an object', '["c"]', '{"a":1}', '{"a":1}'],
  ['keeps null in the target', '{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['drops null in what it adds', '{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ['keeps numbers as they are', '{"n":1.50}', '{"m":10000000000000000000001}', ''],
  ['keeps inner bytes of the untouched', '{"o":{ "x":1, "x":2 }}', '{"p":0}', ''],
  ['knows a key by its decoded form', '{"\\u0061":1}', '{"a":2}', '{"\\u0061":2}'],
  ['treats a member named __proto__ as any other', '{"__proto__":1}', '{"__proto__":null}', '{}'],
  ['replaces null by an object without nulls', '{"a":null}', '{"a":{"b":null}}', '{"a":{}}'],
];
const exact: Readonly<Record<string, string>> = {
  'keeps numbers as they are': '{"n":1.50,"m":10000000000000000000001}',
  'keeps inner bytes of the untouched': '{"o":{ "x":1, "x":2 },"p":0}',
};
for (const [name, target, patch, result] of merges) {
  test(`mergePatchJson ${name}`, () => {
    assert.equal(merged(target, patch), result === '' ? exact[name] : result);
  });
}

/** RFC 7396 section 2 on plain values, as an oracle. */
function oracle(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
  const out = new Map<string, unknown>(isObject ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) out.delete(key);
    else out.set(key, oracle(out.get(key) ?? null, value));
  }
  return Object.fromEntries(out);
}

const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, 1, 'x', true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '"'), tie('value'), { maxKeys: 3 }),
  ),
})).value;

test('mergePatchJson agrees with the algorithm of RFC 7396', () => {
  fc.assert(
    fc.property(tree, tree, (target, patch) => {
      const text = merged(JSON.stringify(target), JSON.stringify(patch));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(oracle(target, patch))));
    }),
    { numRuns: 5000 },
  );
});

const subkeys: readonly (readonly [string, string, number, string])[] = [
  ['makes leaves null', '{"a":"s","b":[1],"c":2,"d":true}', 0, ''],
  ['keeps the tree', '{"a":{"b":{"c":"s"}}}', 0, '{"a":{"b":{"c":null}}}'],
  ['stops at depth 1', '{"a":{"b":1},"c":1}', 1, '{"a":null,"c":null}'],
  ['stops at depth 2', '{"a":{"b":{"c":1}}}', 2, '{"a":{"b":null}}'],
  ['takes an empty object for a leaf', '{"a":{}}', 0, '{"a":null}'],
  ['leaves nothing of nothing', '{}', 0, '{}'],
];
for (const [name, text, depth, result] of subkeys) {
  test(`subkeysJson ${name}`, () => {
    const wanted = result === '' ? '{"a":null,"b":null,"c":null,"d":null}' : result;
    assert.equal(subkeysJson(raw(text), depth).bytes.toString(), wanted);
  });
}

test('a tree of any bytes is a tree or an ApiError', () => {
  const piece = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'a', '1', ' ', '"b"');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        parseJsonTree(raw(pieces.join('')));
      } catch (error) {
        assert.ok(error instanceof ApiError, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('a tree deeper than the scanner allows is refused, not overflowed', () => {
  assert.throws(
    () => parseJsonTree(raw('['.repeat(100_000))),
    (error) => error instanceof ApiError && error.code === 'json-too-complex',
  );
});

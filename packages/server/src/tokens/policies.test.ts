// Policy names in their one canonical form, and the globs of token roles.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalPolicies, matchesGlob, withDefaultPolicy } from './policies.js';

test('names are trimmed, lower case, sorted and said once', () => {
  assert.deepEqual(canonicalPolicies([' B', 'a', 'b ', '', 'A']), ['a', 'b']);
});

test('root stands alone, in any spelling', () => {
  assert.deepEqual(canonicalPolicies(['a', ' RooT ']), ['root']);
  assert.deepEqual(withDefaultPolicy(['root']), ['root']);
});

test('default is added once', () => {
  assert.deepEqual(withDefaultPolicy(['a']), ['a', 'default']);
  assert.deepEqual(withDefaultPolicy(['a', 'default']), ['a', 'default']);
});

test('globs agree with regular expressions', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const plain = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(text, plain, (pattern, name) => {
      const model = new RegExp(`^${pattern.replaceAll(/\*+/g, '.*')}$`);
      assert.equal(matchesGlob(pattern, name), model.test(name));
    }),
    { numRuns: 2000 },
  );
});

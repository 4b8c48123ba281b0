// What parts state, and what they leave open.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinClaims } from './join-claims.js';

test('parts follow one another, and the later of two by one name holds', () => {
  const joined = joinClaims({ a: 1, b: 'x' }, { c: ['y'], a: 2 });
  assert.deepEqual(Object.entries(joined), [
    ['a', 2],
    ['b', 'x'],
    ['c', ['y']],
  ]);
});

test('what is not stated is no claim, and takes back none', () => {
  const joined = joinClaims({ a: 1, b: null }, { a: null });
  assert.deepEqual(Object.entries(joined), [['a', 1]]);
  assert.equal('b' in joined, false);
});

test('false, zero and nothing in a text or a list are claims', () => {
  const joined = joinClaims({ a: false, b: 0, c: '', d: [] });
  assert.deepEqual(Object.keys(joined), ['a', 'b', 'c', 'd']);
});

test('no name means anything but a claim', () => {
  const joined = joinClaims(JSON.parse('{"__proto__":"x","constructor":"y"}'));
  assert.equal(Object.getPrototypeOf(joined), null);
  assert.deepEqual(Object.keys(joined), ['__proto__', 'constructor']);
  assert.equal(joinClaims().toString, undefined);
});

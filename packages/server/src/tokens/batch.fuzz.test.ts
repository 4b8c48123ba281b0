// Batch tokens under damage: every altered byte, every cut, and every other spelling is refused.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openBatchToken, sealBatchToken } from './batch.js';

const KEY = randomBytes(32);
const PLAIN = Buffer.from('{"policies":["default"]}');

test('what was sealed opens', () => {
  assert.deepEqual(openBatchToken(KEY, sealBatchToken(KEY, PLAIN)), PLAIN);
});

test('no character can be changed', () => {
  const token = sealBatchToken(KEY, PLAIN);
  for (let at = 4; at < token.length; at += 1) {
    for (const letter of Buffer.from('A_9=+ \x00')) {
      if (token[at] === letter) continue;
      const bad = Buffer.from(token);
      bad[at] = letter;
      assert.equal(openBatchToken(KEY, bad), null, `character ${at}`);
    }
  }
});

test('no character can be cut off or added', () => {
  const token = sealBatchToken(KEY, PLAIN);
  for (let end = 0; end < token.length; end += 1) {
    assert.equal(openBatchToken(KEY, token.subarray(0, end)), null);
  }
  for (const more of ['A', '=', '==', '\n', 'AAAA']) {
    assert.equal(openBatchToken(KEY, Buffer.concat([token, Buffer.from(more)])), null);
  }
});

test('another key opens nothing', () => {
  assert.equal(openBatchToken(randomBytes(32), sealBatchToken(KEY, PLAIN)), null);
});

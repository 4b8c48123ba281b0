// Random names and passwords: of the right length, of the alphabet, all of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillBase62, randomBase62, randomBase62Bytes } from './base62.js';

test('all of the buffer is filled, whatever was in it', () => {
  const bytes = Buffer.alloc(5000, 0xff);
  fillBase62(bytes.subarray(1, -1));
  assert.match(bytes.toString('latin1', 1, 4999), /^[0-9A-Za-z]{4998}$/);
  assert.deepEqual([bytes[0], bytes[4999]], [0xff, 0xff]);
});

test('each of the 62 characters occurs, and none much more often than another', () => {
  const counts = new Map<number, number>();
  for (const byte of randomBase62Bytes(62_000)) counts.set(byte, (counts.get(byte) ?? 0) + 1);
  assert.equal(counts.size, 62);
  // 1,000 are expected of each; eight standard deviations around it.
  for (const count of counts.values()) assert.ok(count > 750 && count < 1250, `${count}`);
});

test('nothing of no length, and no two alike', () => {
  assert.equal(randomBase62(0), '');
  const names = Array.from({ length: 1000 }, () => randomBase62(24));
  assert.equal(new Set(names).size, 1000);
  assert.ok(names.every((name) => name.length === 24));
});

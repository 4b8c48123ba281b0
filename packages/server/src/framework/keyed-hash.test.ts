import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from './keyed-hash.js';

test('it is HMAC-SHA256, whatever the key, the value and what was hashed before', () => {
  const values = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 120 }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(values), (key, all) => {
      const keyed = new KeyedHash(key, 256);
      for (const value of all) {
        const expected = createHmac('sha256', key).update(value).digest('hex');
        assert.equal(keyed.hex(value), expected);
        assert.equal(keyed.rememberedHex('a', value), `a${expected}`);
        assert.equal(keyed.rememberedHex('a', value), `a${expected}`);
      }
    }),
  );
});

test('a key that is longer than a block is refused', () => {
  assert.throws(() => new KeyedHash(Buffer.alloc(65), 256), TypeError);
});

test('the key is a copy, and once it is closed nothing is hashed', () => {
  const key = Buffer.alloc(32, 7);
  const keyed = new KeyedHash(key, 256);
  const before = keyed.hex('a');
  key.fill(0);
  assert.equal(keyed.hex('a'), before);
  assert.equal(keyed.rememberedHex('', 'a'), before);
  keyed.close();
  assert.throws(() => keyed.hex('a'), /closed/);
  assert.throws(() => keyed.rememberedHex('', 'a'), /closed/);
  assert.throws(() => keyed.hex(Buffer.alloc(1000)), /closed/);
});

test('results that are remembered go when there are too many, and come out the same again', () => {
  const keyed = new KeyedHash(Buffer.alloc(32, 7), 256);
  const expected = keyed.hex('0');
  for (let round = 0; round < 2; round += 1) {
    for (let value = 0; value < 5000; value += 1) keyed.rememberedHex('', String(value));
  }
  assert.equal(keyed.rememberedHex('', '0'), expected);
});

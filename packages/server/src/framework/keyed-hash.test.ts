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
        assert.equal(keyed.hex(value), createHmac('sha256', key).update(value).digest('hex'));
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
  keyed.close();
  assert.throws(() => keyed.hex('a'), /closed/);
  assert.throws(() => keyed.hex(Buffer.alloc(1000)), /closed/);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../framework/errors.js';
import { decodeKeyText, encodeHex } from './key-text.js';

test('hex of any bytes is what node makes of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (array) => {
      const bytes = Buffer.from(array);
      assert.equal(encodeHex(bytes).toString(), bytes.toString('hex'));
      assert.deepEqual(decodeKeyText(encodeHex(bytes)), bytes);
    }),
  );
});

test('a share is read in hex of either case, and in base64 of either alphabet, padded or not', () => {
  const share = Buffer.from(Array.from({ length: 33 }, (_, at) => 255 - at));
  const texts = [
    share.toString('hex'),
    share.toString('hex').toUpperCase(),
    share.toString('base64'),
    share.toString('base64url'),
    Buffer.concat([share, share]).subarray(0, 34).toString('base64').slice(0, 44),
  ];
  for (const text of texts) assert.deepEqual(decodeKeyText(Buffer.from(text)), share);
});

test('any other text is refused in one way, without being shown', () => {
  const refuse = (text: Buffer): void =>
    assert.throws(
      () => decodeKeyText(text),
      (error) =>
        error instanceof ApiError && error.message === "'key' must be a valid hex or base64 string",
    );
  for (const text of ['', '=', '==', 'a', 'abc de', 'aGVsbG8===', 'ab=c', 'ä', '\0\0', 'zz zz']) {
    refuse(Buffer.from(text));
  }
  refuse(Buffer.alloc(513, 0x61));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      try {
        decodeKeyText(Buffer.from(bytes));
      } catch (error) {
        assert(error instanceof ApiError && error.code === 'key-text');
      }
    }),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeAnyBase64Bytes,
  decodeBase64Bytes,
  decodeBase64urlBytes,
  encodeBase64Bytes,
  encodeBase64urlBytes,
} from './base64-bytes.js';

test('text of any bytes is what node makes of them, and comes back as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
      const bytes = Buffer.from(array);
      const standard = encodeBase64Bytes(bytes);
      const urlSafe = encodeBase64urlBytes(bytes);
      assert.equal(standard.toString(), bytes.toString('base64'));
      assert.equal(urlSafe.toString(), bytes.toString('base64url'));
      assert.deepEqual(decodeBase64Bytes(standard), bytes);
      assert.deepEqual(decodeBase64urlBytes(urlSafe), bytes);
      for (const text of [standard, urlSafe]) assert.deepEqual(decodeAnyBase64Bytes(text), bytes);
    }),
    { numRuns: 1000 },
  );
});

test('where it is strict one value has one spelling', () => {
  const letters = fc.constantFrom(...'AQgwZz09+/-_= ');
  const texts = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: letters, maxLength: 9 }));
  fc.assert(
    fc.property(texts, (text) => {
      const standard = decodeBase64Bytes(Buffer.from(text));
      if (standard !== null) assert.equal(standard.toString('base64'), text);
      const urlSafe = decodeBase64urlBytes(Buffer.from(text));
      if (urlSafe !== null) assert.equal(urlSafe.toString('base64url'), text);
    }),
    { numRuns: 4000 },
  );
});

test('strict base64 is the standard one and nothing near it', () => {
  assert.deepEqual(decodeBase64Bytes(Buffer.from('aGk+')), Buffer.from('hi>'));
  assert.deepEqual(decodeBase64Bytes(Buffer.alloc(0)), Buffer.alloc(0));
  for (const text of ['aGk-', 'aGk', 'aGl=', 'a===', '=aGk', 'aG k', 'aGkx=', 'aA=x']) {
    assert.equal(decodeBase64Bytes(Buffer.from(text)), null, text);
  }
});

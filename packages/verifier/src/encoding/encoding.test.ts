// Bytes, hex, base64, PEM and the byte reader: what is read, and above all what is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url } from './base64.js';
import { concatBytes, copyBytes, equalBytes, isZero, reverseBytes } from './bytes.js';
import { decodeHex, encodeHex } from './hex.js';
import { encodePem, type PemLimits, parsePem } from './pem.js';
import { ByteReader } from './reader.js';

function refuses(code: EvidenceErrorCode, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof EvidenceError && error.code === code);
}

const bytes = (...values: number[]) => Uint8Array.from(values);

test('bytes are equal only if every one of them is', () => {
  assert.ok(equalBytes(bytes(1, 2, 3), bytes(1, 2, 3)));
  assert.ok(equalBytes(bytes(), bytes()));
  for (const other of [bytes(1, 2), bytes(1, 2, 3, 0), bytes(0, 2, 3), bytes(1, 2, 131)]) {
    assert.ok(!equalBytes(bytes(1, 2, 3), other));
  }
});

test('a copy of a Node Buffer does not change with it', () => {
  const buffer = Buffer.from([1, 2, 3]);
  const copy = copyBytes(buffer);
  buffer[0] = 9;
  assert.deepEqual(copy, bytes(1, 2, 3));
  assert.deepEqual(reverseBytes(copy), bytes(3, 2, 1));
  assert.deepEqual(concatBytes(copy, bytes(), bytes(4)), bytes(1, 2, 3, 4));
  assert.ok(isZero(bytes(0, 0)) && !isZero(bytes(0, 1)));
});

test('hex and base64 agree with Buffer in both directions', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (value) => {
      const buffer = Buffer.from(value);
      assert.equal(encodeHex(value), buffer.toString('hex'));
      assert.equal(encodeBase64(value), buffer.toString('base64'));
      assert.equal(encodeBase64Url(value), buffer.toString('base64url'));
      assert.deepEqual(decodeHex(encodeHex(value).toUpperCase()), value);
      assert.deepEqual(decodeBase64(encodeBase64(value)), value);
      assert.deepEqual(decodeBase64Url(encodeBase64Url(value)), value);
    }),
    { numRuns: 2000 },
  );
});

test('only the one text of each byte string is base64url', () => {
  // The code of Ł ends in that of A.
  const characters = fc.constantFrom(...'AQgw8-_+= éŁ', '\ud800');
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 9 }), (text) => {
      const buffer = Buffer.from(text, 'base64url');
      if (buffer.toString('base64url') === text) {
        assert.deepEqual(decodeBase64Url(text), new Uint8Array(buffer));
      } else refuses('malformed', () => decodeBase64Url(text));
    }),
    { numRuns: 5000 },
  );
});

for (const [what, text] of [
  ['base64 without padding', 'AQI'],
  ['base64 with unused bits set', 'AQJ='],
  ['base64 with a space', 'AQI ='],
  ['base64 of the URL alphabet', '-_-_'],
  ['base64 that is all padding', '===='],
  ['base64 with padding in the middle', 'AQ==AQID'],
  ['base64 with a letter beyond ASCII', 'AQIé'],
] as const) {
  test(`refuses ${what}`, () => refuses('malformed', () => decodeBase64(text)));
}

for (const [what, text] of [
  ['base64url with padding', 'AQI='],
  ['base64url of the standard alphabet', '+/+/'],
  ['base64url of an impossible length', 'AAAAA'],
] as const) {
  test(`refuses ${what}`, () => refuses('malformed', () => decodeBase64Url(text)));
}

test('refuses hex of odd length or with other characters', () => {
  // The code of ı ends in that of 1.
  for (const text of ['1', '0g', '0x11', ' 11', '11\n', '1ı', 'g0', '１１', '+1', '1-']) {
    refuses('malformed', () => decodeHex(text));
  }
});

const limits: PemLimits = { label: 'CERTIFICATE', blocksMax: 2, bytesMax: 500 };
const block = encodePem('CERTIFICATE', bytes(1, 2, 3));

test('PEM blocks come back in their order, with LF, CRLF or closing zeros', () => {
  const two = block + encodePem('CERTIFICATE', bytes(4));
  assert.deepEqual(parsePem(two, limits), [bytes(1, 2, 3), bytes(4)]);
  assert.deepEqual(parsePem(two.replace(/\n/g, '\r\n'), limits), [bytes(1, 2, 3), bytes(4)]);
  const cString = concatBytes(new TextEncoder().encode(two), bytes(0));
  assert.deepEqual(parsePem(cString, limits), [bytes(1, 2, 3), bytes(4)]);
});

for (const [what, text] of [
  ['PEM with nothing in it', ''],
  ['PEM of another label', block.replaceAll('CERTIFICATE', 'PRIVATE KEY')],
  ['PEM with text before the block', `Subject: x\n${block}`],
  ['PEM with text after the block', `${block}x`],
  ['PEM without an end', block.replace(/-----END.*\n/, '')],
  ['PEM whose second block has no end', block + block.replace(/-----END.*\n/, '')],
  ['PEM with headers in the block', block.replace('\n', '\nProc-Type: 4,ENCRYPTED\n')],
  ['PEM with a zero in the middle', `${block}\0${block}`],
  ['PEM with more blocks than allowed', block + block + block],
  ['PEM longer than allowed', block + '\n'.repeat(500)],
] as const) {
  test(`refuses ${what}`, () => refuses('malformed', () => parsePem(text, limits)));
}

test('fuzz: PEM is read or refused', () => {
  const valid = new TextEncoder().encode(block + block);
  assertRefusesCleanly(mutationsOf(valid), (input) => parsePem(input, limits));
});

test('the reader reads both byte orders and knows where it is', () => {
  const reader = new ByteReader(bytes(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 9, 10, 11), 'x');
  assert.equal(reader.u8('a'), 1);
  assert.equal(reader.u16le('b'), 0x0302);
  assert.equal(reader.u16be('c'), 0x0405);
  assert.equal(reader.offset, 5);
  assert.deepEqual(reader.bytes(3, 'd'), bytes(6, 7, 8));
  reader.reserved(2, 'e');
  const inner = reader.sub(2, 'f');
  assert.equal(inner.u16be('g'), 0x090a);
  inner.end();
  assert.equal(reader.remaining, 1);
  refuses('trailing-data', () => reader.end());
});

test('64-bit numbers keep every bit', () => {
  const value = bytes(0xff, 2, 3, 4, 5, 6, 7, 0x81);
  assert.equal(new ByteReader(value, 'x').u64le('n'), 0x81070605040302ffn);
  assert.equal(new ByteReader(value, 'x').u64be('n'), 0xff02030405060781n);
});

test('the reader refuses to read beyond the end, and says where', () => {
  for (const read of [
    (reader: ByteReader) => reader.u32le('f'),
    (reader: ByteReader) => reader.u64le('f'),
    (reader: ByteReader) => reader.bytes(4, 'f'),
    (reader: ByteReader) => reader.bytes(-1, 'f'),
    (reader: ByteReader) => reader.bytes(Number.NaN, 'f'),
    (reader: ByteReader) => reader.bytes(1.5, 'f'),
    (reader: ByteReader) => reader.sub(2 ** 32, 'f'),
  ]) {
    const reader = new ByteReader(bytes(1, 2, 3), 'SNP report');
    refuses('malformed', () => read(reader));
    assert.throws(() => read(reader), /SNP report: f at offset 0/);
  }
  refuses('reserved-bits', () => new ByteReader(bytes(0, 1), 'x').reserved(2, 'f'));
});

test('a reader on part of a buffer sees only that part', () => {
  const part = bytes(1, 2, 3, 4, 5).subarray(1, 3);
  const reader = new ByteReader(part, 'x');
  assert.equal(reader.u16be('a'), 0x0203);
  refuses('malformed', () => reader.u8('b'));
});

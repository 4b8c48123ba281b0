// One encrypted record: term (uint32 BE) ‖ version 2 ‖ 12-byte random nonce ‖ AES-256-GCM ciphertext ‖ 16-byte tag, with
// the storage path as associated data. A key is used as a view, for one finished cipher: never a KeyObject.
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import { TamperingError } from '../framework/errors.js';
import type { SecretBuffer } from '../secret-memory/secret-memory.js';

export const KEY_BYTES = 32;
const VERSION = 2;
const TERM_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = TERM_BYTES + 1 + NONCE_BYTES;
/** What encryption adds to a value. */
export const RECORD_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

const noncePool = Buffer.allocUnsafeSlow(NONCE_BYTES * 256);
let noncesUsedBytes = noncePool.length;

/** Valid until the next call. Asking the CSPRNG 12 bytes at a time would cost more than the encryption. */
function nextNonce(): Buffer {
  if (noncesUsedBytes === noncePool.length) {
    randomFillSync(noncePool);
    noncesUsedBytes = 0;
  }
  noncesUsedBytes += NONCE_BYTES;
  return noncePool.subarray(noncesUsedBytes - NONCE_BYTES, noncesUsedBytes);
}

/** Encrypts `plaintext`, which stays the caller's. @param path where the record will be stored; opens only there. */
export function sealRecord(
  key: SecretBuffer,
  term: number,
  path: string,
  plaintext: Uint8Array,
): Buffer {
  const nonce = nextNonce();
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(Buffer.from(path, 'utf8'));
  const record = Buffer.allocUnsafe(RECORD_OVERHEAD_BYTES + plaintext.length);
  record.writeUInt32BE(term, 0);
  record[TERM_BYTES] = VERSION;
  record.set(nonce, TERM_BYTES + 1);
  record.set(cipher.update(plaintext), HEADER_BYTES);
  cipher.final();
  record.set(cipher.getAuthTag(), record.length - TAG_BYTES);
  return record;
}

/** The key term a record names. @throws TamperingError when it is too short or of another version. */
export function parseTerm(record: Buffer, path: string): number {
  if (record.length < RECORD_OVERHEAD_BYTES || record[TERM_BYTES] !== VERSION) {
    throw tampered(path, 'has no valid header');
  }
  return record.readUInt32BE(0);
}

/**
 * The plaintext, in a buffer of its own that the caller wipes. @param key must be that of the record's term.
 * @throws TamperingError when the record was altered, or written at another path or under another key.
 */
export function openRecord(key: SecretBuffer, path: string, record: Buffer): Buffer {
  const decipher = createDecipheriv(
    'aes-256-gcm',
    key.bytes,
    record.subarray(TERM_BYTES + 1, HEADER_BYTES),
    { authTagLength: TAG_BYTES },
  );
  decipher.setAAD(Buffer.from(path, 'utf8'));
  decipher.setAuthTag(record.subarray(record.length - TAG_BYTES));
  const plaintext = decipher.update(record.subarray(HEADER_BYTES, record.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw tampered(path, 'does not open under its key and path');
  }
  return plaintext;
}

/** For logs and the operator: names the path, so that the entry can be found. */
export function tampered(path: string, what: string): TamperingError {
  return new TamperingError(
    `stored entry ${JSON.stringify(path)} ${what}: it was altered or moved`,
  );
}

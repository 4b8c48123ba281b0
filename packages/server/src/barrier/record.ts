// One encrypted record: term (uint32 BE) ‖ version 2 ‖ 12-byte random nonce ‖ AES-256-GCM ciphertext ‖ 16-byte tag, with
// the storage path as associated data. A key is used as a view, for one finished message: never a KeyObject.
import { randomFillSync } from 'node:crypto';
import { TamperingError } from '../framework/errors.js';
import { allocateOffHeap, loadAead, NONCE_BYTES, TAG_BYTES } from '../secret-memory/aead.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';

export const KEY_BYTES = 32;
const VERSION = 2;
const TERM_BYTES = 4;
const HEADER_BYTES = TERM_BYTES + 1 + NONCE_BYTES;
/** What encryption adds to a value. */
export const RECORD_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

const aead = loadAead();
/** 'node': see Aead. The server says so at start. */
export const aeadKind = aead.kind;

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
  const record = Buffer.allocUnsafe(RECORD_OVERHEAD_BYTES + plaintext.length);
  record.writeUInt32BE(term, 0);
  record[TERM_BYTES] = VERSION;
  record.set(nonce, TERM_BYTES + 1);
  aead.encrypt({
    key: key.bytes,
    nonce,
    associatedData: Buffer.from(path, 'utf8'),
    input: plaintext,
    output: record.subarray(HEADER_BYTES, record.length - TAG_BYTES),
    tag: record.subarray(record.length - TAG_BYTES),
  });
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
  const plaintext = allocateOffHeap(Math.max(0, record.length - RECORD_OVERHEAD_BYTES));
  decryptInto(plaintext, key, path, record);
  return plaintext;
}

/** As openRecord, but never outside of secret memory: for keys. The caller frees what it gets. */
export function openSecretRecord(
  key: SecretBuffer,
  path: string,
  record: Buffer,
  memory: SecretMemory,
): SecretBuffer {
  if (record.length <= RECORD_OVERHEAD_BYTES) throw tampered(path, 'has no valid header');
  const plaintext = memory.allocate(record.length - RECORD_OVERHEAD_BYTES);
  try {
    decryptInto(plaintext.bytes, key, path, record);
    return plaintext;
  } catch (error) {
    plaintext.free();
    throw error;
  }
}

function decryptInto(output: Buffer, key: SecretBuffer, path: string, record: Buffer): void {
  if (record.length < RECORD_OVERHEAD_BYTES) throw tampered(path, 'has no valid header');
  const isAuthentic = aead.decrypt({
    key: key.bytes,
    nonce: record.subarray(TERM_BYTES + 1, HEADER_BYTES),
    associatedData: Buffer.from(path, 'utf8'),
    input: record.subarray(HEADER_BYTES, record.length - TAG_BYTES),
    output,
    tag: record.subarray(record.length - TAG_BYTES),
  });
  if (!isAuthentic) throw tampered(path, 'does not open under its key and path');
}

/** For logs and the operator: names the path, so that the entry can be found. */
export function tampered(path: string, what: string): TamperingError {
  return new TamperingError(
    `stored entry ${JSON.stringify(path)} ${what}: it was altered or moved`,
  );
}

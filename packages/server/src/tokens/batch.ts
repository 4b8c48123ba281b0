// Batch tokens: the entry itself, sealed, so that nothing is stored. They can not be revoked one by one; they end
// with their time or with their parent.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { decodeBase64urlBytes, encodeBase64urlBytes } from '../framework/base64-bytes.js';
import { invalidRequest } from '../framework/errors.js';
import { BATCH_PREFIX, TOKEN_BYTES_MAX } from './token-format.js';

const VERSION = 1;
const SEED_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + SEED_BYTES + NONCE_BYTES;
export const BATCH_KEY_BYTES = 32;
const CONTEXT = Buffer.from('vouchsafe batch token v1');

/** Lends the 32-byte key for one operation. The lender wipes; the borrower keeps no copy. */
export type WithBatchKey = <T>(use: (key: Buffer) => T) => Promise<T>;

/** A key per token from a random seed: seed and nonce together are 224 bits, so no count of tokens wears the key out. */
function tokenKey(batchKey: Buffer, seed: Buffer): Buffer {
  return createHmac('sha256', batchKey).update(CONTEXT).update(seed).digest();
}

/**
 * 'hvb.' and the base64url of version ‖ seed ‖ nonce ‖ AES-256-GCM(entry) ‖ tag. `plain` stays the caller's.
 * @throws ApiError invalid-request when the token would be longer than a header may carry
 */
export function sealBatchToken(batchKey: Buffer, plain: Buffer): Buffer {
  const sealedLength = HEADER_BYTES + plain.length + TAG_BYTES;
  if (Math.ceil((sealedLength * 4) / 3) + BATCH_PREFIX.length > TOKEN_BYTES_MAX) {
    throw invalidRequest('batch token too large: shorten its metadata or policies');
  }
  const header = Buffer.concat([Buffer.of(VERSION), randomBytes(SEED_BYTES + NONCE_BYTES)]);
  const key = tokenKey(batchKey, header.subarray(1, 1 + SEED_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, header.subarray(1 + SEED_BYTES));
  cipher.setAAD(Buffer.concat([CONTEXT, header]));
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  key.fill(0);
  return Buffer.concat([BATCH_PREFIX, encodeBase64urlBytes(Buffer.concat([header, body]))]);
}

/** Null for anything that this key did not seal. A new buffer; the caller owns and wipes it. */
export function openBatchToken(batchKey: Buffer, token: Buffer): Buffer | null {
  if (token.length > TOKEN_BYTES_MAX) return null;
  // Strict decoding: one entry has one spelling, so that no second token opens like the first.
  const sealed = decodeBase64urlBytes(token.subarray(BATCH_PREFIX.length));
  if (sealed === null) return null;
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== VERSION) return null;
  const header = sealed.subarray(0, HEADER_BYTES);
  const key = tokenKey(batchKey, header.subarray(1, 1 + SEED_BYTES));
  const nonce = header.subarray(1 + SEED_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([CONTEXT, header]));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const body = sealed.subarray(HEADER_BYTES, sealed.length - TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    return null;
  } finally {
    key.fill(0);
  }
}

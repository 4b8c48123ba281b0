// What a token looks like on the wire and how it is named at rest. Tokens are bytes from socket to hash.
import { createHmac, hash, randomBytes } from 'node:crypto';
import { randomBase62Bytes } from '../framework/base62.js';

/** Longest token that is looked at; a batch token carries its whole entry. */
export const TOKEN_BYTES_MAX = 8192;
const RANDOM_LENGTH = 24;
const SERVICE_PREFIX = Buffer.from('hvs.');
export const BATCH_PREFIX: Buffer = Buffer.from('hvb.');
export const SALT_BYTES = 32;

/** 'hvs.' and 24 base62 characters (142 bits), in a new buffer that the caller owns and wipes. */
export function makeServiceToken(): Buffer {
  const random = randomBase62Bytes(RANDOM_LENGTH);
  const token = Buffer.concat([SERVICE_PREFIX, random]);
  random.fill(0);
  return token;
}

export function makeSalt(): Buffer {
  return randomBytes(SALT_BYTES);
}

export function isBatchToken(token: Buffer): boolean {
  return token.subarray(0, BATCH_PREFIX.length).equals(BATCH_PREFIX);
}

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Longer values (batch tokens) go to an Hmac object. */
const SHORT_BYTES_MAX = 256;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** RFC 2104's two blocks with what is hashed behind each; all zero between calls. */
const inner = Buffer.alloc(BLOCK_BYTES + SHORT_BYTES_MAX);
const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES);

/** HMAC-SHA256 of a short value as hex: two plain hashes cost a third of an Hmac object, and every request needs one. */
function shortHmac(salt: Buffer, value: Buffer | string): string {
  inner.fill(INNER_PAD, 0, BLOCK_BYTES);
  outer.fill(OUTER_PAD, 0, BLOCK_BYTES);
  for (let at = 0; at < salt.length; at += 1) {
    const byte = salt[at] as number;
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  const length =
    typeof value === 'string'
      ? inner.write(value, BLOCK_BYTES, 'utf8')
      : value.copy(inner, BLOCK_BYTES);
  outer.write(
    hash('sha256', inner.subarray(0, BLOCK_BYTES + length), 'binary'),
    BLOCK_BYTES,
    'latin1',
  );
  const mac = hash('sha256', outer, 'hex');
  inner.fill(0, 0, BLOCK_BYTES + length);
  outer.fill(0);
  return mac;
}

/**
 * 'h' and the hex HMAC-SHA256 of `value`. Looking a token up by this name needs no comparison of secrets: who can
 * not compute the hash learns nothing from how long the search takes.
 */
export function saltedName(salt: Buffer, value: Buffer | string): string {
  const isShort = value.length * 3 <= SHORT_BYTES_MAX && salt.length <= BLOCK_BYTES;
  if (isShort) return `h${shortHmac(salt, value)}`;
  return `h${createHmac('sha256', salt).update(value).digest('hex')}`;
}

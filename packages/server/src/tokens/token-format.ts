// What a token looks like on the wire and how it is named at rest. Tokens are bytes from socket to hash.
import { randomBytes } from 'node:crypto';
import { randomBase62Bytes } from '../framework/base62.js';
import { KeyedHash } from '../framework/keyed-hash.js';

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

/** Longer values (batch tokens) cost a little more. */
const SHORT_BYTES_MAX = 256;

/**
 * Names of tokens and accessors at rest: 'h' and the hex HMAC-SHA256 under the store's salt. Looking a token up by this
 * name needs no comparison of secrets: who can not compute the hash learns nothing from how long the search takes.
 */
export class SaltedNames {
  readonly #hash: KeyedHash;

  /** @param salt is copied */
  constructor(salt: Buffer) {
    this.#hash = new KeyedHash(salt, SHORT_BYTES_MAX);
  }

  of(value: Buffer | string): string {
    return this.#hash.rememberedHex('h', value);
  }

  /** Wipes the salt: there are no names any more. */
  close(): void {
    this.#hash.close();
  }
}

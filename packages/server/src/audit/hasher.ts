// Turns secrets into HMACs that can be looked for in a log but not turned back. One per device, with the device's own salt.
import { createHmac } from 'node:crypto';
import { replaceJsonStrings } from '../framework/json/tree.js';
import type { RawJson } from '../framework/json/value.js';

const REMEMBERED_MAX = 4096;
export const SALT_BYTES = 32;

/** Bounded map that forgets what was not used for longest. */
class Remembered {
  readonly #entries = new Map<string, string>();

  get(key: string, make: () => string): string {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const made = make();
    this.#entries.set(key, made);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > REMEMBERED_MAX && oldest !== undefined) this.#entries.delete(oldest);
    return made;
  }
}

/** HMAC-SHA256 under a device's salt, written `hmac-sha256:<hex>`. */
export class Hasher {
  readonly #salt: Buffer;
  readonly #tokens = new Remembered();
  readonly #accessors = new Remembered();
  readonly #empty: string;
  #isClosed = false;

  /** @param salt is copied. */
  constructor(salt: Buffer) {
    if (salt.length !== SALT_BYTES) throw new TypeError(`audit salt is not ${SALT_BYTES} bytes`);
    this.#salt = Buffer.from(salt);
    this.#empty = this.#mac('');
  }

  #mac(value: string | Buffer): string {
    if (this.#isClosed) throw new Error('audit device is closed');
    return `hmac-sha256:${createHmac('sha256', this.#salt).update(value).digest('hex')}`;
  }

  hash(value: string | Buffer): string {
    return value.length === 0 ? this.#empty : this.#mac(value);
  }

  /** Remembered by the token's id, never by the token. */
  hashToken(token: Buffer, tokenId: string): string {
    return tokenId === '' ? this.hash(token) : this.#tokens.get(tokenId, () => this.hash(token));
  }

  hashAccessor(accessor: string): string {
    return this.#accessors.get(accessor, () => this.hash(accessor));
  }

  /** Every string value hashed, straight from the bytes. A new buffer without a secret string in it. */
  hashRaw(raw: RawJson): RawJson {
    return replaceJsonStrings(raw, (utf8) => this.hash(utf8));
  }

  /** Nothing may be hashed any more: without the salt a hash would give its value away. */
  close(): void {
    this.#isClosed = true;
    this.#salt.fill(0);
  }
}

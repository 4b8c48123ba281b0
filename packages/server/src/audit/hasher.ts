// Turns secrets into HMACs that can be looked for in a log but not turned back. One per device, with the device's own salt.
import { KeyedHash } from '../framework/keyed-hash.js';

const REMEMBERED_MAX = 4096;
export const SALT_BYTES = 32;
/** Longer values take the ordinary way, which copies nothing. */
const SHORT_BYTES_MAX = 4096;

/** Bounded map that forgets what came first. */
class Remembered {
  readonly #entries = new Map<string, string>();

  get(key: string, make: () => string): string {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#entries.set(key, made);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > REMEMBERED_MAX && oldest !== undefined) this.#entries.delete(oldest);
    return made;
  }
}

/** HMAC-SHA256 under a device's salt, written `hmac-sha256:<hex>`. */
export class Hasher {
  readonly #hash: KeyedHash;
  readonly #tokens = new Remembered();
  readonly #accessors = new Remembered();
  readonly #empty: string;
  #isClosed = false;

  /** @param salt is copied. */
  constructor(salt: Buffer) {
    if (salt.length !== SALT_BYTES) throw new TypeError(`audit salt is not ${SALT_BYTES} bytes`);
    this.#hash = new KeyedHash(salt, SHORT_BYTES_MAX);
    this.#empty = this.#mac('');
  }

  #mac(value: string | Buffer): string {
    return `hmac-sha256:${this.#hash.hex(value)}`;
  }

  hash(value: string | Buffer): string {
    return value.length === 0 && !this.#isClosed ? this.#empty : this.#mac(value);
  }

  /** Remembered by the token's id, never by the token. */
  hashToken(token: Buffer, tokenId: string): string {
    return tokenId === '' ? this.hash(token) : this.#tokens.get(tokenId, () => this.hash(token));
  }

  hashAccessor(accessor: string): string {
    return this.#accessors.get(accessor, () => this.hash(accessor));
  }

  /** Nothing may be hashed any more: without the salt a hash would give its value away. */
  close(): void {
    this.#isClosed = true;
    this.#hash.close();
  }
}

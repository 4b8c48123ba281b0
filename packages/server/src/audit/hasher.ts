// Turns secrets into HMACs that can be looked for in a log but not turned back. One per device, with the device's own salt.
import { createHmac, hash } from 'node:crypto';

const REMEMBERED_MAX = 4096;
export const SALT_BYTES = 32;
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
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
  readonly #salt: Buffer;
  /** RFC 2104's two blocks, each with room for what is hashed behind it: two plain hashes cost less than an Hmac object. */
  readonly #inner = Buffer.alloc(BLOCK_BYTES + SHORT_BYTES_MAX, 0x36);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  readonly #tokens = new Remembered();
  readonly #accessors = new Remembered();
  readonly #empty: string;
  #isClosed = false;

  /** @param salt is copied. */
  constructor(salt: Buffer) {
    if (salt.length !== SALT_BYTES) throw new TypeError(`audit salt is not ${SALT_BYTES} bytes`);
    this.#salt = Buffer.from(salt);
    this.#inner.fill(0, BLOCK_BYTES);
    for (const [at, byte] of salt.entries()) {
      this.#inner[at] = byte ^ 0x36;
      this.#outer[at] = byte ^ 0x5c;
    }
    this.#empty = this.#mac('');
  }

  #mac(value: string | Buffer): string {
    if (this.#isClosed) throw new Error('audit device is closed');
    if (value.length * 3 > SHORT_BYTES_MAX) {
      return `hmac-sha256:${createHmac('sha256', this.#salt).update(value).digest('hex')}`;
    }
    const inner = this.#inner;
    const length =
      typeof value === 'string'
        ? inner.write(value, BLOCK_BYTES, 'utf8')
        : value.copy(inner, BLOCK_BYTES);
    const digest = hash('sha256', inner.subarray(0, BLOCK_BYTES + length), 'binary');
    inner.fill(0, BLOCK_BYTES, BLOCK_BYTES + length);
    this.#outer.write(digest, BLOCK_BYTES, 'latin1');
    return `hmac-sha256:${hash('sha256', this.#outer, 'hex')}`;
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
    this.#salt.fill(0);
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}

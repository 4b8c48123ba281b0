// HMAC-SHA256 of short values under one key: names of tokens at rest, hashes in audit records. Every request needs
// some, and two plain hashes cost a third of an Hmac object.
import { createHmac, hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
/** Bytes that a UTF-16 unit may become. */
const UNIT_BYTES_MAX = 3;
const REMEMBERED_MAX = 4096;

export class KeyedHash {
  readonly #key: Buffer;
  /** RFC 2104's two blocks, each with room for what is hashed behind it; that room is zero between calls. */
  readonly #inner: Buffer;
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, OUTER_PAD);
  readonly #shortBytesMax: number;
  /** Results by inner digest, for so many values; then it starts anew. Emptied by close(). */
  readonly #remembered = new Map<string, string>();
  #isClosed = false;

  /**
   * @param key at most 64 bytes; copied. @param shortBytesMax longer values take the ordinary way, which copies nothing.
   */
  constructor(key: Uint8Array, shortBytesMax: number) {
    if (key.length > BLOCK_BYTES) throw new TypeError('key of a keyed hash is longer than a block');
    this.#key = Buffer.from(key);
    this.#shortBytesMax = shortBytesMax;
    this.#inner = Buffer.alloc(BLOCK_BYTES + shortBytesMax);
    this.#inner.fill(INNER_PAD, 0, BLOCK_BYTES);
    for (const [at, byte] of key.entries()) {
      this.#inner[at] = byte ^ INNER_PAD;
      this.#outer[at] = byte ^ OUTER_PAD;
    }
  }

  /** Lower-case hex. @param value text is hashed as UTF-8. @throws Error once closed */
  hex(value: Uint8Array | string): string {
    if (this.#isClosed) throw new Error('keyed hash is closed');
    if (!this.#isShort(value)) return createHmac('sha256', this.#key).update(value).digest('hex');
    return this.#outerHex(this.#innerDigest(value));
  }

  /**
   * `prefix`, always the same, and hex(), for values that come again and again: the inner hash alone tells which one it is.
   * Remembers that, and never the value.
   */
  rememberedHex(prefix: string, value: Uint8Array | string): string {
    if (this.#isClosed || !this.#isShort(value)) return prefix + this.hex(value);
    const digest = this.#innerDigest(value);
    const known = this.#remembered.get(digest);
    if (known !== undefined) return known;
    const made = prefix + this.#outerHex(digest);
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(digest, made);
    return made;
  }

  #isShort(value: Uint8Array | string): boolean {
    return value.length * UNIT_BYTES_MAX <= this.#shortBytesMax;
  }

  /** One character for each byte. */
  #innerDigest(value: Uint8Array | string): string {
    const inner = this.#inner;
    let end = BLOCK_BYTES + value.length;
    if (typeof value === 'string') end = BLOCK_BYTES + inner.write(value, BLOCK_BYTES, 'utf8');
    else inner.set(value, BLOCK_BYTES);
    const digest = hash('sha256', inner.subarray(0, end), 'binary');
    inner.fill(0, BLOCK_BYTES, end);
    return digest;
  }

  #outerHex(digest: string): string {
    this.#outer.write(digest, BLOCK_BYTES, 'latin1');
    const mac = hash('sha256', this.#outer, 'hex');
    this.#outer.fill(0, BLOCK_BYTES);
    return mac;
  }

  /** Wipes the key. Nothing is hashed any more. */
  close(): void {
    this.#isClosed = true;
    this.#remembered.clear();
    this.#key.fill(0);
    this.#inner.fill(0);
    this.#outer.fill(0);
  }
}

// The keys of the barrier, by term. They exist in secret memory only, also on the way to and from storage, which
// sees them encrypted. Never JSON: a key must not become a string.
import { TamperingError } from '../framework/errors.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';
import { KEY_BYTES } from './record.js';

/** 0.9 · 2^32: random 96-bit nonces stay clear of collision (NIST SP 800-38D, 8.3). */
export const MAX_OPERATIONS_DEFAULT = 3_865_470_566;
export const MAX_OPERATIONS_MIN = 1_000_000;
export const ROTATION_INTERVAL_SECONDS_MIN = 86_400;
/** A term a day for 54 years; what secret memory gives out at once. */
const TERMS_MAX = 20_000;
const FORMAT = 1;
const HEADER_BYTES = 20;
const TERM_BYTES = 20 + KEY_BYTES;

export interface RotationConfig {
  readonly enabled: boolean;
  /** Encryptions under one term before the next begins. */
  readonly maxOperations: number;
  /** 0: no rotation by age. */
  readonly intervalSeconds: number;
}

export interface TermKey {
  readonly term: number;
  readonly key: SecretBuffer;
  /** Milliseconds since the epoch. */
  readonly installedAt: number;
  /** Upper bound: processes reserve encryptions in blocks before they use them. */
  readonly encryptions: number;
}

/** Immutable; a change makes another keyring that shares the keys. The barrier frees them. */
export class Keyring {
  readonly rotation: RotationConfig;
  readonly active: TermKey;
  /** Known to every process that ever had this database open. */
  readonly oldest: TermKey;
  readonly #terms: ReadonlyMap<number, TermKey>;

  private constructor(terms: readonly TermKey[], rotation: RotationConfig) {
    const active = terms.at(-1);
    const oldest = terms[0];
    if (active === undefined || oldest === undefined) throw new TypeError('keyring has no term');
    this.active = active;
    this.oldest = oldest;
    this.rotation = rotation;
    this.#terms = new Map(terms.map((each) => [each.term, each]));
  }

  /** Term 1 with a fresh key. @param now milliseconds since the epoch */
  static create(memory: SecretMemory, now: number): Keyring {
    const first = { term: 1, key: memory.generate(KEY_BYTES), installedAt: now, encryptions: 0 };
    return new Keyring([first], {
      enabled: true,
      maxOperations: MAX_OPERATIONS_DEFAULT,
      intervalSeconds: 0,
    });
  }

  /** @throws TamperingError when the bytes are not exactly a keyring. The caller frees them. */
  static parse(bytes: Buffer, memory: SecretMemory): Keyring {
    const count = bytes.length >= HEADER_BYTES ? bytes.readUInt16BE(18) : 0;
    if (count === 0 || bytes.length !== HEADER_BYTES + count * TERM_BYTES || bytes[0] !== FORMAT) {
      throw new TamperingError('keyring has an unknown format');
    }
    const terms: TermKey[] = [];
    try {
      for (let index = 0; index < count; index += 1) {
        const at = HEADER_BYTES + index * TERM_BYTES;
        const term = bytes.readUInt32BE(at);
        if (term <= (terms.at(-1)?.term ?? 0)) {
          throw new TamperingError('keyring terms are not in order');
        }
        const installedAt = readUInt64(bytes, at + 4);
        const encryptions = readUInt64(bytes, at + 12);
        const key = memory.copyFrom(bytes.subarray(at + 20, at + TERM_BYTES));
        terms.push({ term, key, installedAt, encryptions });
      }
    } catch (error) {
      for (const { key } of terms) key.free();
      throw error;
    }
    return new Keyring(terms, {
      enabled: bytes[1] === 1,
      maxOperations: readUInt64(bytes, 2),
      intervalSeconds: readUInt64(bytes, 10),
    });
  }

  /** Holds every key: the caller frees it. */
  serialise(memory: SecretMemory): SecretBuffer {
    const serialised = memory.allocate(HEADER_BYTES + this.#terms.size * TERM_BYTES);
    const { bytes } = serialised;
    bytes[0] = FORMAT;
    bytes[1] = this.rotation.enabled ? 1 : 0;
    writeUInt64(bytes, this.rotation.maxOperations, 2);
    writeUInt64(bytes, this.rotation.intervalSeconds, 10);
    bytes.writeUInt16BE(this.#terms.size, 18);
    let at = HEADER_BYTES;
    for (const { term, key, installedAt, encryptions } of this.#terms.values()) {
      bytes.writeUInt32BE(term, at);
      writeUInt64(bytes, installedAt, at + 4);
      writeUInt64(bytes, encryptions, at + 12);
      bytes.set(key.bytes, at + 20);
      at += TERM_BYTES;
    }
    return serialised;
  }

  findKey(term: number): SecretBuffer | null {
    return this.#terms.get(term)?.key ?? null;
  }

  /** With a fresh key as the active term. @throws RangeError when there are too many terms. */
  withNextTerm(memory: SecretMemory, now: number): Keyring {
    if (this.#terms.size >= TERMS_MAX) throw new RangeError('keyring has too many terms');
    const next = {
      term: this.active.term + 1,
      key: memory.generate(KEY_BYTES),
      installedAt: now,
      encryptions: 0,
    };
    return new Keyring([...this.#terms.values(), next], this.rotation);
  }

  withEncryptions(more: number): Keyring {
    const terms = [...this.#terms.values()].slice(0, -1);
    const active = { ...this.active, encryptions: this.active.encryptions + more };
    return new Keyring([...terms, active], this.rotation);
  }

  withRotation(rotation: RotationConfig): Keyring {
    return new Keyring([...this.#terms.values()], rotation);
  }

  /** Wipes every key, also those shared with keyrings made from this one. */
  free(): void {
    for (const { key } of this.#terms.values()) key.free();
  }
}

function readUInt64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
  if (!Number.isSafeInteger(value)) throw new TamperingError('keyring number is out of range');
  return value;
}

function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

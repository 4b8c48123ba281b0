// Reads fixed-layout binary structures. Every read is bounds-checked and names its field, so that
// a refusal says where. Must never return a byte beyond the input.

import { EvidenceError } from '../errors.js';

/** A position in one byte string. What it returns are views: copy the input first if it may change. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #offset = 0;

  /** `what` names the structure in error texts: 'SNP report', 'TDX quote header'. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field));
  }

  u16le(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), true);
  }

  u16be(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), false);
  }

  u32le(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), true);
  }

  u32be(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), false);
  }

  u64le(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field), true);
  }

  u64be(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field), false);
  }

  /** The next `length` bytes, as a view on the input. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field);
    return this.#bytes.subarray(start, start + length);
  }

  /** A reader confined to the next `length` bytes, which this one then has behind it. */
  sub(length: number, field: string): ByteReader {
    return new ByteReader(this.bytes(length, field), `${this.#what} ${field}`);
  }

  /** Passes over bytes that must be zero. @throws EvidenceError 'reserved-bits' */
  reserved(length: number, field: string): void {
    const at = this.#offset;
    if (this.bytes(length, field).some((byte) => byte !== 0)) {
      throw new EvidenceError(
        'reserved-bits',
        `${this.#what}: reserved field ${field} at offset ${at} is not zero`,
      );
    }
  }

  /** @throws EvidenceError 'trailing-data' if anything is left */
  end(): void {
    if (this.remaining !== 0) {
      throw new EvidenceError('trailing-data', `${this.#what}: ${this.remaining} bytes too many`);
    }
  }

  #advance(length: number, field: string): number {
    if (!Number.isSafeInteger(length) || length < 0 || length > this.remaining) {
      throw new EvidenceError(
        'malformed',
        `${this.#what}: ${field} at offset ${this.#offset} wants ${length} bytes, ` +
          `${this.remaining} are left`,
      );
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

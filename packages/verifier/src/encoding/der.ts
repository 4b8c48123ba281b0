// Strict DER (X.690 chapter 10): definite, shortest lengths; one-byte tags; bounded size, depth and
// number of elements. Reads values, and never guesses at what does not follow the rules.

import { EvidenceError } from '../errors.js';
import { parseDerTime } from './der-time.js';

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier byte of a context-specific tag, primitive or (EXPLICIT, SEQUENCE) constructed. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | number;
}

export interface DerLimits {
  readonly bytesMax: number;
  readonly elementsMax: number;
  readonly depthMax: number;
}

export const certificateDerLimits: DerLimits = {
  bytesMax: 16_384,
  elementsMax: 2_000,
  depthMax: 16,
};

export interface DerElement {
  readonly tag: number;
  readonly contents: Uint8Array;
  /** Tag, length and contents, as they came. */
  readonly raw: Uint8Array;
}

interface Budget {
  elements: number;
}

/** Elements one after the other. All returned byte strings are views on the input. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #budget: Budget;
  readonly #depth: number;
  #offset = 0;

  private constructor(bytes: Uint8Array, what: string, budget: Budget, depth: number) {
    this.#bytes = bytes;
    this.#what = what;
    this.#budget = budget;
    this.#depth = depth;
  }

  /** `what` names the structure in error texts. @throws EvidenceError 'malformed' over a limit */
  static open(bytes: Uint8Array, what: string, limits: DerLimits): DerReader {
    if (bytes.length > limits.bytesMax) {
      throw new EvidenceError(
        'malformed',
        `${what}: ${bytes.length} bytes, want at most ${limits.bytesMax}`,
      );
    }
    return new DerReader(bytes, what, { elements: limits.elementsMax }, limits.depthMax);
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The next tag, or null at the end. */
  peek(): number | null {
    return this.#bytes[this.#offset] ?? null;
  }

  next(field: string): DerElement {
    const start = this.#offset;
    this.#budget.elements -= 1;
    if (this.#budget.elements < 0) throw this.#malformed(field, 'too many elements');
    const tag = this.#byte(field);
    if ((tag & 0x1f) === 0x1f) throw this.#malformed(field, 'tag of several bytes');
    const length = this.#length(field);
    if (length > this.#bytes.length - this.#offset) throw this.#malformed(field, 'cut short');
    const contents = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return { tag, contents, raw: this.#bytes.subarray(start, this.#offset) };
  }

  expect(tag: number, field: string): DerElement {
    if (this.peek() !== tag) {
      throw this.#malformed(field, `want tag 0x${tag.toString(16)}, found ${this.#found()}`);
    }
    return this.next(field);
  }

  /** The next element if it has this tag, else null and nothing is read. */
  optional(tag: number, field: string): DerElement | null {
    return this.peek() === tag ? this.next(field) : null;
  }

  sequence(field: string): DerReader {
    return this.inside(this.expect(derTag.sequence, field), field);
  }

  set(field: string): DerReader {
    return this.inside(this.expect(derTag.set, field), field);
  }

  /** A reader of what is in an element that this reader returned; same budget, one level deeper. */
  inside(element: DerElement, field: string): DerReader {
    return this.nested(element.contents, field);
  }

  /** A reader of DER found in the contents of a string type; same budget, one level deeper. */
  nested(bytes: Uint8Array, field: string): DerReader {
    if (this.#depth === 0) throw this.#malformed(field, 'nested too deeply');
    return new DerReader(bytes, `${this.#what} ${field}`, this.#budget, this.#depth - 1);
  }

  /** Contents of an INTEGER: two's complement, big-endian, shortest form. */
  integer(field: string): Uint8Array {
    return this.#checkInteger(this.expect(derTag.integer, field).contents, field);
  }

  /** A non-negative INTEGER of at most 32 bits. */
  smallInteger(field: string): number {
    const bytes = this.unsignedInteger(field);
    if (bytes.length > 4) throw this.#malformed(field, 'too large');
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Magnitude of a non-negative INTEGER, big-endian, without leading zeros; empty is zero. */
  unsignedInteger(field: string): Uint8Array {
    const bytes = this.integer(field);
    const first = bytes[0] ?? 0;
    if (first >= 0x80) throw this.#malformed(field, 'negative');
    return first === 0 ? bytes.subarray(1) : bytes;
  }

  enumerated(field: string): number {
    const bytes = this.#checkInteger(this.expect(derTag.enumerated, field).contents, field);
    if (bytes.length > 4 || (bytes[0] ?? 0) >= 0x80) throw this.#malformed(field, 'out of range');
    return bytes.reduce((value, byte) => value * 256 + byte, 0);
  }

  boolean(field: string): boolean {
    const { contents } = this.expect(derTag.boolean, field);
    const value = contents[0];
    if (contents.length !== 1 || (value !== 0 && value !== 0xff)) {
      throw this.#malformed(field, 'not a boolean');
    }
    return value === 0xff;
  }

  null(field: string): void {
    if (this.expect(derTag.null, field).contents.length !== 0) {
      throw this.#malformed(field, 'NULL with contents');
    }
  }

  /** Dotted text: '1.2.840.10045.2.1'. At most 20 arcs of at most 28 bits each. */
  oid(field: string): string {
    const { contents } = this.expect(derTag.oid, field);
    const arcs: number[] = [];
    let value = 0;
    let length = 0;
    for (const byte of contents) {
      if (length === 0 && byte === 0x80) throw this.#malformed(field, 'arc not in shortest form');
      value = value * 128 + (byte & 0x7f);
      length += 1;
      if (length > 4 || arcs.length >= 20) throw this.#malformed(field, 'too large');
      if (byte < 0x80) {
        arcs.push(value);
        value = 0;
        length = 0;
      }
    }
    const first = arcs.shift();
    if (first === undefined || length !== 0) throw this.#malformed(field, 'cut short');
    const root = Math.min(Math.floor(first / 40), 2);
    return [root, first - 40 * root, ...arcs].join('.');
  }

  octetString(field: string): Uint8Array {
    return this.expect(derTag.octetString, field).contents;
  }

  /** A BIT STRING; unused bits are at the end of the last byte and must be zero. */
  bitString(field: string): { readonly bytes: Uint8Array; readonly unusedBits: number } {
    const { contents } = this.expect(derTag.bitString, field);
    const unusedBits = contents[0];
    const bytes = contents.subarray(1);
    if (unusedBits === undefined || unusedBits > 7 || (bytes.length === 0 && unusedBits > 0)) {
      throw this.#malformed(field, 'wrong count of unused bits');
    }
    const last = bytes[bytes.length - 1] ?? 0;
    if ((last & ((1 << unusedBits) - 1)) !== 0) {
      throw this.#malformed(field, 'unused bits are set');
    }
    return { bytes, unusedBits };
  }

  /** A BIT STRING of whole bytes, as signatures and keys are. */
  bitStringBytes(field: string): Uint8Array {
    const { bytes, unusedBits } = this.bitString(field);
    if (unusedBits !== 0) throw this.#malformed(field, 'not whole bytes');
    return bytes;
  }

  /** UTCTime or GeneralizedTime in the form of RFC 5280 section 4.1.2.5. */
  time(field: string): Date {
    const element = this.next(field);
    const time = parseDerTime(element.tag, element.contents);
    if (time === null) throw this.#malformed(field, 'not a time');
    return time;
  }

  /** @throws EvidenceError 'trailing-data' if anything is left */
  end(): void {
    if (!this.done) {
      const left = this.#bytes.length - this.#offset;
      throw new EvidenceError('trailing-data', `${this.#what}: ${left} bytes too many`);
    }
  }

  #checkInteger(bytes: Uint8Array, field: string): Uint8Array {
    const [first, second] = bytes;
    if (first === undefined) throw this.#malformed(field, 'empty integer');
    if (second !== undefined) {
      const padded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
      if (padded) throw this.#malformed(field, 'integer not in shortest form');
    }
    return bytes;
  }

  #byte(field: string): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw this.#malformed(field, 'cut short');
    this.#offset += 1;
    return byte;
  }

  #length(field: string): number {
    const first = this.#byte(field);
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw this.#malformed(field, 'indefinite length');
    if (count > 4) throw this.#malformed(field, 'length too large');
    let length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + this.#byte(field);
    if (length < 0x80 || length < 256 ** (count - 1)) {
      throw this.#malformed(field, 'length not in shortest form');
    }
    return length;
  }

  #found(): string {
    const tag = this.peek();
    return tag === null ? 'the end' : `0x${tag.toString(16)}`;
  }

  #malformed(field: string, why: string): EvidenceError {
    return new EvidenceError('malformed', `${this.#what}: ${field} at ${this.#offset}: ${why}`);
  }
}

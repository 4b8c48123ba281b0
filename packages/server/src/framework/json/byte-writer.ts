// Builds JSON bytes that may hold secrets: one growing buffer, and every buffer it leaves behind is wiped.

/** A writer that is used again keeps no more memory than this. */
const KEPT_BYTES_MAX = 256 * 1024;
/** Copied byte by byte: calling out costs more. */
const SHORT_BYTES_MAX = 48;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Printable ASCII, but for these two, stands for itself in JSON. */
const PRINTABLE_FIRST = 0x20;
const PRINTABLE_LAST = 0x7e;

/** Bytes appended one after the other. `finish` hands the buffer over, and the caller owns and wipes it; `view` lends it until `clear`. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  /** @param expectedBytes what will probably be written; more is allowed. */
  constructor(expectedBytes: number) {
    this.#buffer = Buffer.alloc(Math.max(expectedBytes, 16));
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer.fill(0);
    this.#buffer = larger;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Takes back, and wipes, what was written behind the first `length` bytes. */
  rewind(length: number): void {
    if (length >= this.#length) return;
    this.#buffer.fill(0, length, this.#length);
    this.#length = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** ASCII only. */
  ascii(text: string): void {
    const { length } = text;
    this.#reserve(length);
    const buffer = this.#buffer;
    let to = this.#length;
    if (length > SHORT_BYTES_MAX) to += buffer.write(text, to, 'latin1');
    else for (let at = 0; at < length; at += 1, to += 1) buffer[to] = text.charCodeAt(at);
    this.#length = to;
  }

  /** The JSON text of a string. */
  string(value: string): void {
    if (value.length > SHORT_BYTES_MAX || !this.#plainString(value))
      this.text(JSON.stringify(value));
  }

  /** False, and nothing has been written, for text that does not stand for itself. */
  #plainString(value: string): boolean {
    const { length } = value;
    this.#reserve(length + 2);
    const buffer = this.#buffer;
    let to = this.#length;
    buffer[to] = QUOTE;
    to += 1;
    for (let at = 0; at < length; at += 1, to += 1) {
      const unit = value.charCodeAt(at);
      const isPlain = unit >= PRINTABLE_FIRST && unit <= PRINTABLE_LAST;
      if (!isPlain || unit === QUOTE || unit === BACKSLASH) {
        buffer.fill(0, this.#length, to);
        return false;
      }
      buffer[to] = unit;
    }
    buffer[to] = QUOTE;
    this.#length = to + 1;
    return true;
  }

  /** UTF-8. */
  text(text: string): void {
    // Three bytes hold whatever one UTF-16 unit may become.
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  bytes(source: Buffer): void {
    const { length } = source;
    if (length <= SHORT_BYTES_MAX) {
      this.range(source, 0, length);
      return;
    }
    this.#reserve(length);
    this.#buffer.set(source, this.#length);
    this.#length += length;
  }

  range(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    const buffer = this.#buffer;
    let to = this.#length;
    if (end - start <= SHORT_BYTES_MAX) {
      for (let at = start; at < end; at += 1, to += 1) buffer[to] = source[at] as number;
    } else to += source.copy(buffer, to, start, end);
    this.#length = to;
  }

  /** Appends again what was written from byte `start` to byte `end`: cheaper than the same text once more. */
  repeat(start: number, end: number): void {
    this.#reserve(end - start);
    this.#buffer.copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /** What was written, where it lies: good until the next call. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Wipes what was written; the writer may be used again. */
  clear(): void {
    this.rewind(0);
    if (this.#buffer.length > KEPT_BYTES_MAX) this.#buffer = Buffer.alloc(KEPT_BYTES_MAX);
  }

  /** What was written; memory behind it was never used. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

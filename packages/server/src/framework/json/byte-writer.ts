// Builds JSON bytes that may hold secrets: one growing buffer, and every buffer it leaves behind is wiped.

/** A writer that is used again keeps no more memory than this. */
const KEPT_BYTES_MAX = 256 * 1024;
const PENDING_MAX = 4096;
/** Copied byte by byte: calling out costs more. */
const SHORT_BYTES_MAX = 48;

const QUOTE = 0x22;
/** Printable ASCII that stands for itself in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Bytes appended one after the other. `finish` hands the buffer over, and the caller owns and wipes it; `view` lends it until `clear`. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;
  /** Text that is not yet bytes: many short pieces are written as one. */
  #pending = '';

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

  #flush(): void {
    const text = this.#pending;
    if (text === '') return;
    this.#pending = '';
    // Three bytes hold whatever one UTF-16 unit may become.
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  /** Bytes written so far. */
  get length(): number {
    this.#flush();
    return this.#length;
  }

  /** Takes back, and wipes, what was written behind the first `length` bytes. */
  rewind(length: number): void {
    this.#pending = '';
    if (length >= this.#length) return;
    this.#buffer.fill(0, length, this.#length);
    this.#length = length;
  }

  byte(value: number): void {
    this.#flush();
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** ASCII only. */
  ascii(text: string): void {
    this.#flush();
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
    if (value.length > SHORT_BYTES_MAX || !PLAIN.test(value)) {
      this.text(JSON.stringify(value));
      return;
    }
    this.byte(QUOTE);
    this.ascii(value);
    this.byte(QUOTE);
  }

  /** UTF-8. */
  text(text: string): void {
    this.#pending += text;
    if (this.#pending.length > PENDING_MAX) this.#flush();
  }

  bytes(source: Buffer): void {
    this.range(source, 0, source.length);
  }

  range(source: Buffer, start: number, end: number): void {
    this.#flush();
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
    this.#flush();
    this.#reserve(end - start);
    this.#buffer.copyWithin(this.#length, start, end);
    this.#length += end - start;
  }

  /** What was written, where it lies: good until the next call. */
  view(): Buffer {
    this.#flush();
    return this.#buffer.subarray(0, this.#length);
  }

  /** Wipes what was written; the writer may be used again. */
  clear(): void {
    this.rewind(0);
    if (this.#buffer.length > KEPT_BYTES_MAX) this.#buffer = Buffer.alloc(KEPT_BYTES_MAX);
  }

  /** What was written; memory behind it was never used. */
  finish(): Buffer {
    this.#flush();
    return this.#buffer.subarray(0, this.#length);
  }
}

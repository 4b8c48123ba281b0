// Builds JSON bytes that may hold secrets: one growing buffer, and every buffer it leaves behind is wiped.

/** A writer that is used again keeps no more memory than this. */
const KEPT_BYTES_MAX = 256 * 1024;

/** Bytes appended one after the other. `finish` hands the buffer over, `take` a copy; the caller owns and wipes it. */
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

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** ASCII only. */
  ascii(text: string): void {
    this.#reserve(text.length);
    this.#buffer.write(text, this.#length, 'latin1');
    this.#length += text.length;
  }

  /** UTF-8. */
  text(text: string): void {
    // Three bytes hold whatever one UTF-16 unit may become.
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
  }

  range(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.#buffer, this.#length, start, end);
    this.#length += end - start;
  }

  /** A copy of what was written, for the caller to own and wipe; the writer is wiped and may be used again. */
  take(): Buffer {
    if (this.#buffer.length > KEPT_BYTES_MAX) {
      const large = this.finish();
      this.#buffer = Buffer.alloc(16);
      this.#length = 0;
      return large;
    }
    const out = Buffer.allocUnsafe(this.#length);
    this.#buffer.copy(out, 0, 0, this.#length);
    this.#buffer.fill(0, 0, this.#length);
    this.#length = 0;
    return out;
  }

  /** What was written; memory behind it was never used. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

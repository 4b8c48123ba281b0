// Builds JSON bytes that may hold secrets: one growing buffer, and every buffer it leaves behind is wiped.

/** Bytes appended one after the other. `finish` hands the buffer over; the caller then owns and wipes it. */
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

  range(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    source.copy(this.#buffer, this.#length, start, end);
    this.#length += end - start;
  }

  /** What was written; memory behind it was never used. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

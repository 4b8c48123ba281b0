// Bytes that came from the network, shared by everybody who still needs a part of them. The last
// one to let go wipes them: nothing a client sent outlives its request.

export const EMPTY: Buffer = Buffer.alloc(0);

export class Region {
  readonly bytes: Buffer;
  #holders = 1;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** True when nobody but the caller holds it. */
  get isExclusive(): boolean {
    return this.#holders === 1;
  }

  hold(): this {
    this.#holders += 1;
    return this;
  }

  /** Once per hold, and once for the maker. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.bytes.fill(0);
  }
}

/** Collects a body that arrives in pieces. Grows by doubling, and wipes what it outgrows. */
export class GrowingBytes {
  #bytes: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Copies `from[start, end)`; `expectedLength` is a hint that bounds the growth, never allocated
   * at once.
   */
  append(from: Buffer, start: number, end: number, expectedLength: number): void {
    const needed = this.#length + (end - start);
    if (needed > this.#bytes.length) {
      const doubled = Math.max(needed, 2 * this.#bytes.length, 4096);
      const bytes = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, expectedLength)));
      this.#bytes.copy(bytes, 0, 0, this.#length);
      this.#bytes.fill(0);
      this.#bytes = bytes;
    }
    from.copy(this.#bytes, this.#length, start, end);
    this.#length = needed;
  }

  /** What was collected; the caller takes it over and wipes it. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = EMPTY;
    this.#length = 0;
    return bytes;
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#bytes = EMPTY;
    this.#length = 0;
  }
}

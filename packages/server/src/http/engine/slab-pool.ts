// Buffers that are used again and again, wiped in between: what lies in them for one request need not be collected.

/** What most requests fit into, as they arrive. */
export const READ_SLAB_BYTES = 4096;
/** What most answers fit into. */
export const WRITE_SLAB_BYTES = 16 * 1024;
const SLABS_KEPT_MAX = 256;

/** One for all connections of a thread. */
export class SlabPool {
  readonly #slabBytes: number;
  readonly #free: Buffer[] = [];

  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  /** `length` bytes or more; a slab is zero beyond what the caller writes. */
  take(length: number): Buffer {
    if (length > this.#slabBytes) return Buffer.allocUnsafeSlow(length);
    return this.#free.pop() ?? Buffer.alloc(this.#slabBytes);
  }

  /** @param used bytes from the start that were written. */
  give(slab: Buffer, used: number): void {
    slab.fill(0, 0, used);
    if (slab.length === this.#slabBytes && this.#free.length < SLABS_KEPT_MAX)
      this.#free.push(slab);
  }
}

// Buffers for answers that are used again and again, wiped in between.

/** What most answers fit into. */
const SLAB_BYTES = 16 * 1024;
const SLABS_KEPT_MAX = 256;

/** One for all connections of a thread. */
export class SlabPool {
  readonly #free: Buffer[] = [];

  /** `length` bytes or more; a slab is zero beyond what the caller writes. */
  take(length: number): Buffer {
    if (length > SLAB_BYTES) return Buffer.allocUnsafeSlow(length);
    return this.#free.pop() ?? Buffer.alloc(SLAB_BYTES);
  }

  /** @param used bytes from the start that were written. */
  give(slab: Buffer, used: number): void {
    slab.fill(0, 0, used);
    if (slab.length === SLAB_BYTES && this.#free.length < SLABS_KEPT_MAX) this.#free.push(slab);
  }
}

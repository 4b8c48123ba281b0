// Writes answers: one buffer and one write for everything that is ready at the same time, wiped
// when the socket has taken it.
import type { Duplex } from 'node:stream';

const SLAB_BYTES = 16 * 1024;
const SLABS_KEPT_MAX = 256;
/** A body longer than this is written where it lies rather than copied. */
const COPY_BYTES_MAX = 64 * 1024;

/**
 * Write buffers that are used again and again, wiped in between. One pool for all connections of a
 * thread.
 */
export class SlabPool {
  readonly #free: Buffer[] = [];

  /** `length` bytes or more, all zero beyond what the caller writes. */
  take(length: number): Buffer {
    if (length > SLAB_BYTES) return Buffer.allocUnsafeSlow(length);
    return this.#free.pop() ?? Buffer.alloc(SLAB_BYTES);
  }

  give(slab: Buffer, used: number): void {
    slab.fill(0, 0, used);
    if (slab.length === SLAB_BYTES && this.#free.length < SLABS_KEPT_MAX) this.#free.push(slab);
  }
}

export class Output {
  readonly #socket: Duplex;
  readonly #pool: SlabPool;
  readonly #heads: string[] = [];
  readonly #bodies: (Buffer | null)[] = [];
  readonly #owned: boolean[] = [];
  #length = 0;
  #unwritten = 0;

  constructor(socket: Duplex, pool: SlabPool) {
    this.#socket = socket;
    this.#pool = pool;
  }

  /** Writes that the socket has not taken yet. */
  get unwritten(): number {
    return this.#unwritten;
  }

  get isEmpty(): boolean {
    return this.#heads.length === 0;
  }

  /**
   * `head` is Latin-1. `body` is wiped after the write when `ownsBody`. Nothing is sent before
   * `flush`.
   */
  add(head: string, body: Buffer | null, ownsBody: boolean): void {
    if (body !== null && body.length > COPY_BYTES_MAX) {
      this.#push(head, null, false);
      this.flush();
      this.#write(body, ownsBody ? () => body.fill(0) : null);
    } else {
      this.#push(head, body, ownsBody);
    }
  }

  flush(): void {
    if (this.#heads.length === 0) return;
    const slab = this.#pool.take(this.#length);
    let at = 0;
    for (let i = 0; i < this.#heads.length; i += 1) {
      at += slab.write(this.#heads[i] as string, at, 'latin1');
      const body = this.#bodies[i] as Buffer | null;
      if (body !== null) {
        slab.set(body, at);
        at += body.length;
        if (this.#owned[i] === true) body.fill(0);
      }
    }
    this.#clear();
    this.#write(slab.subarray(0, at), () => this.#pool.give(slab, at));
  }

  /** Wipes what was not sent. */
  destroy(): void {
    this.#bodies.forEach((body, index) => {
      if (this.#owned[index] === true) body?.fill(0);
    });
    this.#clear();
  }

  #push(head: string, body: Buffer | null, ownsBody: boolean): void {
    this.#heads.push(head);
    this.#bodies.push(body);
    this.#owned.push(ownsBody);
    this.#length += head.length + (body?.length ?? 0);
  }

  #clear(): void {
    this.#heads.length = 0;
    this.#bodies.length = 0;
    this.#owned.length = 0;
    this.#length = 0;
  }

  #write(bytes: Buffer, taken: (() => void) | null): void {
    this.#unwritten += 1;
    this.#socket.write(bytes, () => {
      this.#unwritten -= 1;
      taken?.();
    });
  }
}

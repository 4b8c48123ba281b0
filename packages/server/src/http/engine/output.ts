// Writes answers: one buffer and one write for everything that is ready at the same time, wiped
// when the socket has taken it.
import net from 'node:net';
import type { Writable } from 'node:stream';
import tls from 'node:tls';
import type { SlabPool } from './slab-pool.js';

/** A body longer than this is written where it lies rather than copied. */
const COPY_BYTES_MAX = 64 * 1024;
/** Digits of a length and the empty line behind it. */
const LENGTH_BYTES_MAX = 20;
const ZERO = 0x30;
const CR = 0x0d;
const LF = 0x0a;

/** What becomes of bytes when the socket has taken them. */
type Afterwards = 'give back' | 'wipe' | 'leave';

/** Written, and perhaps not yet taken. */
interface Leaving {
  readonly bytes: Buffer;
  readonly length: number;
  readonly afterwards: Afterwards;
}

export class Output {
  readonly #socket: Writable;
  readonly #pool: SlabPool;
  /** Whether `writableLength` tells, right after a write, that the system has all of it: then nobody waits to hear so. */
  readonly #takesAtOnce: boolean;
  /** Where answers that are ready are put together; null for none. */
  #slab: Buffer | null = null;
  #length = 0;
  /** What was not taken at once, where that can be seen. */
  readonly #leaving: Leaving[] = [];
  /** How many writes there are, where it can not. */
  #awaited = 0;

  constructor(socket: Writable, pool: SlabPool) {
    this.#socket = socket;
    this.#pool = pool;
    this.#takesAtOnce = socket instanceof net.Socket && !(socket instanceof tls.TLSSocket);
  }

  /** Writes that the socket has not taken yet. */
  get unwritten(): number {
    this.#settle();
    return this.#awaited + this.#leaving.length;
  }

  get isEmpty(): boolean {
    return this.#slab === null;
  }

  /**
   * `head` is as a HeadMaker made it for `body`. `body` is wiped after the write when `ownsBody`, and not sent when
   * `isHeadOnly`. Nothing is sent before `flush`.
   */
  add(head: Buffer, body: Buffer | null, ownsBody: boolean, isHeadOnly: boolean): void {
    const isCopied = body !== null && !isHeadOnly && body.length <= COPY_BYTES_MAX;
    const slab = this.#reserve(head.length + LENGTH_BYTES_MAX + (isCopied ? body.length : 0));
    slab.set(head, this.#length);
    this.#length += head.length;
    if (body === null) return;
    this.#addLength(slab, body.length);
    if (isCopied) {
      slab.set(body, this.#length);
      this.#length += body.length;
    } else if (!isHeadOnly) {
      this.flush();
      this.#write(body, body.length, ownsBody ? 'wipe' : 'leave');
      return;
    }
    if (ownsBody) body.fill(0);
  }

  flush(): void {
    this.#settle();
    const slab = this.#slab;
    if (slab === null) return;
    const length = this.#length;
    this.#slab = null;
    this.#length = 0;
    this.#write(slab, length, 'give back');
  }

  /** Wipes what was not sent; the socket is closed. */
  destroy(): void {
    this.#letGo();
    if (this.#slab !== null) this.#pool.give(this.#slab, this.#length);
    this.#slab = null;
    this.#length = 0;
  }

  /** A slab with room for `bytes` more. */
  #reserve(bytes: number): Buffer {
    if (this.#slab !== null && this.#length + bytes > this.#slab.length) this.flush();
    this.#slab ??= this.#pool.take(bytes);
    return this.#slab;
  }

  /** In decimal, and the empty line that ends the head. */
  #addLength(slab: Buffer, length: number): void {
    let at = this.#length;
    let unit = 1;
    while (unit * 10 <= length) unit *= 10;
    for (let rest = length; unit >= 1; unit /= 10) {
      const digit = Math.floor(rest / unit);
      slab[at] = ZERO + digit;
      at += 1;
      rest -= digit * unit;
    }
    slab[at] = CR;
    slab[at + 1] = LF;
    slab[at + 2] = CR;
    slab[at + 3] = LF;
    this.#length = at + 4;
  }

  #write(bytes: Buffer, length: number, afterwards: Afterwards): void {
    const sent = bytes.length === length ? bytes : bytes.subarray(0, length);
    if (!this.#takesAtOnce) {
      this.#awaited += 1;
      this.#socket.write(sent, () => {
        this.#awaited -= 1;
        this.#taken(bytes, length, afterwards);
      });
      return;
    }
    this.#socket.write(sent);
    if (this.#socket.writableLength === 0) this.#taken(bytes, length, afterwards);
    else this.#leaving.push({ bytes, length, afterwards });
  }

  /** Lets go of what the socket has taken in the meantime: all or nothing. */
  #settle(): void {
    if (this.#leaving.length > 0 && this.#socket.writableLength === 0) this.#letGo();
  }

  #letGo(): void {
    for (const { bytes, length, afterwards } of this.#leaving.splice(0)) {
      this.#taken(bytes, length, afterwards);
    }
  }

  #taken(bytes: Buffer, length: number, afterwards: Afterwards): void {
    if (afterwards === 'give back') this.#pool.give(bytes, length);
    else if (afterwards === 'wipe') bytes.fill(0);
  }
}

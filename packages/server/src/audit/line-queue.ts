// Collects the lines of one turn of the event loop and writes them together. A promise resolves only when the lines
// have been handed to the operating system; they are wiped after that.
import { ByteWriter } from '../framework/json/byte-writer.js';

/** Takes whole lines, good until it is done; rejects or throws when not all of `bytes` have been taken over. */
export type WriteBytes = (bytes: Buffer) => Promise<void> | undefined;

/** Puts whole lines into `out`; whatever it throws takes back what it wrote. */
export type PutLines = (out: ByteWriter) => void;

/** Bytes of lines waiting at one time: while a device can not keep up. */
const WAITING_BYTES_MAX = 67_108_864;
const BATCH_BYTES = 32_768;

/** What is written at once, and who waits for it. */
class Batch {
  readonly out = new ByteWriter(BATCH_BYTES);
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null =
    null;
  #written: Promise<void> | null = null;

  /** The same promise for all lines of a batch. */
  get written(): Promise<void> {
    this.#written ??= new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    return this.#written;
  }

  /** Empty again, for other lines. */
  finish(outcome: 'written' | { readonly error: unknown }): void {
    const settle = this.#settle;
    this.#settle = null;
    this.#written = null;
    this.out.clear();
    if (outcome === 'written') settle?.resolve();
    else settle?.reject(outcome.error);
  }
}

export class LineQueue {
  readonly #write: WriteBytes;
  #filling = new Batch();
  /** Being written; null when nothing is. */
  #leaving: Batch | null = null;
  #spare: Batch | null = null;
  #isScheduled = false;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  append(put: PutLines): Promise<void> {
    const { out } = this.#filling;
    const before = out.length;
    if (before > WAITING_BYTES_MAX) {
      return Promise.reject(new Error('audit device is too slow: queue is full'));
    }
    try {
      put(out);
    } catch (error) {
      out.rewind(before);
      return Promise.reject(error);
    }
    this.#schedule();
    return this.#filling.written;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#leaving !== null) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#filling;
    this.#leaving = batch;
    this.#filling = this.#spare ?? new Batch();
    this.#spare = null;
    let writing: Promise<void> | undefined;
    try {
      writing = this.#write(batch.out.view());
    } catch (error) {
      this.#left(batch, { error });
      return;
    }
    if (writing === undefined) this.#left(batch, 'written');
    else {
      writing.then(
        () => this.#left(batch, 'written'),
        (error: unknown) => this.#left(batch, { error }),
      );
    }
  }

  #left(batch: Batch, outcome: 'written' | { readonly error: unknown }): void {
    batch.finish(outcome);
    this.#spare = batch;
    this.#leaving = null;
    if (this.#filling.out.length > 0) this.#schedule();
  }
}

// Collects lines of one turn of the event loop and writes them together. A promise resolves only when the line has
// been handed to the operating system; lines are wiped after that.

interface Waiting {
  readonly line: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Takes whole lines; resolves when all of `bytes` have been taken over, rejects when not. */
export type WriteBytes = (bytes: Buffer) => Promise<void>;

/** Lines waiting at one time: about as many as requests can be in flight. */
const WAITING_MAX = 100_000;

export class LineQueue {
  readonly #write: WriteBytes;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #isWriting = false;

  constructor(write: WriteBytes) {
    this.#write = write;
  }

  /** Takes ownership of `line`. */
  push(line: Buffer): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      line.fill(0);
      return Promise.reject(new Error('audit device is too slow: queue is full'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#isWriting = true;
    const [only] = batch;
    const bytes =
      batch.length === 1 && only !== undefined
        ? only.line
        : Buffer.concat(batch.map(({ line }) => line));
    try {
      await this.#write(bytes);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      bytes.fill(0);
      for (const { line } of batch) line.fill(0);
      this.#isWriting = false;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}

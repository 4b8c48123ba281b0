// Lets writers of the same key in this process go one after the other. Guards nothing: other processes write too, and
// only the commit's expectation decides. It just spares attempts that are bound to conflict.

/** Holds one promise per key in use; idle keys take no memory. */
export class Turnstile {
  readonly #last = new Map<string, Promise<unknown>>();

  async pass<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}

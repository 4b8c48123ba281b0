// A Storage over a map, for tests of rooms that sit on the contract alone. Not for servers: nothing is encrypted.
import { StorageConflict } from '../errors.js';
import type { Entry, Expectation, Page, Storage, Version, Write } from '../storage.js';

/** Every call yields once, so that concurrent callers interleave as they do on a real engine. */
export class MemoryStorage implements Storage {
  readonly #entries = new Map<string, { value: Buffer; version: Version }>();
  #version = 0;
  /** How often values were handed out: what a cache is meant to avoid. */
  reads = 0;
  commits = 0;

  async get(key: string): Promise<Entry | null> {
    await Promise.resolve();
    const found = this.#entries.get(key);
    if (found === undefined) return null;
    this.reads += 1;
    return { value: Buffer.from(found.value), version: found.version };
  }

  async getUnless(key: string, version: Version): Promise<Entry | null | 'unchanged'> {
    if (this.#entries.get(key)?.version === version) return 'unchanged';
    return await this.get(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]> {
    return await Promise.all(keys.map((key) => this.get(key)));
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    await Promise.resolve();
    const names = new Set<string>();
    for (const key of this.#entries.keys()) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const slash = rest.indexOf('/');
      names.add(slash === -1 ? rest : rest.slice(0, slash + 1));
    }
    const byBytes = (a: string, b: string): number =>
      Buffer.compare(Buffer.from(a), Buffer.from(b));
    return [...names]
      .filter((name) => byBytes(name, page.after) > 0)
      .sort(byBytes)
      .slice(0, page.limit);
  }

  async commit(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void> {
    const copies = writes.map((write) =>
      'put' in write ? { key: write.put, value: Buffer.from(write.value) } : { key: write.delete },
    );
    await Promise.resolve();
    if (new Set(copies.map(({ key }) => key)).size < copies.length) {
      throw new TypeError('commit writes the same key twice');
    }
    for (const { key, version } of expectations) {
      if ((this.#entries.get(key)?.version ?? null) !== version) {
        throw new StorageConflict('an expected version has moved');
      }
    }
    this.commits += 1;
    for (const copy of copies) {
      this.#version += 1;
      if ('value' in copy) {
        this.#entries.set(copy.key, { value: copy.value, version: this.#version });
      } else this.#entries.delete(copy.key);
    }
  }

  /** Every key, sorted: to assert that nothing is left behind. */
  keys(): readonly string[] {
    return [...this.#entries.keys()].sort();
  }

  /** All stored bytes: to assert that a secret is not among them. */
  dump(): Buffer {
    return Buffer.concat(
      [...this.#entries].map(([key, { value }]) => Buffer.concat([Buffer.from(key), value])),
    );
  }
}

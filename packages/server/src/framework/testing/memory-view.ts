// A view over a Map, for engines' own tests: the contract of Storage and nothing else.
import { StorageConflict } from '../errors.js';
import type { Entry, Expectation, Page, Storage, Version, Write } from '../storage.js';

/** Keeps what it handed out, so that a test can tell whose buffers an answer is made of. */
export class MemoryView implements Storage {
  readonly entries = new Map<string, Entry>();
  readonly handedOut: Buffer[] = [];
  /** Sizes of the commits that took place. */
  readonly commits: number[] = [];
  /** Calls of get, getUnless that had to read, and getMany (one each). */
  reads = 0;
  /** Runs before a commit is decided: a test can let another writer win. */
  beforeCommit: (() => Promise<void>) | null = null;
  #version = 0;

  #copy(entry: Entry | undefined): Entry | null {
    if (entry === undefined) return null;
    const value = Buffer.from(entry.value);
    this.handedOut.push(value);
    return { value, version: entry.version };
  }

  async get(key: string): Promise<Entry | null> {
    this.reads += 1;
    return this.#copy(this.entries.get(key));
  }

  async getUnless(key: string, version: Version): Promise<Entry | null | 'unchanged'> {
    if (this.entries.get(key)?.version === version) return 'unchanged';
    return this.get(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]> {
    this.reads += 1;
    return keys.map((key) => this.#copy(this.entries.get(key)));
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    const children = new Set<string>();
    for (const key of this.entries.keys()) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const cut = rest.indexOf('/');
      children.add(cut < 0 ? rest : rest.slice(0, cut + 1));
    }
    const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const sorted = [...children].sort(order);
    return sorted
      .filter((child) => page.after === '' || order(child, page.after) > 0)
      .slice(0, page.limit);
  }

  async commit(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void> {
    const copies = writes.map((write) =>
      'put' in write ? { put: write.put, value: Buffer.from(write.value) } : write,
    );
    const { beforeCommit } = this;
    this.beforeCommit = null;
    await beforeCommit?.();
    for (const { key, version } of expectations) {
      if ((this.entries.get(key)?.version ?? null) !== version) throw new StorageConflict(key);
    }
    for (const write of copies) {
      this.#version += 1;
      if ('put' in write) {
        this.entries.set(write.put, { value: write.value, version: this.#version });
      } else {
        this.entries.delete(write.delete);
      }
    }
    this.commits.push(writes.length);
  }
}

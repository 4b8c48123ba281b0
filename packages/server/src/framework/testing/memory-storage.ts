// The contract of Storage over a map, as strict as the real one, for tests of rooms that sit on the contract alone. Not
// for servers: nothing is encrypted.
import { StorageConflict } from '../errors.js';
import {
  type Entry,
  type Expectation,
  keyAt,
  LIST_LIMIT_MAX,
  type Page,
  type Place,
  type Storage,
  type Version,
  type Write,
} from '../storage.js';

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Every call yields once, so that concurrent callers interleave as they do on a real engine. What it hands out and takes
 * in are copies, and it remembers the former, so that a test can tell whose buffers an answer is made of.
 */
export class MemoryStorage implements Storage {
  readonly #entries = new Map<string, Entry>();
  #version = 0;
  readonly handedOut: Buffer[] = [];
  /** Calls of get, of getUnless that had to read, and of getMany (one each): what a cache is meant to avoid. */
  reads = 0;
  /** Numbers of writes of the commits that took place. */
  readonly commits: number[] = [];
  /** Runs once, before the next commit is decided: a test can let another writer win, or fail. */
  beforeCommit: (() => Promise<void>) | null = null;

  locate(key: string): Place {
    return { key };
  }

  async get(at: string | Place): Promise<Entry | null> {
    await Promise.resolve();
    this.reads += 1;
    return this.#copyOf(keyAt(at));
  }

  async getUnless(at: string | Place, version: Version): Promise<Entry | null | 'unchanged'> {
    await Promise.resolve();
    const key = keyAt(at);
    if (this.#entries.get(key)?.version === version) return 'unchanged';
    this.reads += 1;
    return this.#copyOf(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]> {
    await Promise.resolve();
    this.reads += 1;
    return keys.map((key) => this.#copyOf(key));
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    await Promise.resolve();
    if (prefix !== '' && !prefix.endsWith('/')) throw new TypeError('list of what is no folder');
    if (page.limit < 1 || page.limit > LIST_LIMIT_MAX) throw new TypeError('list without a limit');
    const names = new Set<string>();
    for (const key of this.#entries.keys()) {
      if (!key.startsWith(prefix)) continue;
      const rest = key.slice(prefix.length);
      const slash = rest.indexOf('/');
      names.add(slash === -1 ? rest : rest.slice(0, slash + 1));
    }
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
    const { beforeCommit } = this;
    this.beforeCommit = null;
    await beforeCommit?.();
    for (const { key, version } of expectations) {
      if ((this.#entries.get(key)?.version ?? null) !== version) {
        throw new StorageConflict('an expected version has moved');
      }
    }
    this.commits.push(copies.length);
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

  #copyOf(key: string): Entry | null {
    const found = this.#entries.get(key);
    if (found === undefined) return null;
    const value = Buffer.from(found.value);
    this.handedOut.push(value);
    return { value, version: found.version };
  }
}

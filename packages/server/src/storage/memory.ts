// Storage in this process's memory: tests, and `-dev`. Nothing survives the process, and nothing needs to.
import {
  type Expectation,
  keyAt,
  type Page,
  type Place,
  type Version,
} from '../framework/storage.js';
import type { StorageEngine, StoredEntry, StoredWrite } from './engine.js';
import { checkCommit, checkList, conflict, keyOf, pageStart, unavailable } from './engine.js';

/** Orders as the UTF-8 bytes would: like UTF-16 units, except that surrogates come after U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Moves surrogates (U+10000 and up) behind the rest of the basic plane. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** @see StorageEngine */
export class MemoryEngine implements StorageEngine {
  readonly type = 'inmem';
  readonly #entries = new Map<string, StoredEntry>();
  /** The keys of `#entries`, sorted by UTF-8 bytes. */
  readonly #sorted: string[] = [];
  #lastVersion: Version = 0;
  #closed = false;

  locate(key: string): Place {
    return { key };
  }

  get(at: string | Place): StoredEntry | null {
    this.#requireOpen();
    return this.#entries.get(keyAt(at)) ?? null;
  }

  async getMany(keys: readonly string[]): Promise<readonly (StoredEntry | null)[]> {
    this.#requireOpen();
    return keys.map((key) => this.#entries.get(key) ?? null);
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    this.#requireOpen();
    checkList(prefix, page);
    const children: string[] = [];
    const start = pageStart(prefix, page.after);
    let index = this.#indexOf(start.key);
    if (!start.inclusive && this.#sorted[index] === start.key) index += 1;
    while (children.length < page.limit) {
      const key = this.#sorted[index];
      if (key === undefined || !key.startsWith(prefix)) break;
      const slash = key.indexOf('/', prefix.length);
      if (slash === -1) {
        children.push(key.slice(prefix.length));
        index += 1;
      } else {
        children.push(key.slice(prefix.length, slash + 1));
        index = this.#indexOf(`${key.slice(0, slash)}0`);
      }
    }
    return children;
  }

  async commit(
    writes: readonly StoredWrite[],
    expectations: readonly Expectation[],
  ): Promise<void> {
    this.#requireOpen();
    checkCommit(writes, expectations);
    for (const { key, version } of expectations) {
      if ((this.#entries.get(key)?.version ?? null) !== version) throw conflict();
    }
    for (const write of writes) this.#apply(write);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Everything, as it is stored. Initialisation builds a whole database in memory and then commits it at once. */
  entries(): ReadonlyMap<string, StoredEntry> {
    return this.#entries;
  }

  #apply(write: StoredWrite): void {
    const key = keyOf(write);
    const index = this.#indexOf(key);
    const exists = this.#sorted[index] === key;
    if ('put' in write) {
      this.#lastVersion += 1;
      this.#entries.set(key, { value: write.value, version: this.#lastVersion });
      if (!exists) this.#sorted.splice(index, 0, key);
    } else if (exists) {
      this.#entries.delete(key);
      this.#sorted.splice(index, 1);
    }
  }

  /** Where `key` is, or where it would be inserted. */
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareUtf8(this.#sorted[middle] ?? '', key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #requireOpen(): void {
    if (this.#closed) throw unavailable('storage is closed', 'storage-closed');
  }
}

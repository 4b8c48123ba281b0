// Confines a mount to its own prefix of the barrier, like a chroot. Must never build a key outside of it.
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { invalidRequest } from '../framework/errors.js';
import type { Entry, Expectation, Page, Storage, Version, Write } from '../framework/storage.js';
import { checkCanonicalFolder, checkCanonicalKey, isProtected } from './paths.js';

/** What a view needs of the barrier; keys are whole paths. */
export interface EncryptedStorage {
  read(path: string): Awaitable<Entry | null>;
  readUnless(path: string, version: Version): Awaitable<Entry | null | 'unchanged'>;
  readMany(paths: readonly string[]): Promise<readonly (Entry | null)[]>;
  listChildren(prefix: string, page: Page): Promise<readonly string[]>;
  write(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void>;
}

/** Keys whose paths a view remembers. */
const PATHS_MAX = 4096;

/** @see Storage */
export class BarrierView implements Storage {
  readonly #barrier: EncryptedStorage;
  readonly #prefix: string;
  /** Paths of keys that were found to be good. */
  readonly #paths = new Map<string, string>();

  /** @param prefix '' for all, or a folder with a trailing '/'. @throws ApiError when it is not canonical. */
  constructor(barrier: EncryptedStorage, prefix: string) {
    checkCanonicalFolder(prefix);
    this.#barrier = barrier;
    this.#prefix = prefix;
  }

  get(key: string): Awaitable<Entry | null> {
    return this.#barrier.read(this.#path(key));
  }

  getUnless(key: string, version: Version): Awaitable<Entry | null | 'unchanged'> {
    return this.#barrier.readUnless(this.#path(key), version);
  }

  async getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]> {
    return await this.#barrier.readMany(keys.map((key) => this.#path(key)));
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    checkCanonicalFolder(prefix);
    return await this.#barrier.listChildren(this.#prefix + prefix, page);
  }

  // Not async, so that the values are encrypted before the promise is returned.
  commit(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void> {
    try {
      return this.#barrier.write(
        writes.map((write) =>
          'put' in write
            ? { put: this.#path(write.put), value: write.value }
            : { delete: this.#path(write.delete) },
        ),
        expectations.map(({ key, version }) => ({ key: this.#path(key), version })),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #path(key: string): string {
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    checkCanonicalKey(key);
    const path = this.#prefix + key;
    if (isProtected(path)) throw invalidRequest('storage key is reserved', 'storage-key');
    if (this.#paths.size >= PATHS_MAX) this.#paths.clear();
    this.#paths.set(key, path);
    return path;
  }
}

class OwnedView implements Storage {
  readonly #storage: Storage;
  readonly #own: (bytes: Buffer) => Buffer;

  constructor(storage: Storage, own: (bytes: Buffer) => Buffer) {
    this.#storage = storage;
    this.#own = own;
  }

  get(key: string): Awaitable<Entry | null> {
    return andThen(this.#storage.get(key), (entry) => this.#take(entry));
  }

  getUnless(key: string, version: Version): Awaitable<Entry | null | 'unchanged'> {
    return andThen(this.#storage.getUnless(key, version), (entry) =>
      entry === 'unchanged' ? entry : this.#take(entry),
    );
  }

  #take(entry: Entry | null): Entry | null {
    if (entry !== null) this.#own(entry.value);
    return entry;
  }

  async getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]> {
    const entries = await this.#storage.getMany(keys);
    for (const entry of entries) if (entry !== null) this.#own(entry.value);
    return entries;
  }

  list(prefix: string, page: Page): Promise<readonly string[]> {
    return this.#storage.list(prefix, page);
  }

  commit(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void> {
    return this.#storage.commit(writes, expectations);
  }
}

/** The same storage, with every plaintext it gives handed to `own`, which wipes it when the request ends. */
export function ownedView(storage: Storage, own: (bytes: Buffer) => Buffer): Storage {
  return new OwnedView(storage, own);
}

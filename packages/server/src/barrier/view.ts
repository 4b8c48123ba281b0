// Confines a mount to its own prefix of the barrier, like a chroot. Must never build a key outside of it.
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type {
  Entry,
  Expectation,
  Page,
  Place,
  Storage,
  Version,
  Write,
} from '../framework/storage.js';
import { checkCanonicalFolder, checkCanonicalKey, isProtected } from './paths.js';

/** What a view needs of the barrier; keys are whole paths. */
export interface EncryptedStorage {
  locate(path: string): Place;
  read(at: Place): Awaitable<Entry | null>;
  readUnless(at: Place, version: Version): Awaitable<Entry | null | 'unchanged'>;
  readMany(paths: readonly string[]): Promise<readonly (Entry | null)[]>;
  listChildren(prefix: string, page: Page): Promise<readonly string[]>;
  write(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void>;
}

/** A key below `prefix`, found to be good. A view of another prefix refuses it. */
class ViewPlace implements Place {
  readonly key: string;
  readonly barrier: EncryptedStorage;
  readonly prefix: string;
  readonly stored: Place;

  constructor(key: string, barrier: EncryptedStorage, prefix: string, stored: Place) {
    this.key = key;
    this.barrier = barrier;
    this.prefix = prefix;
    this.stored = stored;
  }
}

/** @see Storage */
export class BarrierView implements Storage {
  readonly #barrier: EncryptedStorage;
  readonly #prefix: string;

  /** @param prefix '' for all, or a folder with a trailing '/'. @throws ApiError when it is not canonical. */
  constructor(barrier: EncryptedStorage, prefix: string) {
    checkCanonicalFolder(prefix);
    this.#barrier = barrier;
    this.#prefix = prefix;
  }

  locate(key: string): Place {
    const stored = this.#barrier.locate(this.#path(key));
    return new ViewPlace(key, this.#barrier, this.#prefix, stored);
  }

  get(at: string | Place): Awaitable<Entry | null> {
    return this.#barrier.read(this.#storedAt(at));
  }

  getUnless(at: string | Place, version: Version): Awaitable<Entry | null | 'unchanged'> {
    return this.#barrier.readUnless(this.#storedAt(at), version);
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

  #storedAt(at: string | Place): Place {
    if (typeof at === 'string') return this.#barrier.locate(this.#path(at));
    const isOurs =
      at instanceof ViewPlace && at.barrier === this.#barrier && at.prefix === this.#prefix;
    if (isOurs) return at.stored;
    throw new ApiError('internal', 'a place in storage was used with another view');
  }

  #path(key: string): string {
    checkCanonicalKey(key);
    const path = this.#prefix + key;
    if (isProtected(path)) throw invalidRequest('storage key is reserved', 'storage-key');
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

  locate(key: string): Place {
    return this.#storage.locate(key);
  }

  get(at: string | Place): Awaitable<Entry | null> {
    return andThen(this.#storage.get(at), (entry) => this.#take(entry));
  }

  getUnless(at: string | Place, version: Version): Awaitable<Entry | null | 'unchanged'> {
    return andThen(this.#storage.getUnless(at, version), (entry) =>
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

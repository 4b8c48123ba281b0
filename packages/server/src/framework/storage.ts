// What a mount may do with its own part of the barrier, and nothing outside it. Implemented by barrier/ views;
// used by engines, auth methods, tokens, leases, policy and core alike.
import type { Awaitable } from './awaitable.js';
import { ApiError, StorageConflict } from './errors.js';

/**
 * Names one stored state of one key. Opaque; two reads that give the same version gave the same bytes.
 * Unique over the life of the database, also across delete and re-create.
 */
export type Version = number;

/** @property value plaintext; the receiver owns it and wipes it (views bound to a request do that themselves). */
export interface Entry {
  readonly value: Buffer;
  readonly version: Version;
}

/** A key that was looked for once: reading there again costs no search. Good for the storage that located it. */
export interface Place {
  readonly key: string;
}

/** The key that is meant, located or not. */
export function keyAt(at: string | Place): string {
  return typeof at === 'string' ? at : at.key;
}

/** `value` is copied (encrypted) before commit returns its promise; the caller still owns and wipes it. */
export type Write =
  | { readonly put: string; readonly value: Uint8Array }
  | { readonly delete: string };

/** The commit takes place only if `key` is at `version` now; null: only if the key does not exist. */
export interface Expectation {
  readonly key: string;
  readonly version: Version | null;
}

/** @property after exclusive; '' for the beginning. @property limit at least 1. */
export interface Page {
  readonly after: string;
  readonly limit: number;
}

/** The most entries one list call may return. */
export const LIST_LIMIT_MAX = 10_000;

/**
 * Keys are canonical paths: segments of printable characters joined by '/', no leading slash.
 * Confinement is the implementation's duty: no key can reach outside the view's prefix.
 */
export interface Storage {
  /** For keys that are read again and again. Reads nothing. @throws ApiError when the key is not valid */
  locate(key: string): Place;
  /** At hand, or to be waited for: an engine whose cache knows the key answers at once. */
  get(at: string | Place): Awaitable<Entry | null>;
  /** As get, but answers 'unchanged' without decrypting when the key is still at `version`. For caches. */
  getUnless(at: string | Place, version: Version): Awaitable<Entry | null | 'unchanged'>;
  getMany(keys: readonly string[]): Promise<readonly (Entry | null)[]>;
  /**
   * Immediate children of `prefix` ('' or ending in '/'), sorted by UTF-8 bytes: keys as they are, folders once with a trailing '/'.
   */
  list(prefix: string, page: Page): Promise<readonly string[]>;
  /** All writes or none, durable when it resolves. @throws StorageConflict when an expectation does not hold. */
  commit(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void>;
}

const ATTEMPTS_MAX = 64;

/**
 * Runs a read-modify-write again when another writer won. `work` must start from a fresh read each time.
 * Gives up after 64 attempts with 'unavailable', so that a hot key can not hold a request for ever.
 */
export async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
  }
  throw new ApiError('unavailable', 'too many concurrent writes to the same key: try again', {
    code: 'write-contention',
  });
}

/** Reads every child below `prefix`, page by page. For small folders only; callers bound them. */
export async function listAll(storage: Storage, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for (;;) {
    const page = await storage.list(prefix, { after: keys.at(-1) ?? '', limit: LIST_LIMIT_MAX });
    keys.push(...page);
    if (page.length < LIST_LIMIT_MAX) return keys;
  }
}

const DELETE_BATCH = 500;

/**
 * Deletes everything below `prefix` ('' for the whole view), in bounded commits; safe to run again after a crash.
 * Not atomic as a whole: callers first make the data unreachable.
 */
export async function deleteAll(storage: Storage, prefix: string): Promise<void> {
  for (;;) {
    const children = await storage.list(prefix, { after: '', limit: DELETE_BATCH });
    if (children.length === 0) return;
    const keys = children.filter((child) => !child.endsWith('/')).map((child) => prefix + child);
    if (keys.length > 0)
      await storage.commit(
        keys.map((key) => ({ delete: key })),
        [],
      );
    for (const child of children) {
      if (child.endsWith('/')) await deleteAll(storage, prefix + child);
    }
  }
}

/** A part of a view, itself a view. `prefix` ends in '/'. */
export function subView(storage: Storage, prefix: string): Storage {
  const within = (at: string | Place): string | Place =>
    typeof at === 'string' ? prefix + at : at;
  return {
    locate: (key) => storage.locate(prefix + key),
    get: (at) => storage.get(within(at)),
    getUnless: (at, version) => storage.getUnless(within(at), version),
    getMany: (keys) => storage.getMany(keys.map((key) => prefix + key)),
    list: (folder, page) => storage.list(prefix + folder, page),
    commit: (writes, expectations) =>
      storage.commit(
        writes.map((write) =>
          'put' in write
            ? { put: prefix + write.put, value: write.value }
            : { delete: prefix + write.delete },
        ),
        expectations.map(({ key, version }) => ({ key: prefix + key, version })),
      ),
  };
}

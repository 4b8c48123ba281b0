// Durable ciphertext. A storage engine is untrusted: it may lie, and the barrier will notice. It must never see a
// plaintext or a key, and it is the only truth: whoever reads, modifies and writes goes through commit().
import type { Awaitable } from '../framework/awaitable.js';
import { ApiError, StorageConflict } from '../framework/errors.js';
import type { Expectation, Page, Place, Version } from '../framework/storage.js';
import { LIST_LIMIT_MAX } from '../framework/storage.js';

/** UTF-8 bytes of a key. Views add their prefix, so a mount has some 100 bytes less. */
export const KEY_BYTES_MAX = 2048;
/** One stored value: the 1 MiB that clients may store, and room for the barrier's and an engine's own framing. */
export const VALUE_BYTES_MAX = 1_048_576 + 65_536;
/** All values of one commit together. Also the most that one synced group holds. */
export const COMMIT_BYTES_MAX = 16_777_216;
/** Puts and deletes in one commit. */
export const COMMIT_WRITES_MAX = 8192;

/**
 * @property value ciphertext, shared with the engine's cache: read only.
 * @property version see `Version`; unique for the life of the database, across keys, deletes and restarts.
 */
export interface StoredEntry {
  readonly value: Buffer;
  readonly version: Version;
}

/** `value` is handed over: the caller must not change it afterwards. */
export type StoredWrite =
  | { readonly put: string; readonly value: Buffer }
  | { readonly delete: string };

/**
 * What every storage engine offers; `conformance.ts` says precisely what that means. Errors: StorageConflict,
 * and ApiError of kind 'unavailable' (full disk, closed, broken) or 'payload-too-large'.
 */
export interface StorageEngine {
  /** 'file' or 'inmem': `storage_type` of sys/seal-status. */
  readonly type: string;
  /** Reads nothing, and says nothing of whether the key is there. */
  locate(key: string): Place;
  /** At once where a cache knows the answer. */
  get(at: string | Place): Awaitable<StoredEntry | null>;
  getMany(keys: readonly string[]): Promise<readonly (StoredEntry | null)[]>;
  /** Immediate children of `prefix` in the order of their UTF-8 bytes; a folder once, with a trailing '/'. */
  list(prefix: string, page: Page): Promise<readonly string[]>;
  /**
   * All writes or none, durable when it resolves. No key twice. When it rejects with 'unavailable' the outcome is
   * unknown (all or nothing): read again. @throws StorageConflict when an expectation does not hold.
   */
  commit(writes: readonly StoredWrite[], expectations: readonly Expectation[]): Promise<void>;
  /** Waits for the commits already accepted. Everything after it fails with 'unavailable'. */
  close(): Promise<void>;
}

/** The key a write changes. */
export function keyOf(write: StoredWrite): string {
  return 'put' in write ? write.put : write.delete;
}

/** @throws ApiError when `key` is empty, too long, holds NUL or is not well-formed Unicode. Never echoes it. */
export function checkKey(key: string): void {
  if (key === '' || key.includes('\0') || /\p{Surrogate}/u.test(key)) {
    throw new ApiError('invalid-request', 'storage key is not valid', { code: 'storage-key' });
  }
  if (key.length * 3 > KEY_BYTES_MAX && Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new ApiError('invalid-request', `storage key is longer than ${KEY_BYTES_MAX} bytes`, {
      code: 'storage-key-too-long',
    });
  }
}

/** @throws ApiError when the page asks for nothing or too much, or `prefix` is not a folder. */
export function checkList(prefix: string, page: Page): void {
  if (prefix !== '' && !prefix.endsWith('/')) throw new TypeError('list prefix is not a folder');
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > LIST_LIMIT_MAX) {
    throw new ApiError('invalid-request', `list limit is not within 1 and ${LIST_LIMIT_MAX}`);
  }
}

/** Bytes of all values. @throws ApiError when a bound is exceeded; TypeError when a key is written twice. */
export function checkCommit(
  writes: readonly StoredWrite[],
  expectations: readonly Expectation[],
): number {
  if (writes.length > COMMIT_WRITES_MAX || expectations.length > COMMIT_WRITES_MAX) {
    throw tooLarge(`commit has more than ${COMMIT_WRITES_MAX} writes`);
  }
  const seen = new Set<string>();
  let bytes = 0;
  for (const write of writes) {
    const key = keyOf(write);
    checkKey(key);
    seen.add(key);
    if (!('put' in write)) continue;
    if (write.value.length > VALUE_BYTES_MAX) {
      throw tooLarge(`storage entry is larger than ${VALUE_BYTES_MAX} bytes`);
    }
    bytes += write.value.length;
  }
  if (seen.size !== writes.length) throw new TypeError('commit writes the same key twice');
  for (const expectation of expectations) checkKey(expectation.key);
  if (bytes > COMMIT_BYTES_MAX) throw tooLarge(`commit is larger than ${COMMIT_BYTES_MAX} bytes`);
  return bytes;
}

function tooLarge(message: string): ApiError {
  return new ApiError('payload-too-large', message, { code: 'storage-entry-too-large' });
}

/** The first key a page can hold: past the folder or key that `after` names. Inclusive unless `after` is a key. */
export function pageStart(
  prefix: string,
  after: string,
): { readonly key: string; readonly inclusive: boolean } {
  if (after === '') return { key: prefix, inclusive: true };
  const slash = after.indexOf('/');
  if (slash === -1) return { key: prefix + after, inclusive: false };
  return { key: pastFolder(prefix + after.slice(0, slash + 1)), inclusive: true };
}

/** The smallest key after everything in `folder` (which ends in '/'): '0' is the byte after '/'. */
export function pastFolder(folder: string): string {
  return `${folder.slice(0, -1)}0`;
}

/** Conflicts name no key: the text may reach a client. */
export function conflict(): StorageConflict {
  return new StorageConflict('storage conflict: an expected version has changed');
}

/** 503: nothing was promised to be stored. */
export function unavailable(message: string, code: string): ApiError {
  return new ApiError('unavailable', message, { code });
}

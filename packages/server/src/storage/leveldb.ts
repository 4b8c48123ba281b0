// `storage "file"`: LevelDB in one directory that belongs to one process. All commits go through one queue, which
// checks expectations and syncs once per group. After a failed write nothing is written before the database has been
// opened anew: LevelDB could otherwise bring the failed write back at the next start.
import type { Awaitable } from '../framework/awaitable.js';
import { ApiError } from '../framework/errors.js';
import {
  type Expectation,
  keyAt,
  type Page,
  type Place,
  type Version,
} from '../framework/storage.js';
import type { StorageEngine, StoredEntry, StoredWrite } from './engine.js';
import {
  COMMIT_BYTES_MAX,
  checkCommit,
  checkKey,
  checkList,
  conflict,
  keyOf,
  pageStart,
  pastFolder,
  unavailable,
} from './engine.js';
import { EntryCache } from './entry-cache.js';
import type { Level } from './leveldb-open.js';
import { hasRoomToRecover, isDiskFull, openLevel, reopenLevel } from './leveldb-open.js';

/** Before every key that a client can reach: keys hold no NUL. Its value is the last version given out. */
const LAST_VERSION_KEY = '\0last-version';
const FIRST_KEY = '\x01';
const VERSION_BYTES = 8;
const CACHE_BYTES_DEFAULT = 67_108_864;
const LIST_CHUNK_MIN = 16;
const LIST_CHUNK_MAX = 1000;

interface PendingCommit {
  readonly writes: readonly StoredWrite[];
  readonly expectations: readonly Expectation[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One synced batch in the making. `entries`: what the keys will be, null for deleted. */
interface Group {
  readonly accepted: PendingCommit[];
  readonly entries: Map<string, StoredEntry | null>;
  readonly operations: LevelOperation[];
}

type LevelOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: string };

export interface LevelDbOptions {
  readonly directory: string;
  /** Ciphertext kept in memory; 64 MiB when absent. */
  readonly cacheBytesMax?: number;
}

/** @see StorageEngine */
export class LevelDbEngine implements StorageEngine {
  readonly type = 'file';
  readonly #directory: string;
  readonly #level: Level;
  readonly #cache: EntryCache;
  #lastVersion: Version;
  #pending: PendingCommit[] = [];
  /** Settles when the queue is empty; null when nothing is being written. */
  #draining: Promise<void> | null = null;
  #broken = false;
  #reopening: Promise<void> | null = null;
  #closed = false;

  private constructor(directory: string, level: Level, cacheBytesMax: number) {
    this.#directory = directory;
    this.#level = level;
    this.#cache = new EntryCache(cacheBytesMax);
    this.#lastVersion = readLastVersion(level);
  }

  /** @throws StorageOpenError when the directory is not writable, locked, corrupt, or the disk full. */
  static async open(options: LevelDbOptions): Promise<LevelDbEngine> {
    const level = await openLevel(options.directory);
    const cacheBytesMax = options.cacheBytesMax ?? CACHE_BYTES_DEFAULT;
    return new LevelDbEngine(options.directory, level, cacheBytesMax);
  }

  locate(key: string): Place {
    return this.#cache.locate(key);
  }

  /** Not async where the answer is at hand: every request asks several times. */
  get(at: string | Place): Awaitable<StoredEntry | null> {
    const cached = this.#cache.find(at);
    return cached !== undefined && !this.#closed ? cached : this.#getStored(keyAt(at));
  }

  async #getStored(key: string): Promise<StoredEntry | null> {
    checkKey(key);
    await this.#readable();
    return this.#read(key);
  }

  async getMany(keys: readonly string[]): Promise<readonly (StoredEntry | null)[]> {
    return await Promise.all(keys.map((key) => this.get(key)));
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    checkList(prefix, page);
    await this.#readable();
    const children: string[] = [];
    const start = pageStart(prefix, page.after);
    const first = start.key === '' ? FIRST_KEY : start.key;
    const keys = this.#level.keys({
      ...(start.inclusive ? { gte: first } : { gt: first }),
      ...(prefix === '' ? {} : { lt: pastFolder(prefix) }),
    });
    try {
      let chunkLength = Math.min(page.limit, LIST_CHUNK_MIN);
      for (;;) {
        const chunk = await keys.nextv(chunkLength);
        const folder = collectChildren(chunk, prefix, children, page.limit);
        // A chunk may also be short because it has many bytes: only an empty one is the end.
        if (chunk.length === 0 || children.length >= page.limit) return children;
        // The chunk ended inside a folder: jump over the rest of it.
        if (folder !== null) keys.seek(pastFolder(folder));
        chunkLength = folder === null ? Math.min(chunkLength * 2, LIST_CHUNK_MAX) : LIST_CHUNK_MIN;
      }
    } catch (error) {
      throw readFailure(error);
    } finally {
      await keys.close();
    }
  }

  async commit(
    writes: readonly StoredWrite[],
    expectations: readonly Expectation[],
  ): Promise<void> {
    if (this.#closed) throw unavailable('storage is closed', 'storage-closed');
    const bytes = checkCommit(writes, expectations);
    await new Promise<void>((resolve, reject) => {
      this.#pending.push({ writes, expectations, bytes, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    this.#cache.clear();
    if (this.#level.status === 'open') await this.#level.close();
  }

  async #drain(): Promise<void> {
    // Lets every commit of this turn of the event loop join the group.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const commits = this.#takeGroup();
      try {
        if (this.#broken) await this.#recover();
        await this.#write(this.#buildGroup(commits));
      } catch (error) {
        for (const commit of commits) commit.reject(error);
      }
    }
    this.#draining = null;
  }

  #takeGroup(): readonly PendingCommit[] {
    let bytes = 0;
    let count = 0;
    for (const commit of this.#pending) {
      bytes += commit.bytes;
      if (count > 0 && bytes > COMMIT_BYTES_MAX) break;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  /** Judges each commit by what is stored and what the group's earlier commits change; conflicts fail alone. */
  #buildGroup(commits: readonly PendingCommit[]): Group {
    const group: Group = { accepted: [], entries: new Map(), operations: [] };
    for (const commit of commits) {
      try {
        if (!this.#holds(commit.expectations, group)) throw conflict();
      } catch (error) {
        commit.reject(error);
        continue;
      }
      group.accepted.push(commit);
      for (const write of commit.writes) this.#addWrite(write, group);
    }
    return group;
  }

  #holds(expectations: readonly Expectation[], group: Group): boolean {
    return expectations.every(({ key, version }) => {
      const changed = group.entries.get(key);
      const known = changed === undefined ? this.#cache.find(key) : changed;
      const entry = known === undefined ? this.#read(key) : known;
      return (entry?.version ?? null) === version;
    });
  }

  #addWrite(write: StoredWrite, group: Group): void {
    const key = keyOf(write);
    if ('delete' in write) {
      group.entries.set(key, null);
      group.operations.push({ type: 'del', key });
      return;
    }
    this.#lastVersion += 1;
    const stored = encodeEntry(this.#lastVersion, write.value);
    group.entries.set(key, {
      value: stored.subarray(VERSION_BYTES),
      version: this.#lastVersion,
    });
    group.operations.push({ type: 'put', key, value: stored });
  }

  async #write({ accepted, entries, operations }: Group): Promise<void> {
    if (operations.length > 0) {
      // Given one by one, since an array of operations costs abstract-level three times as much.
      const batch = this.#level.batch();
      try {
        for (const operation of operations) {
          if (operation.type === 'put') batch.put(operation.key, operation.value);
          else batch.del(operation.key);
        }
        batch.put(LAST_VERSION_KEY, encodeEntry(this.#lastVersion, Buffer.alloc(0)));
        await batch.write({ sync: true });
      } catch (error) {
        this.#broken = true;
        throw writeFailure(error);
      }
      for (const [key, entry] of entries) this.#cache.set(key, entry);
    }
    for (const commit of accepted) commit.resolve();
  }

  /** Opens the database anew after a failed write. Until the disk has room again, reads go on from the old instance. */
  async #recover(): Promise<void> {
    if (this.#level.status === 'open' && !(await hasRoomToRecover(this.#directory))) {
      throw unavailable('storage is full: free some space on its disk', 'storage-full');
    }
    this.#reopening = this.#reopen();
    try {
      await this.#reopening;
    } catch (error) {
      throw writeFailure(error);
    } finally {
      this.#reopening = null;
    }
  }

  async #reopen(): Promise<void> {
    if (this.#level.status === 'open') await this.#level.close();
    await reopenLevel(this.#level, this.#directory);
    // The write that failed may have come back whole: what was cached before it is no longer certain.
    this.#cache.clear();
    this.#lastVersion = Math.max(this.#lastVersion, readLastVersion(this.#level));
    this.#broken = false;
  }

  async #readable(): Promise<void> {
    if (this.#reopening !== null) await this.#reopening.catch(() => {});
    if (this.#closed) throw unavailable('storage is closed', 'storage-closed');
    if (this.#level.status !== 'open') {
      throw unavailable('storage failed and could not be opened again', 'storage-failed');
    }
  }

  #read(key: string): StoredEntry | null {
    try {
      const stored = getSync(this.#level, key);
      const entry =
        stored === undefined
          ? null
          : { value: stored.subarray(VERSION_BYTES), version: readVersion(stored) };
      this.#cache.set(key, entry);
      return entry;
    } catch (error) {
      throw readFailure(error);
    }
  }
}

/**
 * The key goes in as bytes: given text, classic-level 3.0.0 copies it into a shared buffer and silently cuts it where
 * a character of several bytes crosses the end of that buffer (index.js, _getSync).
 */
function getSync(level: Level, key: string): Buffer | undefined {
  return level.getSync<Buffer>(Buffer.from(key, 'utf8'), { keyEncoding: 'buffer' });
}

/** Adds what `chunk` holds of the children; gives the folder its last key is in, or null. */
function collectChildren(
  chunk: readonly string[],
  prefix: string,
  children: string[],
  limit: number,
): string | null {
  let folder: string | null = null;
  for (const key of chunk) {
    if (folder !== null && key.startsWith(folder)) continue;
    if (children.length >= limit) return folder;
    const slash = key.indexOf('/', prefix.length);
    folder = slash === -1 ? null : key.slice(0, slash + 1);
    children.push((folder ?? key).slice(prefix.length));
  }
  return folder;
}

function encodeEntry(version: Version, value: Buffer): Buffer {
  const stored = Buffer.allocUnsafe(VERSION_BYTES + value.length);
  stored.writeUInt32BE(Math.floor(version / 0x1_0000_0000), 0);
  stored.writeUInt32BE(version >>> 0, 4);
  value.copy(stored, VERSION_BYTES);
  return stored;
}

/** @throws Error when the prefix is missing or beyond what a number holds exactly. */
function readVersion(stored: Buffer): Version {
  if (stored.length < VERSION_BYTES) throw new Error('stored entry is too short');
  const version = stored.readUInt32BE(0) * 0x1_0000_0000 + stored.readUInt32BE(4);
  if (!Number.isSafeInteger(version)) throw new Error('stored version is out of range');
  return version;
}

function readLastVersion(level: Level): Version {
  const stored = getSync(level, LAST_VERSION_KEY);
  return stored === undefined ? 0 : readVersion(stored);
}

function writeFailure(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return isDiskFull(cause)
    ? unavailable('storage is full: free some space on its disk', 'storage-full')
    : unavailable('storage write failed: the outcome is unknown, read again', 'storage-failed');
}

function readFailure(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return unavailable('storage read failed: its files may be damaged', 'storage-read-failed');
}

// Where KV v2 keeps things in its view, and how a key changes: one commit per change, metadata and versions together.
//
//   layout            which layout this is (2) and the salt that names versions
//   config            settings of the mount
//   metadata/PATH     a key's metadata; the path is legible to whoever reads the storage engine, because listing needs it
//   versions/NAME     one version's value, exactly as it came; NAME = HMAC(salt, path and number) and says nothing
import { randomBytes } from 'node:crypto';
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import { ApiError, StorageConflict, TamperingError } from '../../framework/errors.js';
import { encodeJson } from '../../framework/json/encode.js';
import { Identity, JsonText, type JsonValue, RawJson } from '../../framework/json/value.js';
import { keptBytes } from '../../framework/kept-bytes.js';
import { KeyedHash } from '../../framework/keyed-hash.js';
import {
  type Entry,
  type Place,
  retryOnConflict,
  type Storage,
  type Version,
  type Write,
} from '../../framework/storage.js';
import {
  DEFAULT_CONFIG,
  encodeMetadata,
  findVersion,
  isDeleted,
  type KeyMetadata,
  type KvConfig,
  parseMetadata,
  type VersionInfo,
  versionAnswer,
} from './metadata.js';
import { Turnstile } from './turnstile.js';

export const LAYOUT_KEY = 'layout';
const CONFIG_KEY = 'config';
export const METADATA_FOLDER = 'metadata/';
const VERSIONS_FOLDER = 'versions/';
/** Parsed metadata kept in memory: so many keys, and only those whose entry is short. */
const CACHED_KEYS_MAX = 8192;
const CACHED_BYTES_MAX = 4096;
const SALT_BYTES = 32;
/** Numbers and paths that are hashed the short way. */
const SHORT_BYTES_MAX = 1024;

/** A key's metadata at one stored state. */
export class KeyState {
  /** Where the metadata lies. */
  readonly place: Place;
  readonly metadata: KeyMetadata;
  readonly version: Version;
  #current: CurrentVersion | null = null;

  constructor(place: Place, metadata: KeyMetadata, version: Version) {
    this.place = place;
    this.metadata = metadata;
    this.version = version;
  }

  /** The current version; null when there is none. `locate` tells where a version's value lies. */
  current(locate: (number: number) => Place): CurrentVersion | null {
    if (this.#current !== null) return this.#current;
    const info = findVersion(this.metadata, 0);
    if (info === null) return null;
    const answer = new JsonText(keptBytes(encodeJson(versionAnswer(info, this.metadata))));
    this.#current = { info, place: locate(info.number), answer, value: null };
    return this.#current;
  }
}

/** Made once, when it is first read: most reads are of it. */
interface CurrentVersion {
  readonly info: VersionInfo;
  /** Where its value lies. */
  readonly place: Place;
  /** JSON of versionAnswer(). */
  readonly answer: JsonText;
  /** The value as it was stored when it was last read. */
  value: { readonly version: Version; readonly identity: Identity } | null;
}

/** The same one for the same stored state. */
function identify(current: CurrentVersion, { version }: Entry): Identity {
  if (current.value?.version !== version) current.value = { version, identity: new Identity() };
  return current.value.identity;
}

/**
 * @property value null when the version is deleted or destroyed.
 * @property about what data/ says of the version.
 */
export interface Reading {
  readonly metadata: KeyMetadata;
  readonly version: VersionInfo;
  readonly value: RawJson | null;
  readonly about: JsonValue;
}

/** What a change to a key writes. @property next null deletes the key. */
export interface KeyChange<T> {
  readonly next: KeyMetadata | null;
  /** Values to store, by version number. */
  readonly values: readonly { readonly number: number; readonly value: Uint8Array }[];
  /** Numbers of versions whose values go. */
  readonly dropped: readonly number[];
  readonly result: T;
}

/** One per mounted backend. Its caches are valid only for the exact stored version they were made from. */
export class KeyStore {
  readonly #cache = new Map<string, KeyState>();
  readonly #turnstile = new Turnstile();
  /** Under the mount's salt; null before open() and after close(). */
  #names: KeyedHash | null = null;
  #config: { readonly version: Version; readonly value: KvConfig } | null = null;

  /**
   * Makes sure that the view has this layout. From then on KV v1 writes to it fail their expectation.
   * Idempotent; must have resolved before anything else is called.
   */
  async open(storage: Storage): Promise<void> {
    if (this.#names !== null) return;
    await retryOnConflict(async () => {
      const entry = await storage.get(LAYOUT_KEY);
      if (entry !== null) {
        this.#useSalt(parseLayout(entry.value));
        entry.value.fill(0);
        return;
      }
      const salt = randomBytes(SALT_BYTES).toString('hex');
      const value = Buffer.from(JSON.stringify({ layout: 2, salt }));
      await storage.commit([{ put: LAYOUT_KEY, value }], [{ key: LAYOUT_KEY, version: null }]);
      this.#useSalt(Buffer.from(salt, 'hex'));
    });
  }

  #useSalt(salt: Buffer): void {
    this.#names = new KeyedHash(salt, SHORT_BYTES_MAX);
    salt.fill(0);
  }

  /** Forgets everything; calls after this fail. */
  close(): void {
    this.#names?.close();
    this.#names = null;
    this.#cache.clear();
    this.#config = null;
  }

  /** Name of a version's value in storage. */
  versionKey(path: string, number: number): string {
    if (this.#names === null) throw new ApiError('unavailable', 'key-value store is not open');
    return VERSIONS_FOLDER + this.#names.hex(`${number}/${path}`);
  }

  #remember(path: string, place: Place, entry: Entry): KeyState {
    const metadata = parseMetadata(entry.value);
    const state = new KeyState(place, metadata, entry.version);
    this.#cache.delete(path);
    if (entry.value.length > CACHED_BYTES_MAX) return state;
    this.#cache.set(path, state);
    const oldest = this.#cache.keys().next().value;
    if (this.#cache.size > CACHED_KEYS_MAX && oldest !== undefined) this.#cache.delete(oldest);
    return state;
  }

  #settle(path: string, place: Place, entry: Entry | null): KeyState | null {
    if (entry !== null) return this.#remember(path, place, entry);
    this.#cache.delete(path);
    return null;
  }

  find(storage: Storage, path: string): Awaitable<KeyState | null> {
    const cached = this.#cache.get(path);
    if (cached === undefined) {
      const place = storage.locate(METADATA_FOLDER + path);
      return andThen(storage.get(place), (entry) => this.#settle(path, place, entry));
    }
    const { place } = cached;
    return andThen(storage.getUnless(place, cached.version), (entry) =>
      entry === 'unchanged' ? cached : this.#settle(path, place, entry),
    );
  }

  /**
   * One version (0: the current one) and its value, or null when there is no such version. A deleted or destroyed
   * version has no value. The value is the bytes that were written and belongs to whoever owns what `storage` returns.
   * @throws TamperingError when metadata says that the value is there and it is not.
   */
  read(storage: Storage, path: string, number: number, now: number): Awaitable<Reading | null> {
    const reading = this.#read(storage, path, number, now);
    if (!(reading instanceof Promise)) return reading;
    // The key moved on between its metadata and its value: only where there was something to wait for.
    return reading.catch((error: unknown) => {
      if (!(error instanceof StorageConflict)) throw error;
      return retryOnConflict(async () => await this.#read(storage, path, number, now));
    });
  }

  #read(storage: Storage, path: string, number: number, now: number): Awaitable<Reading | null> {
    return andThen(this.find(storage, path), (state) => {
      if (state === null) return null;
      const { metadata } = state;
      const current = this.#currentOf(storage, path, state);
      const isCurrent = number === 0 || number === current?.info.number;
      const version = isCurrent ? (current?.info ?? null) : findVersion(metadata, number);
      if (version === null) return null;
      const about =
        isCurrent && current !== null ? current.answer : versionAnswer(version, metadata);
      if (version.destroyed || isDeleted(version, now)) {
        return { metadata, version, value: null, about };
      }
      return andThen(this.valueAt(storage, path, state, version.number), (value) => ({
        metadata,
        version,
        value,
        about,
      }));
    });
  }

  /**
   * A value that `state` says is there. @throws StorageConflict when the key moved on since, TamperingError when not:
   * metadata and values are written together, so a missing value was taken away.
   */
  valueAt(storage: Storage, path: string, state: KeyState, number: number): Awaitable<RawJson> {
    const newest = this.#currentOf(storage, path, state);
    const current = newest?.info.number === number ? newest : null;
    return andThen(storage.get(current?.place ?? this.versionKey(path, number)), (entry) =>
      entry === null
        ? this.#explainMissing(storage, path, state)
        : new RawJson(entry.value, current === null ? null : identify(current, entry)),
    );
  }

  #currentOf(storage: Storage, path: string, state: KeyState): CurrentVersion | null {
    return state.current((number) => storage.locate(this.versionKey(path, number)));
  }

  async #explainMissing(storage: Storage, path: string, state: KeyState): Promise<never> {
    const again = await this.find(storage, path);
    if (again?.version !== state.version) throw new StorageConflict('key changed while being read');
    throw new TamperingError('a version that the metadata names has no value');
  }

  /** Metadata of many keys at once, for detailed listings; keys that are gone by now are left out. */
  async findMany(
    storage: Storage,
    paths: readonly string[],
  ): Promise<ReadonlyMap<string, KeyMetadata>> {
    const entries = await storage.getMany(paths.map((path) => METADATA_FOLDER + path));
    const found = new Map<string, KeyMetadata>();
    paths.forEach((path, index) => {
      const entry = entries[index];
      if (entry) found.set(path, parseMetadata(entry.value));
    });
    return found;
  }

  /**
   * Read, decide, write, again if somebody else wrote in between. `decide` sees the key as it is (null: absent) and
   * returns what to write, or null for nothing; it may run several times.
   */
  async change<T>(
    storage: Storage,
    path: string,
    decide: (state: KeyState | null) => Promise<KeyChange<T> | null>,
  ): Promise<T | null> {
    return await this.#turnstile.pass(path, () =>
      retryOnConflict(async () => {
        const state = await this.find(storage, path);
        const change = await decide(state);
        if (change === null) return null;
        const key = METADATA_FOLDER + path;
        const writes: Write[] = [
          change.next === null ? { delete: key } : { put: key, value: encodeMetadata(change.next) },
        ];
        for (const { number, value } of change.values) {
          writes.push({ put: this.versionKey(path, number), value });
        }
        for (const number of change.dropped) {
          writes.push({ delete: this.versionKey(path, number) });
        }
        await storage.commit(writes, [{ key, version: state?.version ?? null }]);
        return change.result;
      }),
    );
  }

  async config(storage: Storage): Promise<KvConfig> {
    const cached = this.#config;
    const entry =
      cached === null
        ? await storage.get(CONFIG_KEY)
        : await storage.getUnless(CONFIG_KEY, cached.version);
    if (entry === 'unchanged') return cached?.value ?? DEFAULT_CONFIG;
    if (entry === null) {
      this.#config = null;
      return DEFAULT_CONFIG;
    }
    const value = parseConfig(entry.value);
    this.#config = { version: entry.version, value };
    return value;
  }

  async changeConfig(storage: Storage, change: (config: KvConfig) => KvConfig): Promise<void> {
    await retryOnConflict(async () => {
      const entry = await storage.get(CONFIG_KEY);
      const before = entry === null ? DEFAULT_CONFIG : parseConfig(entry.value);
      const value = Buffer.from(JSON.stringify(change(before)));
      const expectation = { key: CONFIG_KEY, version: entry?.version ?? null };
      await storage.commit([{ put: CONFIG_KEY, value }], [expectation]);
    });
  }
}

function parseConfig(stored: Buffer): KvConfig {
  return { ...DEFAULT_CONFIG, ...(JSON.parse(stored.toString('utf8')) as Partial<KvConfig>) };
}

function parseLayout(stored: Buffer): Buffer {
  const parsed = JSON.parse(stored.toString('utf8')) as { layout?: unknown; salt?: unknown };
  if (parsed.layout !== 2 || typeof parsed.salt !== 'string') {
    throw new TamperingError('key-value store has an unknown layout');
  }
  return Buffer.from(parsed.salt, 'hex');
}

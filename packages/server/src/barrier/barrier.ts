// Encrypts every byte that reaches storage, and holds the keys to it while unsealed. Must never see a mount's plaintext
// outside read and write, never answer "not there" for what does not open, and keep no key after seal().
import { timingSafeEqual } from 'node:crypto';
import { type Awaitable, andThen } from '../framework/awaitable.js';
import { ApiError } from '../framework/errors.js';
import type {
  Entry,
  Expectation,
  Page,
  Place,
  Storage,
  Version,
  Write,
} from '../framework/storage.js';
import { retryOnConflict } from '../framework/storage.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';
import type { StorageEngine, StoredEntry, StoredWrite } from '../storage/engine.js';
import type { RotationConfig } from './keyring.js';
import {
  type Keyring,
  MAX_OPERATIONS_DEFAULT,
  MAX_OPERATIONS_MIN,
  ROTATION_INTERVAL_SECONDS_MIN,
} from './keyring.js';
import { KEYRING_PATH, ROOT_KEY_PATH } from './paths.js';
import { KEY_BYTES, openRecord, parseTerm, sealRecord, tampered } from './record.js';
import {
  findKeyring,
  keyringWrite,
  openKeyring,
  openRootKey,
  rootKeyWrites,
} from './stored-keyring.js';
import type { EncryptedStorage } from './view.js';
import { BarrierView } from './view.js';

/** Encryptions that a process reserves at once: what a crash can make the count too high by. */
const RESERVATION = 65_536;

/** As sys/key-status shows it. */
export interface KeyStatus {
  readonly term: number;
  /** Milliseconds since the epoch. */
  readonly installedAt: number;
  readonly encryptions: number;
}

/** Replaced as a whole, never mutated. Its keys are used within one turn: after an await it may be another. */
interface Unsealed {
  readonly rootKey: SecretBuffer;
  readonly keyring: Keyring;
  /** Of the stored keyring this one was read from. */
  readonly version: Version;
}

export interface BarrierOptions {
  readonly engine: StorageEngine;
  readonly memory: SecretMemory;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Sealed after construction. Several processes may have the same database open through it: each picks up a keyring
 * or root key that another one changed. Sealed, every operation throws ApiError 'sealed'.
 */
export class Barrier implements EncryptedStorage {
  readonly #engine: StorageEngine;
  readonly #memory: SecretMemory;
  readonly #now: () => number;
  #unsealed: Unsealed | null = null;
  /** Encryptions by this process under the active term, and how many of them are reserved in storage. */
  #spent = 0;
  #reserved = 0;
  #reserving: Promise<void> | null = null;

  constructor(options: BarrierOptions) {
    this.#engine = options.engine;
    this.#memory = options.memory;
    this.#now = options.now;
  }

  get isSealed(): boolean {
    return this.#unsealed === null;
  }

  /** Whether the database has a keyring at all; also answers while sealed. */
  async isInitialised(): Promise<boolean> {
    return (await this.#engine.get(KEYRING_PATH)) !== null;
  }

  /** Takes the root key over, also when it fails. @throws TamperingError when the keyring does not open under it. */
  async unseal(rootKey: SecretBuffer): Promise<void> {
    try {
      const stored = await this.#engine.get(KEYRING_PATH);
      if (stored === null) throw new ApiError('not-initialized', 'Vault is not initialized');
      this.seal();
      this.#install(rootKey, openKeyring(stored, rootKey, this.#memory), stored.version);
    } catch (error) {
      rootKey.free();
      throw error;
    }
  }

  /** Wipes every key. Operations that are under way fail. */
  seal(): void {
    const unsealed = this.#unsealed;
    this.#unsealed = null;
    this.#spent = 0;
    this.#reserved = 0;
    unsealed?.keyring.free();
    unsealed?.rootKey.free();
  }

  /** @param prefix '' or a folder with a trailing '/' */
  view(prefix: string): Storage {
    return new BarrierView(this, prefix);
  }

  /** Whether `candidate` is the root key. Constant time. */
  async isRootKey(candidate: SecretBuffer): Promise<boolean> {
    await this.#reload();
    const { rootKey } = this.#requireUnsealed();
    return candidate.length === KEY_BYTES && timingSafeEqual(rootKey.bytes, candidate.bytes);
  }

  locate(path: string): Place {
    return this.#engine.locate(path);
  }

  read(at: Place): Awaitable<Entry | null> {
    this.#requireUnsealed();
    return andThen(this.#engine.get(at), (stored) =>
      stored === null ? null : this.#openStored(at.key, stored),
    );
  }

  readUnless(at: Place, version: Version): Awaitable<Entry | null | 'unchanged'> {
    this.#requireUnsealed();
    return andThen(this.#engine.get(at), (stored) => {
      if (stored === null) return null;
      return stored.version === version ? 'unchanged' : this.#openStored(at.key, stored);
    });
  }

  async readMany(paths: readonly string[]): Promise<readonly (Entry | null)[]> {
    this.#requireUnsealed();
    const stored = await this.#engine.getMany(paths);
    const entries: (Entry | null)[] = [];
    try {
      for (const [index, path] of paths.entries()) {
        const each = stored[index] ?? null;
        entries.push(each === null ? null : await this.#openStored(path, each));
      }
    } catch (error) {
      for (const entry of entries) entry?.value.fill(0);
      throw error;
    }
    return entries;
  }

  async listChildren(prefix: string, page: Page): Promise<readonly string[]> {
    this.#requireUnsealed();
    const children = await this.#engine.list(prefix, page);
    this.#requireUnsealed();
    return children;
  }

  /** Encrypts before it returns its promise. @see Storage.commit */
  async write(writes: readonly Write[], expectations: readonly Expectation[]): Promise<void> {
    const { key, term } = this.#requireUnsealed().keyring.active;
    const stored = writes.map((write): StoredWrite => {
      if ('delete' in write) return write;
      this.#spent += 1;
      return { put: write.put, value: sealRecord(key, term, write.put, write.value) };
    });
    if (this.#spent > this.#reserved) {
      // Nothing that is not counted gets stored.
      this.#reserving ??= this.#reserve().finally(() => {
        this.#reserving = null;
      });
      await this.#reserving;
    }
    await this.#engine.commit(stored, expectations);
  }

  /** Begins a new term; what is stored stays readable under the older ones. */
  async rotate(): Promise<void> {
    await this.#changeKeyring((keyring) => keyring.withNextTerm(this.#memory, this.#now()));
  }

  /** Rotates when the active term is older than the configured interval. Call it every few minutes. */
  async rotateIfDue(): Promise<boolean> {
    const isDue = ({ rotation, active }: Keyring): boolean =>
      rotation.enabled &&
      rotation.intervalSeconds > 0 &&
      this.#now() - active.installedAt >= rotation.intervalSeconds * 1000;
    if (!isDue(this.#requireUnsealed().keyring)) return false;
    let rotated = false;
    await this.#changeKeyring((keyring) => {
      rotated = isDue(keyring);
      return rotated ? keyring.withNextTerm(this.#memory, this.#now()) : keyring;
    });
    return rotated;
  }

  async keyStatus(): Promise<KeyStatus> {
    await this.#reload();
    const { term, installedAt, encryptions } = this.#requireUnsealed().keyring.active;
    return { term, installedAt, encryptions: encryptions - this.#reserved + this.#spent };
  }

  async rotationConfig(): Promise<RotationConfig> {
    await this.#reload();
    return this.#requireUnsealed().keyring.rotation;
  }

  /** @throws ApiError invalid-request when a bound is not kept. */
  async setRotationConfig(rotation: RotationConfig): Promise<void> {
    const { maxOperations, intervalSeconds } = rotation;
    if (!inRange(maxOperations, MAX_OPERATIONS_MIN, MAX_OPERATIONS_DEFAULT)) {
      throw new ApiError(
        'invalid-request',
        `max_operations must be within ${MAX_OPERATIONS_MIN} and ${MAX_OPERATIONS_DEFAULT}`,
      );
    }
    if (intervalSeconds !== 0 && !inRange(intervalSeconds, ROTATION_INTERVAL_SECONDS_MIN, 1e10)) {
      throw new ApiError('invalid-request', 'interval must be 0, or at least 24 hours');
    }
    await this.#changeKeyring((keyring) => keyring.withRotation(rotation));
  }

  /**
   * Puts another root key in place, and `extra` (what the seal stores of it) in the same commit. Takes `rootKey` over
   * when it resolves, otherwise it stays the caller's.
   * @throws StorageConflict when the keyring changed meanwhile or an expectation does not hold;
   * ApiError 'unavailable' when it is unknown whether the root key changed.
   */
  async changeRootKey(
    rootKey: SecretBuffer,
    extra: readonly StoredWrite[],
    expectations: readonly Expectation[],
  ): Promise<void> {
    if (rootKey.length !== KEY_BYTES) throw new TypeError('root key is not 32 bytes');
    await this.#reload();
    const { keyring, version } = this.#requireUnsealed();
    await this.#engine.commit(
      [...rootKeyWrites(keyring, rootKey, this.#memory), ...extra],
      [{ key: KEYRING_PATH, version }, ...expectations],
    );
    // The stored keyring tells the new root key, which is then held once: by the barrier.
    await this.#reload();
    rootKey.free();
  }

  #requireUnsealed(): Unsealed {
    if (this.#unsealed === null) throw new ApiError('sealed', 'Vault is sealed');
    return this.#unsealed;
  }

  /** Takes both over, and frees what they replace. */
  #install(rootKey: SecretBuffer, keyring: Keyring, version: Version): void {
    const old = this.#unsealed;
    this.#unsealed = { rootKey, keyring, version };
    if (old?.keyring.active.term !== keyring.active.term) {
      this.#spent = 0;
      this.#reserved = 0;
    }
    old?.keyring.free();
    if (old !== null && old.rootKey !== rootKey) old.rootKey.free();
  }

  #openStored(path: string, stored: StoredEntry): Awaitable<Entry> {
    return this.#openNow(path, stored) ?? this.#openLater(path, stored);
  }

  /** Null when its key is not known here. */
  #openNow(path: string, stored: StoredEntry): Entry | null {
    const key = this.#requireUnsealed().keyring.findKey(parseTerm(stored.value, path));
    if (key === null) return null;
    return { value: openRecord(key, path, stored.value), version: stored.version };
  }

  /** Another process may have rotated. */
  async #openLater(path: string, stored: StoredEntry): Promise<Entry> {
    await this.#reload();
    const entry = this.#openNow(path, stored);
    if (entry === null) throw tampered(path, 'names a key term that does not exist');
    return entry;
  }

  /** Brings keyring and root key to what is stored now. */
  async #reload(): Promise<void> {
    for (;;) {
      const before = this.#requireUnsealed();
      const [stored = null, wrapped = null] = await this.#engine.getMany([
        KEYRING_PATH,
        ROOT_KEY_PATH,
      ]);
      const current = this.#requireUnsealed();
      if (stored === null) throw tampered(KEYRING_PATH, 'is gone');
      // Somebody else loaded it meanwhile, perhaps an older one than was just read.
      if (current !== before) continue;
      if (stored.version !== current.version) this.#installStored(current, stored, wrapped);
      return;
    }
  }

  #installStored(current: Unsealed, stored: StoredEntry, wrapped: StoredEntry | null): void {
    const keyring = findKeyring(stored, current.rootKey, this.#memory);
    if (keyring !== null) {
      this.#install(current.rootKey, keyring, stored.version);
      return;
    }
    // Another process changed the root key.
    const rootKey = openRootKey(wrapped, current.keyring, this.#memory);
    try {
      this.#install(rootKey, openKeyring(stored, rootKey, this.#memory), stored.version);
    } catch (error) {
      rootKey.free();
      throw error;
    }
  }

  /** Stores what `change` makes of the newest keyring, and uses it from then on. */
  async #changeKeyring(change: (keyring: Keyring) => Keyring): Promise<void> {
    await retryOnConflict(async () => {
      await this.#reload();
      const { keyring, rootKey, version } = this.#requireUnsealed();
      const next = change(keyring);
      if (next === keyring) return;
      try {
        const write = keyringWrite(next, rootKey, this.#memory);
        await this.#engine.commit([write], [{ key: KEYRING_PATH, version }]);
      } finally {
        // Only what storage says is installed; a key that is in `next` alone is read back from there.
        if (next.active.key !== keyring.active.key) next.active.key.free();
      }
    });
    await this.#reload();
  }

  /** Counts this process's encryptions in storage, a block ahead, and rotates when the term's budget is spent. */
  async #reserve(): Promise<void> {
    const term = this.#requireUnsealed().keyring.active.term;
    let block = 0;
    await this.#changeKeyring((keyring) => {
      block = 0;
      if (keyring.active.term !== term || this.#spent <= this.#reserved) return keyring;
      block = this.#spent - this.#reserved + RESERVATION;
      const { rotation, active } = keyring;
      if (rotation.enabled && active.encryptions + block > rotation.maxOperations) {
        block = 0;
        return keyring.withNextTerm(this.#memory, this.#now());
      }
      return keyring.withEncryptions(block);
    });
    if (this.#requireUnsealed().keyring.active.term === term) this.#reserved += block;
  }
}

function inRange(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

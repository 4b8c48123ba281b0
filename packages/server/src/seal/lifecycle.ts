// From an empty database to an unsealed server and back: initialise, unseal share by share, seal. Must never let a
// database come to be that nobody holds the shares of.
import { randomUUID } from 'node:crypto';
import { Barrier } from '../barrier/barrier.js';
import { KEYRING_PATH, SEAL_CONFIG_PATH, WRAPPED_ROOT_KEY_PATH } from '../barrier/paths.js';
import { aeadKind, KEY_BYTES } from '../barrier/record.js';
import { firstKeyringWrites } from '../barrier/stored-keyring.js';
import { ApiError, invalidRequest, StorageConflict } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import type { SecretMemory } from '../secret-memory/secret-memory.js';
import type { StoredWrite } from '../storage/engine.js';
import { MemoryEngine } from '../storage/memory.js';
import { GenerateRoot } from './generate-root.js';
import { Rekey } from './rekey.js';
import type { SealParts } from './root-key-store.js';
import { findRootKey, findSealConfig, sealWrites } from './root-key-store.js';
import type { ShareCounts } from './seal-config.js';
import { checkShareCounts } from './seal-config.js';
import { splitSecret } from './shamir.js';
import { ShamirSeal } from './shamir-seal.js';
import { checkShareLength, ShareCollection } from './share-collection.js';

const COMMIT_ATTEMPTS = 3;

/** What sys/seal-status shows of the seal; core adds version and cluster. */
export interface SealStatus {
  readonly type: 'shamir';
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Threshold and number of shares; 0 before initialisation. */
  readonly t: number;
  readonly n: number;
  readonly progress: number;
  /** Of the unseal attempt; '' when there is none. */
  readonly nonce: string;
  readonly storageType: string;
  readonly warnings: readonly string[];
}

/** @property shares the caller sends them out once, and wipes them. */
export interface Initialised<T> {
  readonly shares: readonly Buffer[];
  readonly prepared: T;
}

/** One per process. The unseal attempt is this process's own; what is stored belongs to all. */
export class Lifecycle {
  readonly rekey: Rekey;
  readonly generateRoot: GenerateRoot;
  readonly #parts: SealParts;
  #attempt: ShareCollection | null = null;

  constructor(parts: SealParts) {
    this.#parts = parts;
    this.rekey = new Rekey(parts);
    this.generateRoot = new GenerateRoot(parts);
  }

  async status(): Promise<SealStatus> {
    const { barrier, engine, memory } = this.#parts;
    const config = await findSealConfig(engine);
    return {
      type: 'shamir',
      initialized: config !== null,
      sealed: barrier.isSealed,
      t: config?.secretThreshold ?? 0,
      n: config?.secretShares ?? 0,
      progress: this.#attempt?.progress ?? 0,
      nonce: this.#attempt?.nonce ?? '',
      storageType: engine.type,
      warnings: memoryWarnings(memory),
    };
  }

  async isInitialised(): Promise<boolean> {
    return await this.#parts.barrier.isInitialised();
  }

  /**
   * Makes keyring, root key and shares, and whatever `prepare` writes (mounts, the root token), in one commit: there
   * is all of it or nothing. The barrier stays sealed. @throws ApiError when it is initialised already, the counts
   * make no sense, or storage fails; after 'unavailable' an empty database may be left that has to be removed.
   */
  async initialise<T>(
    counts: ShareCounts,
    prepare: (storage: Storage) => Promise<T>,
  ): Promise<Initialised<T>> {
    checkShareCounts(counts);
    if (await this.isInitialised()) throw alreadyInitialised();
    const { memory } = this.#parts;
    const [rootKey, shareKey] = [memory.generate(KEY_BYTES), memory.generate(KEY_BYTES)];
    try {
      const staged = new MemoryEngine();
      const wrapped = await new ShamirSeal(shareKey, memory).wrap(rootKey);
      const config = { type: 'shamir', nonce: randomUUID(), ...counts } as const;
      await staged.commit(
        [...firstKeyringWrites(rootKey, memory, this.#parts.now()), ...sealWrites(config, wrapped)],
        [],
      );
      const barrier = new Barrier({ ...this.#parts, engine: staged });
      await barrier.unseal(memory.copyFrom(rootKey.bytes));
      const prepared = await prepare(barrier.view('')).finally(() => barrier.seal());
      const writes = [...staged.entries()].map(([put, { value }]) => ({ put, value }));
      // Before the commit: nothing may fail between that and handing them out.
      const shares = splitSecret(shareKey.bytes, counts.secretShares, counts.secretThreshold);
      await this.#commitFirst(writes, wrapped);
      return { shares, prepared };
    } finally {
      rootKey.free();
      shareKey.free();
    }
  }

  /**
   * Adds a share (the caller wipes its own), and unseals with the last one needed. The same share again changes
   * nothing. @throws ApiError invalid-request when the shares do not open the root key: they are forgotten.
   */
  async unseal(share: Uint8Array): Promise<SealStatus> {
    const { barrier, engine, memory } = this.#parts;
    checkShareLength(share);
    const config = await findSealConfig(engine);
    if (config === null) throw invalidRequest('Vault is not initialized', 'not-initialized');
    if (!barrier.isSealed) return await this.status();
    // Another process may have rekeyed since the first share came in.
    if (this.#attempt?.threshold !== config.secretThreshold) this.resetUnseal();
    this.#attempt ??= new ShareCollection(memory, config.secretThreshold);
    const attempt = this.#attempt;
    attempt.add(share);
    if (!attempt.isComplete) return await this.status();
    this.#attempt = null;
    const key = attempt.takeKey();
    if (key === null) throw wrongShares();
    try {
      const rootKey = await findRootKey(this.#parts, key);
      if (rootKey === null) throw wrongShares();
      await barrier.unseal(rootKey);
    } finally {
      key.free();
    }
    return await this.status();
  }

  /** Forgets the shares given so far. */
  resetUnseal(): void {
    this.#attempt?.forget();
    this.#attempt = null;
  }

  /** Wipes every key, and every attempt that is under way. */
  seal(): void {
    this.#parts.barrier.seal();
    this.resetUnseal();
    this.rekey.drop();
    this.generateRoot.drop();
  }

  /** A failed commit may have happened all the same, so what is stored decides. */
  async #commitFirst(writes: readonly StoredWrite[], wrapped: Buffer): Promise<void> {
    const { engine } = this.#parts;
    const absent = [KEYRING_PATH, SEAL_CONFIG_PATH, WRAPPED_ROOT_KEY_PATH].map((key) => ({
      key,
      version: null,
    }));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await engine.commit(writes, absent);
        return;
      } catch (error) {
        if (error instanceof StorageConflict) {
          if ((await engine.get(WRAPPED_ROOT_KEY_PATH))?.value.equals(wrapped)) return;
          throw alreadyInitialised();
        }
        const mayRetry = error instanceof ApiError && error.kind === 'unavailable';
        if (!mayRetry || attempt === COMMIT_ATTEMPTS) throw error;
      }
    }
  }
}

function memoryWarnings({ status }: SecretMemory): string[] {
  const warnings: string[] = [];
  if (status.kind === 'ordinary') {
    warnings.push(`keys are kept in ordinary memory: ${status.reason}`);
  }
  if (aeadKind === 'node') {
    warnings.push(
      'decrypted values may stay in freed memory: libcrypto can not be called directly',
    );
  }
  return warnings;
}

function alreadyInitialised(): ApiError {
  return invalidRequest('Vault is already initialized', 'already-initialized');
}

function wrongShares(): ApiError {
  return invalidRequest('Unseal failed, invalid key', 'shares-wrong');
}

// A storage engine for tests that fails or waits on purpose. Wraps a real one; never part of a server.
import type { Expectation, Page, Place } from '../../framework/storage.js';
import type { StorageEngine, StoredEntry, StoredWrite } from '../engine.js';
import { unavailable } from '../engine.js';

/** 'before': nothing is stored. 'after': it is stored, and the caller is told it failed. */
export interface Failure {
  /** Counts commits from 1, as this wrapper sees them. */
  readonly commit: number;
  readonly when: 'before' | 'after';
}

/** @see StorageEngine */
export class FailingEngine implements StorageEngine {
  readonly type: string;
  readonly #inner: StorageEngine;
  #failure: Failure | null = null;
  #delay: (() => Promise<void>) | null = null;
  #commits = 0;

  constructor(inner: StorageEngine) {
    this.#inner = inner;
    this.type = inner.type;
  }

  /** Commits seen since the last `failOn`. */
  get commits(): number {
    return this.#commits;
  }

  /** Fails one commit, and counts from here. Null: none. */
  failOn(failure: Failure | null): void {
    this.#failure = failure;
    this.#commits = 0;
  }

  /** Every read and commit first waits for what `wait` gives. */
  delayWith(wait: (() => Promise<void>) | null): void {
    this.#delay = wait;
  }

  locate(key: string): Place {
    return this.#inner.locate(key);
  }

  async get(at: string | Place): Promise<StoredEntry | null> {
    await this.#delay?.();
    return await this.#inner.get(at);
  }

  async getMany(keys: readonly string[]): Promise<readonly (StoredEntry | null)[]> {
    await this.#delay?.();
    return await this.#inner.getMany(keys);
  }

  async list(prefix: string, page: Page): Promise<readonly string[]> {
    await this.#delay?.();
    return await this.#inner.list(prefix, page);
  }

  async commit(
    writes: readonly StoredWrite[],
    expectations: readonly Expectation[],
  ): Promise<void> {
    await this.#delay?.();
    this.#commits += 1;
    const when = this.#failure?.commit === this.#commits ? this.#failure.when : null;
    if (when === 'before') throw unavailable('storage failed on purpose', 'storage-failed');
    await this.#inner.commit(writes, expectations);
    if (when === 'after') throw unavailable('storage failed on purpose', 'storage-failed');
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }
}

// Turns what KV v1 left in the view into first versions of KV v2, while the server runs. Each step is one commit that
// moves whole keys, so it may stop anywhere, start again, and run in several processes at once.

import type { Awaitable } from '../../framework/awaitable.js';
import { scanKeys } from '../../framework/listing.js';
import {
  type Expectation,
  retryOnConflict,
  type Storage,
  type Write,
} from '../../framework/storage.js';
import { type KeyStore, METADATA_FOLDER } from './key-store.js';
import { addVersion, encodeMetadata, newMetadata } from './metadata.js';
import { upgrading, V1_FOLDER } from './v1.js';

const KEYS_PER_COMMIT = 100;

type Log = (level: 'info' | 'error', message: string) => void;

/** @property firstStep resolves when the first step is over, whether or not it was the last. */
interface Run {
  readonly whole: Promise<void>;
  readonly firstStep: Promise<void>;
}

/** Small mounts are upgraded within the first request; larger ones in the background, while requests are refused. */
export class Upgrade {
  readonly #store: KeyStore;
  /** The mount's own view, which outlives requests. */
  readonly #storage: Storage;
  readonly #log: Log;
  #isDone = false;
  #running: Run | null = null;
  #closed = false;

  constructor(store: KeyStore, storage: Storage, log: Log) {
    this.#store = store;
    this.#storage = storage;
    this.#log = log;
  }

  /**
   * Returns once the view holds nothing of v1. @param now becomes the creation time of what is upgraded.
   * @throws ApiError kv-upgrading when there is more than fits into one step.
   */
  ensureDone(now: number): Awaitable<void> {
    if (this.#isDone) return;
    this.#running ??= this.#start(now);
    return this.#running.firstStep.then(() => {
      if (!this.#isDone) throw upgrading();
    });
  }

  #start(now: number): Run {
    let isOver = (): void => undefined;
    const firstStep = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    const whole = this.#run(now, isOver).finally(() => {
      this.#running = null;
    });
    return { whole, firstStep: Promise.race([firstStep, whole]) };
  }

  async #run(now: number, afterFirstStep: () => void): Promise<void> {
    try {
      await this.#store.open(this.#storage);
      let moved = await this.#step(now);
      let total = moved;
      while (moved === KEYS_PER_COMMIT && !this.#closed) {
        afterFirstStep();
        moved = await this.#step(now);
        total += moved;
      }
      if (this.#closed) return;
      this.#isDone = true;
      if (total > 0) this.#log('info', `kv: upgraded ${total} keys to versioned data`);
    } catch (error) {
      this.#log('error', 'kv: upgrade to versioned data stopped; the next request resumes it');
      throw error;
    }
  }

  /** Moves up to KEYS_PER_COMMIT keys; returns how many there were. */
  async #step(now: number): Promise<number> {
    return await retryOnConflict(async () => {
      const page = { after: '', limit: KEYS_PER_COMMIT };
      const keys = await scanKeys(this.#storage, V1_FOLDER, page);
      if (keys.length === 0) return 0;
      const entries = await this.#storage.getMany(keys.map((key) => V1_FOLDER + key));
      const writes: Write[] = [];
      const expectations: Expectation[] = [];
      const config = await this.#store.config(this.#storage);
      keys.forEach((key, index) => {
        const entry = entries[index];
        if (!entry) return;
        const { metadata } = addVersion(newMetadata(now), config, now);
        writes.push(
          { put: METADATA_FOLDER + key, value: encodeMetadata(metadata) },
          { put: this.#store.versionKey(key, metadata.currentVersion), value: entry.value },
          { delete: V1_FOLDER + key },
        );
        expectations.push(
          { key: V1_FOLDER + key, version: entry.version },
          { key: METADATA_FOLDER + key, version: null },
        );
      });
      try {
        await this.#storage.commit(writes, expectations);
      } finally {
        for (const entry of entries) entry?.value.fill(0);
      }
      return keys.length;
    });
  }

  /** Stops after the step that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.whole.catch(() => undefined);
  }
}

// One stored JSON document that must be at hand without waiting (rate limits, CORS), since it is asked before a request
// is anybody's. Never for what decides who may do what: a change made by another process counts within a second only.
import { ApiError } from '../framework/errors.js';
import type { JsonValue } from '../framework/json/value.js';
import { retryOnConflict, type Storage, type Version } from '../framework/storage.js';

export interface DocumentForm<T> {
  /** Null for a document that was never written. @throws when the stored value is none of ours */
  decode(stored: unknown): T;
  encode(value: T): JsonValue;
}

export class LiveDocument<T> {
  readonly #storage: Storage;
  readonly #key: string;
  readonly #form: DocumentForm<T>;
  #current: T;
  #version: Version | null = null;
  /** Reads one after the other, so that an older state never comes after a newer one. */
  #reading: Promise<void> = Promise.resolve();

  /** Holds what an absent document means until the first `refresh`. */
  constructor(storage: Storage, key: string, form: DocumentForm<T>) {
    this.#storage = storage;
    this.#key = key;
    this.#form = form;
    this.#current = form.decode(null);
  }

  get current(): T {
    return this.#current;
  }

  /** Takes up what other processes changed. The same object stays current while the stored version stays the same. */
  refresh(): Promise<void> {
    const reading = this.#reading.then(() => this.#read());
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /**
   * Read, edited and committed against the version read; counts here when it resolves. Nothing is written when `edit`
   * gives back what it got; what it throws ends the change.
   */
  async change(edit: (before: T) => T): Promise<void> {
    await retryOnConflict(async () => {
      const entry = await this.#storage.get(this.#key);
      const before = this.#form.decode(entry === null ? null : parse(entry.value));
      const after = edit(before);
      if (after === before) return;
      const value = Buffer.from(JSON.stringify(this.#form.encode(after)), 'utf8');
      const expected = { key: this.#key, version: entry?.version ?? null };
      await this.#storage.commit([{ put: this.#key, value }], [expected]);
    });
    await this.refresh();
  }

  async #read(): Promise<void> {
    const known = this.#version;
    const entry =
      known === null
        ? await this.#storage.get(this.#key)
        : await this.#storage.getUnless(this.#key, known);
    if (entry === 'unchanged') return;
    if (entry === null && known === null) return;
    this.#current = this.#form.decode(entry === null ? null : parse(entry.value));
    this.#version = entry?.version ?? null;
  }
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    throw new ApiError('internal', 'stored document is not readable', { code: 'document-damaged' });
  }
}

// Keeps recently used ciphertext of the one process that owns the database, and which keys are not there, bounded by
// bytes. It must be told of every commit, so that what it answers is always what is stored.
import type { StoredEntry } from './engine.js';

/** Map slot, entry object and buffer header, roughly. */
const ENTRY_OVERHEAD_BYTES = 256;

/**
 * Two generations instead of a linked list: a hit in the old one moves the entry to the young one, and when the
 * young one has half of the budget the old one is dropped. A hit costs one map lookup.
 */
export class EntryCache {
  readonly #generationBytesMax: number;
  #young = new Map<string, StoredEntry | null>();
  #old = new Map<string, StoredEntry | null>();
  #youngBytes = 0;

  /** @param bytesMax for both generations together; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2;
  }

  /** Null when the key is known not to be there, undefined when nothing is known of it. */
  find(key: string): StoredEntry | null | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.set(key, old);
    return old;
  }

  /** @param entry null: the key is not there. */
  set(key: string, entry: StoredEntry | null): void {
    const bytes = key.length * 2 + (entry?.value.length ?? 0) + ENTRY_OVERHEAD_BYTES;
    // An entry that is replaced is counted again, so a hot key only makes the generation turn sooner.
    if (this.#youngBytes + bytes > this.#generationBytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#old.delete(key);
    if (bytes > this.#generationBytesMax) {
      this.#young.delete(key);
      return;
    }
    this.#young.set(key, entry);
    this.#youngBytes += bytes;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }
}

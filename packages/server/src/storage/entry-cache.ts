// Keeps recently used ciphertext of the one process that owns the database, and which keys are not there, bounded by
// bytes. It must be told of every commit, so that what it answers is always what is stored.
import type { Place } from '../framework/storage.js';
import type { StoredEntry } from './engine.js';

/** Map slot, entry object and buffer header, roughly. */
const ENTRY_OVERHEAD_BYTES = 256;
/** No generation has such a number. */
const DROPPED = -1;

/** What is known of one key. There is never more than one that is held for the same key. */
interface Slot {
  entry: StoredEntry | null;
  /** The last one it was used in. */
  generation: number;
}

/** Remembers the slot of its key for as long as the cache holds it. */
class CachedPlace implements Place {
  readonly key: string;
  slot: Slot | null = null;

  constructor(key: string) {
    this.key = key;
  }
}

/**
 * Two generations instead of a linked list: a hit in the old one moves the entry to the young one, and when the
 * young one has half of the budget the old one is dropped. A hit costs one map lookup, at a place none.
 */
export class EntryCache {
  readonly #generationBytesMax: number;
  #young = new Map<string, Slot>();
  #old = new Map<string, Slot>();
  #youngBytes = 0;
  /** Of the young ones; the old ones are of the one before. Slots of older ones are not held any more. */
  #generation = 0;

  /** @param bytesMax for both generations together; 0 keeps nothing. */
  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2;
  }

  locate(key: string): Place {
    return new CachedPlace(key);
  }

  /** Null when the key is known not to be there, undefined when nothing is known of it. */
  find(at: string | Place): StoredEntry | null | undefined {
    if (typeof at === 'string') return this.#search(at)?.entry;
    if (!(at instanceof CachedPlace)) return this.#search(at.key)?.entry;
    const known = at.slot;
    if (known !== null && known.generation === this.#generation) return known.entry;
    at.slot = this.#search(at.key);
    return at.slot?.entry;
  }

  #search(key: string): Slot | null {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return null;
    this.#keep(key, old);
    return old;
  }

  /** @param entry null: the key is not there. */
  set(key: string, entry: StoredEntry | null): void {
    const slot = this.#young.get(key) ?? this.#old.get(key) ?? { entry, generation: DROPPED };
    slot.entry = entry;
    this.#keep(key, slot);
  }

  /** Makes it the youngest. */
  #keep(key: string, slot: Slot): void {
    const bytes = key.length * 2 + (slot.entry?.value.length ?? 0) + ENTRY_OVERHEAD_BYTES;
    // An entry that is replaced is counted again, so a hot key only makes the generation turn sooner.
    if (this.#youngBytes + bytes > this.#generationBytesMax) this.#turn();
    this.#old.delete(key);
    if (bytes > this.#generationBytesMax) {
      this.#young.delete(key);
      slot.generation = DROPPED;
      return;
    }
    this.#young.set(key, slot);
    this.#youngBytes += bytes;
    slot.generation = this.#generation;
  }

  #turn(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
    this.#generation += 1;
  }

  clear(): void {
    this.#turn();
    this.#old = new Map();
  }
}

// Decoded token entries, each good for one exact stored version only; whoever reads asks storage whether that version
// still stands. Bounded; holds no token bytes.
import type { Place, Version } from '../framework/storage.js';
import type { TokenEntry } from './entry.js';

export interface VersionedEntry {
  readonly entry: TokenEntry;
  readonly version: Version;
  /** Where it lies. */
  readonly place: Place;
}

/** The oldest insertion goes first when full. */
export class EntryCache {
  readonly #entries = new Map<string, VersionedEntry>();
  readonly #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  find(id: string): VersionedEntry | null {
    return this.#entries.get(id) ?? null;
  }

  put(id: string, versioned: VersionedEntry): void {
    this.#entries.delete(id);
    this.#entries.set(id, versioned);
    if (this.#entries.size <= this.#sizeMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  drop(id: string): void {
    this.#entries.delete(id);
  }

  /** On seal: nothing decrypted stays. */
  clear(): void {
    this.#entries.clear();
  }
}

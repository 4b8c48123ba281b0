// Reads the keys of one stanza in one file: typed, each once, unknown ones refused with the nearest known key.
// A key that is absent reads as null; defaults belong to whoever puts the stanzas together.
import {
  badValue,
  findAttribute,
  type HclBlock,
  readBlocks,
  readBoolean,
  readDurationSeconds,
  readInteger,
  readString,
  readStringList,
  readStringMap,
  unknownKey,
} from '../hcl/read.js';
import { HclError, type HclItem, type Position } from '../hcl/tree.js';
import type { ProblemList } from './problems.js';

/** Keys that are known and not used, with what happens instead: a warning when they occur. */
export type IgnoredKeys = Readonly<Record<string, string>>;

const START: Position = { line: 1, column: 1 };

export class Stanza {
  readonly file: string;
  readonly at: Position;
  readonly problems: ProblemList;
  readonly #items: readonly HclItem[];
  readonly #name: string;
  readonly #known = new Set<string>();

  /** @param name for messages: `listener "tcp"`, or '' for the top of a file */
  constructor(
    problems: ProblemList,
    file: string,
    name: string,
    block: { readonly items: readonly HclItem[]; readonly at?: Position },
  ) {
    this.problems = problems;
    this.file = file;
    this.at = block.at ?? START;
    this.#name = name;
    this.#items = block.items;
  }

  string(key: string): string | null {
    return this.#read(key, readString);
  }

  strings(key: string): readonly string[] | null {
    return this.#read(key, (item) =>
      readStringList(item)
        .flatMap((text) => text.split(','))
        .map((text) => text.trim())
        .filter((text) => text !== ''),
    );
  }

  boolean(key: string): boolean | null {
    return this.#read(key, readBoolean);
  }

  integer(key: string, min: number, max: number): number | null {
    return this.#read(key, (item) => readInteger(item, min, max));
  }

  durationSeconds(key: string): number | null {
    return this.#read(key, readDurationSeconds);
  }

  stringMap(key: string): Readonly<Record<string, string>> | null {
    return this.#read(key, readStringMap);
  }

  /** One of a few words, as what it stands for. */
  word<T>(key: string, words: Readonly<Record<string, T>>): T | null {
    return this.#read(key, (item) => {
      const text = readString(item).toLowerCase();
      if (Object.hasOwn(words, text)) return words[text] as T;
      const list = Object.keys(words).map((word) => `"${word}"`);
      throw badValue(item, `want ${list.join(' or ')}`);
    });
  }

  /** `parse` gives null for what is not valid. @param want completes "is not valid: want …" */
  parsed<T>(key: string, want: string, parse: (text: string) => T | null): T | null {
    return this.#read(key, (item) => {
      const value = parse(readString(item));
      if (value === null) throw badValue(item, `want ${want}`);
      return value;
    });
  }

  blocks(key: string, labelCount: number): readonly HclBlock[] {
    this.#known.add(key);
    const { file, problems } = this;
    return problems.attempt(file, () => readBlocks(this.#items, key, labelCount)) ?? [];
  }

  /** Items called `key`, as they are. */
  items(key: string): readonly HclItem[] {
    this.#known.add(key);
    return this.#items.filter((item) => item.key === key);
  }

  /** Nested stanza without labels, or null. */
  inner(key: string): Stanza | null {
    const [block, ...more] = this.blocks(key, 0);
    if (block === undefined) return null;
    const again = more[0];
    if (again !== undefined) {
      this.problems.add(this.file, again.at, 'config-duplicate-key', `"${key}" is set twice`);
    }
    return new Stanza(this.problems, this.file, key, block);
  }

  has(key: string): boolean {
    return this.#items.some((item) => item.key === key);
  }

  /** A problem at the key, or at the stanza when the key is absent. */
  fail(key: string | null, code: string, detail: string): void {
    const item = key === null ? undefined : this.#items.find((candidate) => candidate.key === key);
    this.problems.add(this.file, item?.at ?? this.at, code, this.#named(detail));
  }

  /** Warns when the key is there: it has been read and checked, and nothing uses it. */
  warnUnused(key: string, detail: string): void {
    const item = this.#items.find((candidate) => candidate.key === key);
    if (item !== undefined)
      this.problems.warn(this.file, item.at, this.#named(`"${key}" ${detail}`));
  }

  /** Call last: whatever was neither read nor is `ignored` is unknown. */
  finish(ignored: IgnoredKeys): void {
    const known = [...this.#known, ...Object.keys(ignored)];
    for (const item of this.#items) {
      if (this.#known.has(item.key)) continue;
      if (Object.hasOwn(ignored, item.key)) {
        const detail = `"${item.key}" ${ignored[item.key]}`;
        this.problems.warn(this.file, item.at, this.#named(detail));
      } else {
        const { at, detail } = unknownKey(item, known);
        this.problems.add(this.file, at, 'config-unknown-key', this.#named(detail));
      }
    }
  }

  #named(detail: string): string {
    return this.#name === '' ? detail : `${this.#name}: ${detail}`;
  }

  #read<T>(key: string, read: (item: HclItem) => T): T | null {
    this.#known.add(key);
    return this.problems.attempt(this.file, () => {
      try {
        const item = findAttribute(this.#items, key);
        return item === null ? null : read(item);
      } catch (error) {
        if (!(error instanceof HclError)) throw error;
        throw new HclError(error.code, error.at, this.#named(error.detail));
      }
    });
  }
}

/** What the last stanza that has it says: later files win. */
export function lastOf<T>(
  stanzas: readonly Stanza[],
  read: (stanza: Stanza) => T | null,
): T | null {
  let found: T | null = null;
  for (const stanza of stanzas) found = read(stanza) ?? found;
  return found;
}

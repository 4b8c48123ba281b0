// Names below a folder of a view, one level or all of them, as LIST and SCAN answer them. Bounded: a folder with more
// names than one answer may hold is refused, never cut short without saying so.
import { invalidRequest } from './errors.js';
import { field } from './field.js';
import { LIST_LIMIT_MAX, type Storage } from './storage.js';

/** The most names one answer holds when the client gives no limit. */
export const LISTED_KEYS_MAX = 100_000;
const FOLDERS_DEEP_MAX = 256;

/** @property after exclusive, relative to the folder; '' for the beginning. @property limit 0 or less: none. */
export interface Listing {
  readonly after: string;
  readonly limit: number;
}

/** Fields of a path that lists names; their values are a `Listing`. */
export const listingFields = {
  after: field.string('List only what comes after this name.'),
  limit: field.integer('At most so many names; 0 for all.'),
};

/** A folder as storage takes it: '' or ending in '/'. */
export function folderOf(path: string): string {
  return path === '' || path.endsWith('/') ? path : `${path}/`;
}

function tooMany(): never {
  throw invalidRequest('too many keys for one answer: page with "after" and "limit"', 'list-large');
}

/** Collects up to `wanted` names; one more than allowed is a refusal. */
class Collector {
  readonly keys: string[] = [];
  readonly #wanted: number;
  readonly #refuses: boolean;

  constructor(limit: number) {
    this.#refuses = limit <= 0 || limit > LISTED_KEYS_MAX;
    this.#wanted = this.#refuses ? LISTED_KEYS_MAX : limit;
  }

  get isFull(): boolean {
    return !this.#refuses && this.keys.length >= this.#wanted;
  }

  /** How many names to ask storage for next. */
  get pageLimit(): number {
    if (this.#refuses) return LIST_LIMIT_MAX;
    return Math.min(this.#wanted - this.keys.length, LIST_LIMIT_MAX);
  }

  add(key: string): void {
    if (this.keys.length >= this.#wanted) tooMany();
    this.keys.push(key);
  }
}

/** Immediate children of `folder`, folders with a trailing '/'. @throws ApiError list-large */
export async function listKeys(
  storage: Storage,
  folder: string,
  listing: Listing,
): Promise<string[]> {
  const found = new Collector(listing.limit);
  let after = listing.after;
  for (;;) {
    const limit = found.pageLimit;
    const page = await storage.list(folder, { after, limit });
    for (const key of page) found.add(key);
    if (page.length < limit || found.isFull) return found.keys;
    after = page.at(-1) ?? after;
  }
}

/** All keys below `folder` at any depth, relative to it, sorted by UTF-8 bytes. @throws ApiError list-large, list-deep */
export async function scanKeys(
  storage: Storage,
  folder: string,
  listing: Listing,
): Promise<string[]> {
  const found = new Collector(listing.limit);
  await scanFolder(storage, folder, '', listing.after, 0, found);
  return found.keys;
}

async function scanFolder(
  storage: Storage,
  root: string,
  folder: string,
  from: string,
  depth: number,
  found: Collector,
): Promise<void> {
  if (depth > FOLDERS_DEEP_MAX) throw invalidRequest('folders are nested too deeply', 'list-deep');
  let after = from;
  const cut = from.indexOf('/');
  if (cut >= 0) {
    // The page begins inside a child folder: what is left of that one comes first.
    after = from.slice(0, cut + 1);
    await scanFolder(storage, root, folder + after, from.slice(cut + 1), depth + 1, found);
  }
  while (!found.isFull) {
    const limit = found.pageLimit;
    const page = await storage.list(root + folder, { after, limit });
    for (const key of page) {
      if (found.isFull) return;
      if (key.endsWith('/')) await scanFolder(storage, root, folder + key, '', depth + 1, found);
      else found.add(folder + key);
    }
    if (page.length < limit) return;
    after = page.at(-1) ?? after;
  }
}

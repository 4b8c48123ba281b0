// Finds what has expired without looking at what has not: keys sorted by instant, in buckets of a minute. Callers
// write and delete index keys in the same commit as the thing they point at; nothing is cached here.
import type { Page, Storage } from './storage.js';

const BUCKET_MS = 60_000;
const BUCKET_DIGITS = 10;
const INSTANT_DIGITS = 15;
const BUCKETS_PER_PAGE = 256;

/** `prefix` ends in '/'; `at` is milliseconds since the epoch; `name` is one path segment. */
export function expiryKey(prefix: string, at: number, name: string): string {
  const bucket = String(Math.floor(at / BUCKET_MS)).padStart(BUCKET_DIGITS, '0');
  return `${prefix}${bucket}/${String(Math.floor(at)).padStart(INSTANT_DIGITS, '0')}.${name}`;
}

/** The name in an index key. */
export function dueNameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1 + INSTANT_DIGITS + 1);
}

/** @property key the whole index key, also the cursor for the next page. */
export interface DueItem {
  readonly key: string;
  readonly name: string;
  readonly at: number;
}

async function* bucketsUpTo(
  storage: Storage,
  prefix: string,
  now: number,
  first: string,
): AsyncGenerator<string> {
  const last = expiryKey('', now, '').slice(0, BUCKET_DIGITS);
  if (first !== '') yield first;
  let after = first === '' ? '' : `${first}/`;
  for (;;) {
    const page = await storage.list(prefix, { after, limit: BUCKETS_PER_PAGE });
    for (const folder of page) {
      const bucket = folder.slice(0, BUCKET_DIGITS);
      if (bucket > last) return;
      yield bucket;
    }
    if (page.length < BUCKETS_PER_PAGE) return;
    after = page.at(-1) ?? '';
  }
}

/**
 * What is due at `now`, oldest first. `page.after` is the key of the last item of the previous page, or ''. Reads keys
 * only, no values.
 */
export async function findDue(
  storage: Storage,
  prefix: string,
  now: number,
  page: Page,
): Promise<readonly DueItem[]> {
  const cursor = page.after === '' ? '' : page.after.slice(prefix.length);
  const items: DueItem[] = [];
  const start = cursor.slice(0, BUCKET_DIGITS);
  for await (const bucket of bucketsUpTo(storage, prefix, now, start)) {
    const after = bucket === start ? cursor.slice(BUCKET_DIGITS + 1) : '';
    const limit = page.limit - items.length;
    for (const leaf of await storage.list(`${prefix}${bucket}/`, { after, limit })) {
      const at = Number(leaf.slice(0, INSTANT_DIGITS));
      if (at > now) return items;
      items.push({ key: `${prefix}${bucket}/${leaf}`, name: leaf.slice(INSTANT_DIGITS + 1), at });
    }
    if (items.length >= page.limit) return items;
  }
  return items;
}

/** How many keys the index holds, due or not. Reads keys only. */
export async function countIndexed(storage: Storage, prefix: string): Promise<number> {
  let total = 0;
  let after = '';
  for (;;) {
    const buckets = await storage.list(prefix, { after, limit: BUCKETS_PER_PAGE });
    for (const bucket of buckets) total += await countKeys(storage, prefix + bucket);
    if (buckets.length < BUCKETS_PER_PAGE) return total;
    after = buckets.at(-1) ?? '';
  }
}

/** How many immediate children `prefix` has. Reads keys only. */
export async function countKeys(storage: Storage, prefix: string): Promise<number> {
  const limit = 1000;
  let total = 0;
  let after = '';
  for (;;) {
    const keys = await storage.list(prefix, { after, limit });
    total += keys.length;
    if (keys.length < limit) return total;
    after = keys.at(-1) ?? '';
  }
}

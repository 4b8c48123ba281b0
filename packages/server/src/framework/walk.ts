// Every key below a folder, one after the other, without holding them all: for revocation by prefix and for tidying.
import type { Storage } from './storage.js';

const PAGE = 200;

/**
 * Whole keys below `prefix` ('' or ending in '/'), depth first. What is written or deleted meanwhile may or may not be
 * seen. Recursion is bounded by the length of a key.
 */
export async function* walk(storage: Storage, prefix: string): AsyncGenerator<string> {
  let after = '';
  for (;;) {
    const names = await storage.list(prefix, { after, limit: PAGE });
    for (const name of names) {
      if (name.endsWith('/')) yield* walk(storage, prefix + name);
      else yield prefix + name;
    }
    if (names.length < PAGE) return;
    after = names.at(-1) ?? '';
  }
}

/** The last segment of a key. */
export function leafOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

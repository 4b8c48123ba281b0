// Removes index keys that lead to no token. Commits are atomic, so there should be none: this is for data that was
// restored or repaired by hand. Never removes a token.
import { StorageConflict } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import { ACCESSOR_PREFIX, type AccessorRecord, idKey, PARENT_PREFIX } from './token-index.js';

const PAGE = 200;

async function* pages(storage: Storage, prefix: string): AsyncGenerator<readonly string[]> {
  let after = '';
  for (;;) {
    const names = await storage.list(prefix, { after, limit: PAGE });
    yield names;
    if (names.length < PAGE) return;
    after = names.at(-1) ?? '';
  }
}

/** Only if the token is still absent at the commit: one may be created under the same name meanwhile. */
async function removeDangling(storage: Storage, key: string, tokenId: string): Promise<number> {
  if ((await storage.get(idKey(tokenId))) !== null) return 0;
  try {
    await storage.commit([{ delete: key }], [{ key: idKey(tokenId), version: null }]);
    return 1;
  } catch (error) {
    if (error instanceof StorageConflict) return 0;
    throw error;
  }
}

/** How many keys it removed. Reads every accessor; runs in the background. */
export async function tidyIndexes(storage: Storage): Promise<number> {
  let removed = 0;
  for await (const names of pages(storage, ACCESSOR_PREFIX)) {
    for (const name of names) {
      const found = await storage.get(ACCESSOR_PREFIX + name);
      if (found === null) continue;
      const { tokenId } = JSON.parse(found.value.toString('utf8')) as AccessorRecord;
      removed += await removeDangling(storage, ACCESSOR_PREFIX + name, tokenId);
    }
  }
  for await (const folders of pages(storage, PARENT_PREFIX)) {
    for (const folder of folders) {
      for await (const children of pages(storage, PARENT_PREFIX + folder)) {
        for (const id of children) {
          removed += await removeDangling(storage, PARENT_PREFIX + folder + id, id);
        }
      }
    }
  }
  return removed;
}

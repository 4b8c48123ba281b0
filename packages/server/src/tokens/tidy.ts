// Removes index keys that lead to no token. Commits are atomic, so there should be none: this is for data that was
// restored or repaired by hand. Never removes a token.
import { StorageConflict } from '../framework/errors.js';
import { dueNameOf } from '../framework/expiry-index.js';
import type { Storage } from '../framework/storage.js';
import { leafOf, walk } from '../framework/walk.js';
import {
  ACCESSOR_PREFIX,
  type AccessorRecord,
  EXPIRE_PREFIX,
  idKey,
  PARENT_PREFIX,
  PATH_PREFIX,
} from './token-index.js';

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

/** How many keys it removed. Reads every token; runs in the background. */
export async function tidyIndexes(storage: Storage): Promise<number> {
  let removed = 0;
  for await (const key of walk(storage, ACCESSOR_PREFIX)) {
    const found = await storage.get(key);
    if (found === null) continue;
    const { tokenId } = JSON.parse(found.value.toString('utf8')) as AccessorRecord;
    removed += await removeDangling(storage, key, tokenId);
  }
  for (const prefix of [PARENT_PREFIX, PATH_PREFIX]) {
    for await (const key of walk(storage, prefix)) {
      removed += await removeDangling(storage, key, leafOf(key));
    }
  }
  for await (const key of walk(storage, EXPIRE_PREFIX)) {
    removed += await removeDangling(storage, key, dueNameOf(key));
  }
  return removed;
}

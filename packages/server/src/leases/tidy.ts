// Removes index keys that lead to no lease: for data that was restored or repaired by hand. Never removes a lease.
import { StorageConflict } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import { walk } from '../framework/walk.js';

/** `indexPrefixes` hold keys whose value is a lease id; `idPrefix` holds the leases. How many keys it removed. */
export async function tidyLeaseIndexes(
  storage: Storage,
  idPrefix: string,
  indexPrefixes: readonly string[],
): Promise<number> {
  let removed = 0;
  for (const prefix of indexPrefixes) {
    for await (const key of walk(storage, prefix)) {
      const found = await storage.get(key);
      if (found === null) continue;
      const leaseKey = idPrefix + found.value.toString('utf8');
      if ((await storage.get(leaseKey)) !== null) continue;
      try {
        await storage.commit([{ delete: key }], [{ key: leaseKey, version: null }]);
        removed += 1;
      } catch (error) {
        if (!(error instanceof StorageConflict)) throw error;
      }
    }
  }
  return removed;
}

// What an operator with the share could compute: the root key and the keys of the keyring, read from a copy of the
// database. The copy is opened by the server's own code, in this process and never in the one that is scanned.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { KEYRING_PATH } from '../../packages/server/dist/barrier/paths.js';
import { openKeyring } from '../../packages/server/dist/barrier/stored-keyring.js';
import { findRootKey } from '../../packages/server/dist/seal/root-key-store.js';
import { SecretMemory } from '../../packages/server/dist/secret-memory/secret-memory.js';
import { LevelDbEngine } from '../../packages/server/dist/storage/leveldb.js';

/** `[name, bytes]` of each key. The server may run, but nothing may be written meanwhile. */
export async function readStoredKeys(folder, unsealKey) {
  const copy = join(folder, 'data-copy');
  cpSync(join(folder, 'data'), copy, { recursive: true });
  const engine = await LevelDbEngine.open({ directory: copy });
  const memory = new SecretMemory();
  const share = memory.copyFrom(Buffer.from(unsealKey, 'base64'));
  try {
    const rootKey = await findRootKey({ engine, memory }, share);
    if (rootKey === null) throw new Error('the share does not open the root key');
    const stored = await engine.get(KEYRING_PATH);
    if (stored === null) throw new Error('the database has no keyring');
    const keyring = openKeyring(stored, rootKey, memory);
    const keys = [['root key', Buffer.from(rootKey.bytes)]];
    for (let term = 1; term <= keyring.active.term; term += 1) {
      const key = keyring.findKey(term);
      if (key !== null) keys.push([`keyring key ${term}`, Buffer.from(key.bytes)]);
    }
    return keys;
  } finally {
    await engine.close();
  }
}

// One database opened by two barriers, as two processes have it: what token, lease and login tests run on in earnest.

import { Barrier } from '../../barrier/barrier.js';
import { firstKeyringWrites } from '../../barrier/stored-keyring.js';
import type { Storage } from '../../framework/storage.js';
import { SecretMemory } from '../../secret-memory/secret-memory.js';
import { MemoryEngine } from '../../storage/memory.js';

/** The same view through either process. */
export async function twoProcesses(prefix: string): Promise<readonly [Storage, Storage]> {
  const engine = new MemoryEngine();
  const memory = new SecretMemory();
  const now = (): number => 1_700_000_000_000;
  const rootKey = memory.generate(32);
  await engine.commit(firstKeyringWrites(rootKey, memory, now()), []);
  const open = async (): Promise<Storage> => {
    const barrier = new Barrier({ engine, memory, now });
    await barrier.unseal(memory.copyFrom(rootKey.bytes));
    return barrier.view(prefix);
  };
  return [await open(), await open()];
}

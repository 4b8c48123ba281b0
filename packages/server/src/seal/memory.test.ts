// What is left of the keys in the memory of a server that was initialised, unsealed, used, rotated and rekeyed.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { Barrier } from '../barrier/barrier.js';
import { KEYRING_PATH } from '../barrier/paths.js';
import { openKeyring } from '../barrier/stored-keyring.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import { cannotScanMemory, scanOwnMemory } from '../secret-memory/testing/scan-memory.js';
import { MemoryEngine } from '../storage/memory.js';
import { Lifecycle } from './lifecycle.js';
import { findRootKey } from './root-key-store.js';
import { combineShares } from './shamir.js';

const now = (): number => 1_700_000_000_000;

describe('seal: read by root', { skip: cannotScanMemory() }, () => {
  it('leaves no root key, no key of any term and no key of the shares in readable memory', async () => {
    const memory = new SecretMemory();
    const engine = new MemoryEngine();
    const barrier = new Barrier({ engine, memory, now });
    const parts = { engine, barrier, memory, now };
    const lifecycle = new Lifecycle(parts);
    const counts = { secretShares: 3, secretThreshold: 2 };
    const { shares } = await lifecycle.initialise(counts, async () => {});
    for (const share of shares.slice(0, 2)) await lifecycle.unseal(share);
    const { nonce } = await lifecycle.rekey.begin({ ...counts, requireVerification: false });
    await lifecycle.rekey.update(shares[0] ?? Buffer.alloc(0), nonce);
    const result = await lifecycle.rekey.update(shares[1] ?? Buffer.alloc(0), nonce);
    assert.ok('shares' in result);
    await barrier.rotate();
    const view = barrier.view('x/');
    for (let count = 0; count < 1000; count += 1) {
      await view.commit([{ put: `k${count}`, value: randomBytes(300) }], []);
      (await view.get(`k${count}`))?.value.fill(0);
    }

    const shareKey = memory.allocate(32);
    combineShares(result.shares.slice(1), shareKey.bytes);
    const rootKey = await findRootKey(parts, shareKey);
    const stored = await engine.get(KEYRING_PATH);
    assert.ok(rootKey !== null && stored !== null);
    const keyring = openKeyring(stored, rootKey, memory);
    const control = randomBytes(32);
    const keys = [shareKey, rootKey, keyring.findKey(1), keyring.findKey(2)];
    const needles = keys.map((key) => key?.bytes ?? Buffer.alloc(32));
    const { counts: found } = scanOwnMemory([
      control,
      ...needles,
      ...needles.map((needle) => needle.subarray(0, 16)),
    ]);
    assert.ok((found[0] ?? 0) >= 1, 'the scanner finds what is there to be found');
    assert.deepEqual(found.slice(1), new Array(8).fill(0));
  });
});

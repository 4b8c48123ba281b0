// Nothing to steal: a dump of the server's memory gives up no key, and of the secrets and the token that went through it
// nothing, or once in some forty dumps one. The same measurement as `npm run bench:memory`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureMemory } from '../bench/memory.js';
import { isRoot, requires } from './harness/requirements.js';

/** Secrets and copies of the token together. What was left on the stack would be one of each. */
const FOUND_MAX = 1;

const options = {
  timeout: 120_000,
  ...requires(process.platform === 'linux' && isRoot, 'Linux and root, to read /proc/PID/mem'),
};

for (const audit of [true, false]) {
  const title = 'a memory dump gives up no key, of 1,000 secrets and the token at most one';
  test(`${title}, ${audit ? 'with' : 'without'} file audit`, options, async (t) => {
    const found = await measureMemory({ count: 1000, audit });
    t.diagnostic(`${found.secrets} secrets found in ${Math.round(found.bytes / 2 ** 20)} MiB`);
    assert.ok(found.control > 0, 'the search does not find what is certainly there');
    assert.deepEqual(
      found.keys.filter(([, copies]) => copies > 0),
      [],
    );
    assert.ok(found.keys.length >= 2, 'want the root key and the keyring searched for');
    assert.equal(found.unsealKey, 0, 'the unseal key is in memory');
    const total = found.secrets + found.rootToken;
    assert.ok(
      total <= FOUND_MAX,
      `${found.secrets} secrets, ${found.rootToken} copies of the token`,
    );
  });
}

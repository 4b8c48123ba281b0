// Nothing to steal: a dump of the server's memory gives up no key, and of the secrets and the token that went through it at
// most the last. The same measurement as `npm run bench:memory`, where none is found.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureMemory } from '../bench/memory.js';
import { isRoot, requires } from './harness/requirements.js';

const SECRETS_FOUND_MAX = 1;
const TOKEN_COPIES_MAX = 1;
const options = {
  timeout: 120_000,
  ...requires(process.platform === 'linux' && isRoot, 'Linux and root, to read /proc/PID/mem'),
};

for (const audit of [true, false]) {
  const title = `a memory dump gives up no key and at most ${SECRETS_FOUND_MAX} of 1,000 secrets`;
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
    assert.ok(found.secrets <= SECRETS_FOUND_MAX, `${found.secrets} secrets found`);
    assert.ok(found.rootToken <= TOKEN_COPIES_MAX, `${found.rootToken} copies of the token`);
  });
}

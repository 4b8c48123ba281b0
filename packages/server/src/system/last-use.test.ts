// What the last use of a token leaves behind where a path looks at tokens itself, or ends what revoking needs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, type TestServer } from './testing/server.js';

const POLICY = 'path "sys/seal" { capabilities = ["update", "sudo"] }';

let server: TestServer;
before(async () => {
  server = await startServer();
  const body = { policy: POLICY };
  assert.equal((await server.call('PUT', 'sys/policies/acl/few', { body })).status, 204);
});
after(() => server.close());

interface Made {
  readonly client_token: string;
  readonly accessor: string;
}

async function tokenWithUses(uses: number): Promise<Made> {
  const body = { policies: ['few'], num_uses: uses };
  return (await server.call('PUT', 'auth/token/create', { body })).json.auth;
}

for (const path of [
  'sys/internal/ui/mounts',
  'sys/internal/ui/mounts/cubbyhole/x',
  'sys/internal/ui/namespaces',
]) {
  test(`the last use of a token taken by ${path} revokes the token`, async () => {
    const { client_token: token, accessor } = await tokenWithUses(2);
    const accessors = async (): Promise<readonly string[]> =>
      (await server.call('LIST', 'auth/token/accessors')).json.data.keys;
    await server.call('GET', path, { token });
    assert.ok((await accessors()).includes(accessor), 'one use is left');
    await server.call('GET', path, { token });
    assert.ok(!(await accessors()).includes(accessor));
  });
}

test('a token whose last use seals the server seals it, and is told so', async () => {
  const { client_token: token } = await tokenWithUses(1);
  assert.equal((await server.call('PUT', 'sys/seal', { token })).status, 204);
  assert.equal((await server.call('GET', 'sys/seal-status')).json.sealed, true);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LeaseGrant } from '../framework/backend.js';
import { ApiError } from '../framework/errors.js';
import { startServer, type TestServer } from './testing/server.js';

const GRANT: LeaseGrant = { ttlSeconds: 100, maxTtlSeconds: 0, renewable: true, internal: {} };

/** A mount that gives leases: a kv mount whose backend renews, and revokes unless told to fail. */
async function startLeasing(): Promise<{
  readonly server: TestServer;
  readonly revoked: string[];
  readonly state: { fails: boolean };
  lease(path: string, grant?: Partial<LeaseGrant>): Promise<string>;
}> {
  const server = await startServer();
  await server.call('POST', 'sys/mounts/db', { body: { type: 'kv' } });
  const { active } = server.assembly.core;
  const entry = (await active.mounts.table.current()).byPath.get('db/');
  assert(entry !== undefined);
  const { backend, info } = await active.router.mounted(entry);
  const revoked: string[] = [];
  const state = { fails: false };
  backend.renewLease = async (event) => ({ ...GRANT, ttlSeconds: event.incrementSeconds || 100 });
  backend.revokeLease = async (event) => {
    if (state.fails) throw new ApiError('unavailable', 'gone away', { code: 'database-down' });
    revoked.push(event.path);
  };
  return {
    server,
    revoked,
    state,
    lease: async (path, grant = {}) => {
      const { lease } = await active.leases.register({
        path,
        grant: { ...GRANT, ...grant },
        tokenId: '',
        notAfter: null,
        mount: info,
        now: server.now,
      });
      return lease.id;
    },
  };
}

test('leases: looked up, listed, renewed, revoked', async () => {
  const { server, revoked, lease } = await startLeasing();
  const call = server.call.bind(server);
  const id = await lease('db/creds/app');
  const seen = (await call('PUT', 'sys/leases/lookup', { body: { lease_id: id } })).json.data;
  assert.deepEqual(
    [seen.id, seen.issue_time, seen.ttl, seen.renewable, seen.last_renewal],
    [id, '2023-11-14T22:13:20.000000000Z', 100, true, null],
  );
  const keys = async (prefix: string): Promise<string[]> =>
    (await call('LIST', `sys/leases/lookup/${prefix}`)).json.data?.keys;
  assert.deepEqual(await keys(''), ['db/']);
  assert.deepEqual(await keys('db/creds/app'), [id.slice('db/creds/app/'.length)]);
  const renewed = (
    await call('PUT', 'sys/leases/renew', { body: { lease_id: id, increment: '5m' } })
  ).json;
  assert.deepEqual(
    [renewed.lease_id, renewed.lease_duration, renewed.renewable, renewed.data],
    [id, 300, true, null],
  );
  assert.equal((await call('PUT', `sys/renew/${id}`, { body: {} })).json.lease_duration, 100);
  assert.equal((await call('GET', 'sys/leases/count')).json.data.lease_count, 1);
  assert.equal((await call('PUT', 'sys/leases/revoke', { body: { lease_id: id } })).status, 204);
  assert.deepEqual(revoked, ['db/creds/app']);
  assert.equal((await call('PUT', 'sys/leases/revoke', { body: { lease_id: id } })).status, 204);
  const later = await lease('db/creds/app');
  const lazily = await call('PUT', `sys/revoke/${later}`, { body: { sync: false } });
  assert.equal(lazily.status, 202);
  const expired = (await call('PUT', 'sys/leases/lookup', { body: { lease_id: later } })).json.data;
  assert.equal(expired.ttl, 0);
  await server.assembly.core.active.expirer.pass();
  assert.equal(revoked.length, 2);
  const tidy = await call('POST', 'sys/leases/tidy');
  assert.equal(tidy.status, 202);
  assert.match(tidy.json.warnings[0], /^Tidy operation successfully started\./);
  await server.close();
});

test('refused: leases', async () => {
  const { server, lease } = await startLeasing();
  const call = server.call.bind(server);
  const still = await lease('db/creds/app', { renewable: false });
  const rows: [string, string, unknown, string][] = [
    ['no id', 'lookup', {}, 'lease_id must be specified'],
    ['an unknown id', 'lookup', { lease_id: `db/creds/app/${'x'.repeat(24)}` }, 'invalid lease'],
    ['a guess that is a folder', 'lookup', { lease_id: 'db/creds/app' }, 'invalid lease'],
    [
      'a way out of the folder',
      'lookup',
      { lease_id: `../../core/${'x'.repeat(24)}` },
      'invalid lease',
    ],
    ['renewing no id', 'renew', {}, 'lease_id must be specified'],
    ['renewing an unknown id', 'renew', { lease_id: 'hunter2' }, 'invalid lease'],
    ['renewing what is not renewable', 'renew', { lease_id: still }, 'lease is not renewable'],
    ['revoking no id', 'revoke', {}, 'lease_id must be specified'],
  ];
  for (const [name, path, body, text] of rows) {
    const reply = await call('PUT', `sys/leases/${path}`, { body });
    assert.deepEqual([reply.status, reply.json], [400, { errors: [text] }], name);
  }
  // GHSA-c36x: another namespace is no way to a lease.
  const elsewhere = { headers: ['X-Vault-Namespace: a'], body: { lease_id: still } };
  assert.equal((await call('PUT', 'sys/leases/lookup', elsewhere)).status, 404);
  const short = await lease('db/creds/app', { ttlSeconds: 10 });
  server.now += 11_000;
  const expired = await call('PUT', 'sys/leases/renew', { body: { lease_id: short } });
  assert.deepEqual(expired.json, { errors: ['lease expired'] });
  const bounded = await lease('db/creds/app', { maxTtlSeconds: 150 });
  server.now += 90_000;
  const capped = await call('PUT', 'sys/leases/renew', {
    body: { lease_id: bounded, increment: 500 },
  });
  assert.equal(capped.json.lease_duration, 60);
  assert.match(capped.json.warnings[0], /exceeded the effective max_ttl/);
  await server.close();
});

test('by prefix: revoked, or forgotten by force when the backend fails', async () => {
  const { server, revoked, state, lease } = await startLeasing();
  const call = server.call.bind(server);
  await lease('db/creds/a');
  await lease('db/creds/b');
  const kept = await lease('db/other/c');
  const slow = await lease('db/slow/d');
  const queued = await call('PUT', 'sys/leases/revoke-prefix/db/slow', { body: { sync: false } });
  assert.equal(queued.status, 202);
  const over = (await call('PUT', 'sys/leases/lookup', { body: { lease_id: slow } })).json.data;
  assert.equal(over.ttl, 0);
  await server.assembly.core.active.expirer.pass();
  assert.deepEqual(revoked.splice(0), ['db/slow/d']);
  assert.equal((await call('PUT', 'sys/leases/revoke-prefix/db/creds')).status, 204);
  assert.deepEqual(revoked.sort(), ['db/creds/a', 'db/creds/b']);
  state.fails = true;
  const failed = await call('PUT', 'sys/leases/revoke', { body: { lease_id: kept } });
  assert.equal(failed.status, 500);
  assert.equal((await call('PUT', 'sys/leases/lookup', { body: { lease_id: kept } })).status, 200);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    server.now += 4_000_000;
    await server.assembly.core.active.expirer.pass();
  }
  const given = (await call('GET', 'sys/leases?type=irrevocable')).json.data;
  assert.deepEqual(given, { lease_count: 1, leases: [{ lease_id: kept, error: 'database-down' }] });
  assert.equal((await call('PUT', 'sys/revoke-force/db')).status, 204);
  assert.equal((await call('GET', 'sys/leases/count')).json.data.lease_count, 0);
  const policy = 'path "sys/*" { capabilities = ["read", "update", "list"] }';
  const token = await server.tokenWith(policy);
  for (const [method, path] of [
    ['PUT', 'leases/revoke-prefix/db'],
    ['PUT', 'leases/revoke-force/db'],
    ['PUT', 'revoke-prefix/db'],
    ['PUT', 'revoke-force/db'],
    ['LIST', 'leases/lookup/db'],
    ['GET', 'leases'],
  ] as const) {
    assert.equal((await call(method, `sys/${path}`, { token })).status, 403, path);
  }
  await server.close();
});

test('tokens made below a prefix are refused from the moment it is accepted', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  await call('POST', 'sys/auth/up', { body: { type: 'userpass' } });
  await call('POST', 'auth/up/users/ann', {
    body: { password: 'long enough', policies: 'default' },
  });
  for (const sync of [true, false]) {
    const login = await call('POST', 'auth/up/login/ann', {
      token: null,
      body: { password: 'long enough' },
    });
    const token: string = login.json.auth.client_token;
    assert.equal((await call('GET', 'auth/token/lookup-self', { token })).status, 200);
    const ended = await call('PUT', 'sys/leases/revoke-prefix/auth/up', { body: { sync } });
    assert.equal(ended.status, sync ? 204 : 202);
    assert.equal((await call('GET', 'auth/token/lookup-self', { token })).status, 403);
  }
  await server.close();
});

test('a lease named in the path is the one, whatever the body names', async () => {
  const { server, revoked, lease } = await startLeasing();
  const [own, other] = [await lease('db/creds/own'), await lease('db/creds/other')];
  const token = await server.tokenWith(
    'path "sys/leases/+/db/creds/own/*" { capabilities = ["update"] }',
  );
  const body = { lease_id: other, increment: '1h' };
  const renewed = await server.call('PUT', `sys/leases/renew/${own}`, { token, body });
  assert.equal(renewed.json.lease_id, own);
  assert.equal((await server.call('PUT', `sys/leases/revoke/${own}`, { token, body })).status, 204);
  assert.deepEqual(revoked, ['db/creds/own']);
  const still = await server.call('PUT', 'sys/leases/lookup', { body: { lease_id: other } });
  assert.equal(still.json.data.ttl, 100);
  await server.close();
});

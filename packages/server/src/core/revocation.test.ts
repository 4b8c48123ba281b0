import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../framework/errors.js';
import { newMountEntry } from './mounts/entry.js';
import { openTestServer, refusalOf, type TestServer } from './testing/open-server.js';

async function child(server: TestServer, parent: string, body: object = {}): Promise<string> {
  const path = 'auth/token/create';
  const result = await server.call({
    operation: 'update',
    path,
    token: parent,
    body: { policies: ['root'], ...body },
  });
  return result.auth?.clientToken.toString() ?? '';
}

async function lease(server: TestServer, token: string): Promise<string> {
  return (await server.call({ path: 'leasing/creds/a', token })).lease?.id ?? '';
}

const works = async (server: TestServer, token: string): Promise<boolean> =>
  (await refusalOf(server.call({ path: 'auth/token/lookup-self', token }))) === 'not refused';

async function idOf(server: TestServer, token: string): Promise<string> {
  return server.active.tokens.idOf(Buffer.from(token));
}

test('revoking a token revokes its leases and all of its descendants', async () => {
  const server = await openTestServer();
  const parent = await child(server, 'root-of-the-test');
  const middle = await child(server, parent);
  const leaf = await child(server, middle);
  const leases = [await lease(server, parent), await lease(server, leaf)];
  await server.active.revocation.revokeTree(await idOf(server, parent), server.now);
  for (const token of [parent, middle, leaf]) assert.equal(await works(server, token), false);
  for (const id of leases) assert.equal(await server.active.leases.find(id), null);
  assert.equal(server.steering.revoked.length, 2);
});

test('of a chain of 1,100 tokens none outlives the first', async () => {
  const server = await openTestServer();
  const first = await child(server, 'root-of-the-test');
  let last = first;
  for (let depth = 0; depth < 1100; depth += 1) last = await child(server, last);
  await server.active.revocation.revokeTree(await idOf(server, first), server.now);
  assert.equal(await works(server, last), false);
});

test('revoke-orphan spares the children', async () => {
  const server = await openTestServer();
  const parent = await child(server, 'root-of-the-test');
  const orphan = await child(server, parent);
  await server.active.revocation.revokeOrphan(await idOf(server, parent), server.now);
  assert.equal(await works(server, parent), false);
  assert.equal(await works(server, orphan), true);
});

test('a token whose lease can not be revoked goes all the same; the lease is tried again later', async () => {
  const server = await openTestServer();
  const token = await child(server, 'root-of-the-test');
  const id = await lease(server, token);
  server.steering.revocationFaults.push(
    new ApiError('unavailable', 'database is away', { code: 'away' }),
  );
  await server.active.revocation.revokeTree(await idOf(server, token), server.now);
  assert.equal(await works(server, token), false);
  assert.equal((await server.active.leases.find(id))?.failureCode, 'away');
  server.now += 60_000;
  await server.active.revocation.expire(server.now);
  assert.equal(await server.active.leases.find(id), null);
  assert.equal(server.steering.revoked.length, 1);
});

test('what has expired is revoked, what has not is left alone', async () => {
  const server = await openTestServer();
  const short = await child(server, 'root-of-the-test', { ttl: '1m', policies: ['default'] });
  const long = await child(server, 'root-of-the-test', { ttl: '1h', policies: ['default'] });
  const id = await lease(server, 'root-of-the-test');
  server.now += 61_000;
  assert.equal(await works(server, short), false);
  assert.deepEqual(await server.active.revocation.expire(server.now), []);
  assert.equal(await server.active.tokens.lookupById(await idOf(server, short), 0), null);
  assert.equal(await works(server, long), true);
  assert.equal(await server.active.leases.find(id), null);
});

test('after six failures a lease is irrevocable, and only force drops it', async () => {
  const server = await openTestServer();
  const id = await lease(server, 'root-of-the-test');
  for (let attempt = 0; attempt < 7; attempt += 1) {
    server.steering.revocationFaults.push(new Error('no'));
    server.now += 3_600_000;
    await server.active.revocation.expire(server.now);
  }
  assert.equal((await server.active.leases.find(id))?.isIrrevocable, true);
  server.steering.revocationFaults.push(new Error('no'));
  await server.active.revocation.forceLease(id, server.now);
  assert.equal(await server.active.leases.find(id), null);
});

test('revoking below a path ends leases and logins made there, and no others', async () => {
  const server = await openTestServer();
  await server.active.policies.put(
    'guest',
    'path "leasing/creds/*" { capabilities = ["read"] }',
    server.now,
  );
  const login = await server.call({ operation: 'update', path: 'auth/door/login', token: null });
  const token = login.auth?.clientToken.toString() ?? '';
  const ids = [await lease(server, 'root-of-the-test'), await lease(server, token)];
  await server.active.revocation.revokeBelow('auth/door/', server.now, false);
  assert.equal(await works(server, token), false);
  assert.notEqual(await server.active.leases.find(ids[0] ?? ''), null);
  await server.active.revocation.revokeBelow('leasing/', server.now, false);
  assert.equal(await server.active.leases.find(ids[0] ?? ''), null);
});

const mountMoves: readonly (readonly [
  string,
  (server: TestServer) => Promise<unknown>,
  boolean,
])[] = [
  ['is refused once its auth method is disabled', disableDoor, false],
  ['is refused while its auth method is being disabled', taintDoor, false],
  ['is refused by an auth method that took the old one’s place', replaceDoor, false],
  ['is good while its auth method is moved', moveDoor, true],
];
async function disableDoor(server: TestServer): Promise<void> {
  await server.active.mounts.disable('auth', 'door');
}
async function taintDoor(server: TestServer): Promise<void> {
  await server.active.mounts.table.taint('auth/door/');
}
async function replaceDoor(server: TestServer): Promise<void> {
  await disableDoor(server);
  const entry = newMountEntry({ kind: 'auth', path: 'auth/door/', type: 'door' });
  await server.active.mounts.table.add(entry);
}
async function moveDoor(server: TestServer): Promise<void> {
  await server.active.mounts.move('auth/door', 'auth/gate');
}
for (const [what, move, isGood] of mountMoves) {
  test(`a batch token ${what}`, async () => {
    const server = await openTestServer();
    server.steering.grant = { tokenType: 'batch' };
    const path = 'auth/door/login';
    const login = await server.call({ operation: 'update', path, token: null });
    const token = login.auth?.clientToken.toString() ?? '';
    assert.match(token, /^hvb\./);
    assert.equal(await works(server, token), true);
    await move(server);
    assert.equal(await works(server, token), isGood);
  });
}

test('an unknown lease is refused as such', async () => {
  const server = await openTestServer();
  const work = server.active.revocation.revokeLease('leasing/creds/a/none', server.now);
  assert.equal(await refusalOf(work), 'invalid-lease');
});

test('a hundred children revoked while new ones are being made: none survives', async () => {
  const server = await openTestServer();
  const parent = await child(server, 'root-of-the-test');
  const born = Array.from({ length: 100 }, () => child(server, parent).catch(() => ''));
  await Promise.all([born[0], born[50]]);
  await server.active.revocation.revokeTree(await idOf(server, parent), server.now);
  for (const token of await Promise.all(born)) {
    if (token !== '') assert.equal(await works(server, token), false);
  }
});

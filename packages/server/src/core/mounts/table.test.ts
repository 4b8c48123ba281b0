import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestServer, refusalOf, type TestServer } from '../testing/open-server.js';
import { DEFAULT_MOUNT_CONFIG } from './entry.js';
import { canonicalMountPath } from './table.js';

const SPEC = {
  type: 'leasing',
  description: 'd',
  config: DEFAULT_MOUNT_CONFIG,
  options: {},
  local: false,
  sealWrap: false,
  externalEntropyAccess: false,
};

const canonical: readonly (readonly [string, string])[] = [
  ['a', 'a/'],
  ['/a/', 'a/'],
  ['a/b//', 'a/b/'],
];
for (const [given, want] of canonical) {
  test(`mount path "${given}" is "${want}"`, () => assert.equal(canonicalMountPath(given), want));
}

const paths: readonly (readonly [string, string, string])[] = [
  ['an empty path', '', 'mount-path-empty'],
  ['slashes only', '//', 'mount-path-empty'],
  ['an empty segment', 'a//b', 'mount-path-invalid'],
  ['a parent segment', 'a/../b', 'mount-path-invalid'],
  ['a dot segment', './a', 'mount-path-invalid'],
  ['a glob', 'a*', 'mount-path-invalid'],
  ['a plus', '+/a', 'mount-path-invalid'],
  ['a space', 'a b', 'mount-path-invalid'],
  ['a control character', 'a\n', 'mount-path-invalid'],
  ['a percent sign', 'a%2fb', 'mount-path-invalid'],
  ['a path longer than any', 'a'.repeat(600), 'mount-path-too-long'],
  // Looking for slashes in it would take hours.
  ['a path of slashes only in its middle', `a${'/'.repeat(2_000_000)}a`, 'mount-path-too-long'],
  ['the path of sys', 'sys', 'mount-path-reserved'],
  ['the folder of auth methods', 'auth', 'mount-path-reserved'],
  ['a path below auth', 'auth/x', 'mount-path-reserved'],
  ['a path below sys', 'sys/x', 'mount-path-reserved'],
  ['the path of the cubbyhole', 'cubbyhole', 'mount-path-reserved'],
  ['a path in use', 'leasing', 'mount-path-in-use'],
  ['a path below another mount', 'leasing/b', 'mount-path-overlaps'],
];
for (const [name, path, code] of paths) {
  test(`a secrets engine is not mounted at ${name}`, async () => {
    const { active } = await openTestServer();
    assert.equal(await refusalOf(active.mounts.enable('secret', path, SPEC)), code);
  });
}

test('a mount may not be above another', async () => {
  const { active } = await openTestServer();
  await active.mounts.enable('secret', 'a/b', SPEC);
  assert.equal(await refusalOf(active.mounts.enable('secret', 'a', SPEC)), 'mount-path-overlaps');
});

const configs: readonly (readonly [string, object, string])[] = [
  [
    'a default TTL above the maximum',
    { defaultLeaseTtlSeconds: 2, maxLeaseTtlSeconds: 1 },
    'mount-ttl',
  ],
  ['a default TTL above the system’s maximum', { defaultLeaseTtlSeconds: 7201 }, 'mount-ttl'],
  ['an unknown listing visibility', { listingVisibility: 'loud' }, 'mount-listing-visibility'],
  ['a token type on a secrets engine', { tokenType: 'batch' }, 'mount-token-type'],
];
for (const [name, config, code] of configs) {
  test(`a mount does not take ${name}`, async () => {
    const { active } = await openTestServer();
    const spec = { ...SPEC, config: { ...DEFAULT_MOUNT_CONFIG, ...config } };
    assert.equal(await refusalOf(active.mounts.enable('secret', 'a', spec)), code);
    assert.equal((await active.mounts.table.current()).byPath.has('a/'), false);
  });
}

test('a default TTL is tuned up to the system’s maximum, or above it with a maximum of its own', async () => {
  const { active } = await openTestServer();
  const tune = (config: object) =>
    active.mounts.tune('leasing', { description: null, config, options: null });
  assert.equal(await refusalOf(tune({ defaultLeaseTtlSeconds: 7201 })), 'mount-ttl');
  await tune({ defaultLeaseTtlSeconds: 7200 });
  await tune({ defaultLeaseTtlSeconds: 7201, maxLeaseTtlSeconds: 7201 });
  assert.equal(await refusalOf(tune({ maxLeaseTtlSeconds: 0 })), 'mount-ttl');
});

test('an unknown type is refused and names the known ones', async () => {
  const { active } = await openTestServer();
  const error = await active.mounts
    .enable('secret', 'a', { ...SPEC, type: 'magic' })
    .catch((e) => e);
  assert.match(error.message, /known: leasing/);
});

const protectedOnes = ['sys', 'cubbyhole', 'identity'];
for (const path of protectedOnes) {
  test(`${path}/ can be neither disabled nor moved`, async () => {
    const { active } = await openTestServer();
    assert.equal(await refusalOf(active.mounts.disable('secret', path)), 'mount-protected');
    assert.equal(await refusalOf(active.mounts.move(path, 'other')), 'mount-protected');
  });
}

test('disabling takes leases and data along, and the path is free again', async () => {
  const server = await openTestServer();
  const { active } = server;
  await server.call({ operation: 'update', path: 'leasing/item/a', body: { value: 1 } });
  const id = (await server.call({ path: 'leasing/creds/a' })).lease?.id ?? '';
  const uuid = (await active.mounts.table.current()).byPath.get('leasing/')?.uuid;
  await active.mounts.disable('secret', 'leasing');
  assert.equal(await active.leases.find(id), null);
  assert.deepEqual(await active.view(`logical/${uuid}/`).list('', { after: '', limit: 10 }), []);
  assert.equal(await refusalOf(server.call({ path: 'leasing/creds/a' })), 'no-mount');
  await active.mounts.enable('secret', 'leasing', SPEC);
  assert.equal(await refusalOf(server.call({ path: 'leasing/creds/a' })), 'not refused');
});

test('a removal that a crash cut short is finished at the next start', async () => {
  const server = await openTestServer();
  const { active } = server;
  await server.call({ operation: 'update', path: 'leasing/item/a', body: { value: 1 } });
  await active.mounts.table.taint('leasing/');
  assert.equal(await refusalOf(server.call({ path: 'leasing/creds/a' })), 'no-mount');
  await active.mounts.resume();
  assert.equal((await active.mounts.table.current()).byPath.has('leasing/'), false);
});

test('a moved mount keeps its data and loses its leases', async () => {
  const server = await openTestServer();
  const { active } = server;
  await server.call({ operation: 'update', path: 'leasing/item/a', body: { value: 1 } });
  const id = (await server.call({ path: 'leasing/creds/a' })).lease?.id ?? '';
  const status = await active.mounts.move('leasing', 'moved/here');
  assert.equal(active.mounts.findMigration(status.id)?.status, 'success');
  assert.equal(await active.leases.find(id), null);
  const again = await server.call({
    operation: 'update',
    path: 'moved/here/item/a',
    body: { value: 2 },
  });
  assert.deepEqual(again.response?.data, { operation: 'update' });
});

test('a mount does not move between secrets engines and auth methods, nor onto another', async () => {
  const { active } = await openTestServer();
  assert.equal(await refusalOf(active.mounts.move('leasing', 'auth/x')), 'mount-kind');
  assert.equal(await refusalOf(active.mounts.move('leasing', 'identity')), 'mount-path-reserved');
  assert.equal(await refusalOf(active.mounts.move('absent', 'b')), 'mount-not-found');
});

test('fifty mounts enabled at once are all there', async () => {
  const { active } = await openTestServer();
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => active.mounts.enable('secret', `m${index}`, SPEC)),
  );
  const { byPath } = await active.mounts.table.current();
  for (let index = 0; index < 50; index += 1) assert.ok(byPath.has(`m${index}/`));
});

const removals: readonly (readonly [string, (server: TestServer) => Promise<unknown>])[] = [
  ['disabled', ({ active }) => active.mounts.disable('auth', 'door')],
  ['moved', ({ active }) => active.mounts.move('auth/door', 'auth/gate')],
];
for (const [what, remove] of removals) {
  test(`a login under way while its method is ${what} gives no token`, async () => {
    const server = await openTestServer();
    server.steering.meanwhile = async () => void (await remove(server));
    const call = { operation: 'update', path: 'auth/door/login', token: null } as const;
    assert.equal(await refusalOf(server.call(call)), 'no-mount');
    const all = await server.active.tokens.listAccessors({ after: '', limit: 10 });
    assert.equal(all.accessors.length, 1);
  });
}

test('a lease made while its mount is moved is revoked and not given out', async () => {
  const server = await openTestServer();
  server.steering.meanwhile = async () => void (await server.active.mounts.move('leasing', 'b'));
  assert.equal(await refusalOf(server.call({ path: 'leasing/creds/a' })), 'no-mount');
  assert.equal(server.steering.revoked.length, 1);
  assert.equal((await server.active.leases.count()).total, 0);
});

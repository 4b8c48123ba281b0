// Tokens, leases and lockout over the real barrier, through two processes at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LOCKOUT, LoginLockout } from '../framework/lockout.js';
import { LeaseStore } from '../leases/store.js';
import { SPENT } from './entry.js';
import { TokenStore } from './store.js';
import { twoProcesses } from './testing/two-processes.js';
import { rootTokenSpec, type TokenSpec } from './token-spec.js';

const NOW = 1_700_000_000_000;
const ALL = { after: '', limit: 1000 };
const SPEC: TokenSpec = {
  ...rootTokenSpec(null),
  path: 'auth/userpass/login/ann@example.org',
  policies: ['default'],
  ttlSeconds: 60,
  renewable: true,
};

async function openBoth(): Promise<readonly [TokenStore, TokenStore]> {
  const [one, two] = await twoProcesses('sys/token/');
  return await Promise.all([
    TokenStore.open(one, async () => true),
    TokenStore.open(two, async () => true),
  ]);
}

test('both processes make one salt and one batch key', async () => {
  const [one, two] = await openBoth();
  assert.equal(one.idOf(Buffer.from('x')), two.idOf(Buffer.from('x')));
  const { token } = await one.create({ ...SPEC, type: 'batch' }, NOW);
  assert.notEqual(await two.lookup(token, NOW), null);
});

test('what one process revokes the other refuses at once', async () => {
  const [one, two] = await openBoth();
  const { token, entry } = await one.create(SPEC, NOW);
  assert.notEqual(await two.lookup(token, NOW), null);
  await one.beginRevocation(entry.id, NOW);
  assert.equal(await two.lookup(token, NOW), null);
  assert.deepEqual(
    (await two.due(NOW, ALL)).map(({ name }) => name),
    [entry.id],
  );
  assert.equal(await two.remove(entry.id), true);
  assert.equal(await one.remove(entry.id), false);
  assert.equal(await one.count(), 0);
});

test('five uses are five uses, whoever takes them', async () => {
  const [one, two] = await openBoth();
  const { entry } = await one.create({ ...SPEC, numUses: 5 }, NOW);
  const taken = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 ? one : two).useOne(entry.id, NOW)),
  );
  const left = taken.filter((each) => each !== null).map(({ usesLeft }) => usesLeft);
  assert.deepEqual(
    left.sort((a, b) => b - a),
    [4, 3, 2, 1, SPENT],
  );
});

test('one of two makes a token of a chosen id', async () => {
  const [one, two] = await openBoth();
  const spec = rootTokenSpec(Buffer.from('root'));
  const made = await Promise.allSettled([one.create(spec, NOW), two.create(spec, NOW)]);
  assert.deepEqual(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a tree is found, renewed, orphaned and removed', async () => {
  const [one, two] = await openBoth();
  const { entry } = await one.create(SPEC, NOW);
  const child = await two.create({ ...SPEC, parentId: entry.id }, NOW);
  await two.renew(entry.id, () => ({ ttlSeconds: 500 }), NOW);
  assert.equal((await one.lookupByAccessor(entry.accessor, NOW))?.expiresAt, NOW + 500_000);
  assert.equal(await one.orphanChildren(entry.id), 1);
  assert.equal((await two.lookup(child.token, NOW))?.parentId, '');
  const found: string[] = [];
  for await (const id of two.listByPath('auth/userpass/')) found.push(id);
  assert.deepEqual(found.sort(), [entry.id, child.entry.id].sort());
  assert.equal(await one.tidy(), 0);
});

test('one process claims a lease, and a lease id from outside is never a storage key', async () => {
  const [one, two] = (await twoProcesses('sys/expire/')).map((view) => new LeaseStore(view));
  assert.ok(one && two);
  const mount = { uuid: 'm1', defaultLeaseTtlSeconds: 60, maxLeaseTtlSeconds: 600 };
  const grant = { ttlSeconds: 60, maxTtlSeconds: 0, renewable: true, internal: {} };
  const path = 'database/creds/app';
  const made = { path, grant, tokenId: 'h1', notAfter: null, mount, now: NOW };
  const { lease } = await one.register(made);
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? one : two).claim(lease.id, NOW, 1000)),
  );
  assert.equal(claims.filter((claim) => claim !== null).length, 1);
  const suffix = 'a'.repeat(24);
  for (const id of [`../${suffix}`, `/${suffix}`, `a//${suffix}`, `é/${suffix}`, `./a/${suffix}`]) {
    await assert.rejects(two.get(id), { message: 'invalid lease' });
  }
});

test('failures are counted over both processes', async () => {
  const [one, two] = await twoProcesses('auth/m1/');
  const both = [new LoginLockout(one, DEFAULT_LOCKOUT), new LoginLockout(two, DEFAULT_LOCKOUT)];
  await Promise.all([0, 1, 0, 1, 0].map((at) => both[at]!.noteFailure('ann@example.org', NOW)));
  for (const lockout of both) {
    await assert.rejects(lockout.check('ann@example.org', NOW), { code: 'locked-out' });
  }
});

// Leases: registration, renewal rules, who may revoke, and what is left behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LeaseGrant } from '../framework/backend.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { backoffMs, type Lease } from './lease.js';
import { planLeaseRenewal } from './renewal.js';
import { LeaseStore } from './store.js';

const NOW = 1_700_000_000_000;
const HOUR = 3600;
const MOUNT = { uuid: 'm1', defaultLeaseTtlSeconds: HOUR, maxLeaseTtlSeconds: 10 * HOUR };
const GRANT: LeaseGrant = {
  ttlSeconds: 60,
  maxTtlSeconds: 600,
  renewable: true,
  internal: { user: 'u1' },
};
const ALL = { after: '', limit: 1000 };

function open(): { storage: MemoryStorage; store: LeaseStore } {
  const storage = new MemoryStorage();
  return { storage, store: new LeaseStore(storage) };
}

async function register(
  store: LeaseStore,
  change: Partial<Parameters<LeaseStore['register']>[0]> = {},
): Promise<Lease> {
  const made = await store.register({
    path: 'database/creds/app',
    grant: GRANT,
    tokenId: 'htoken',
    notAfter: null,
    mount: MOUNT,
    now: NOW,
    ...change,
  });
  return made.lease;
}

test('a lease id is the path and 24 base62 characters, and the lease is found by it', async () => {
  const { store } = open();
  const lease = await register(store);
  assert.match(lease.id, /^database\/creds\/app\/[0-9A-Za-z]{24}$/);
  assert.deepEqual(await store.get(lease.id), lease);
  assert.equal(lease.expiresAt, NOW + 60_000);
  assert.deepEqual(await store.ofToken('htoken', 10), [lease.id]);
  assert.deepEqual(await store.list('database/creds/', ALL), ['app/']);
});

test('a grant beyond the mount is capped, with a warning', async () => {
  const { store } = open();
  const made = await store.register({
    path: 'p',
    grant: { ...GRANT, ttlSeconds: 20 * HOUR, maxTtlSeconds: 0 },
    tokenId: '',
    notAfter: null,
    mount: MOUNT,
    now: NOW,
  });
  assert.equal(made.ttlSeconds, 10 * HOUR);
  assert.deepEqual(made.warnings, [
    'TTL of "20h0m0s" exceeded the effective max_ttl of "10h0m0s"; TTL value is capped accordingly',
  ]);
});

const unknown: readonly [string, string, string][] = [
  ['an empty id', '', 'lease_id must be specified'],
  ['an id nobody gave out', `database/creds/app/${'a'.repeat(24)}`, 'invalid lease'],
  ['an id that climbs', `../${'a'.repeat(24)}`, 'invalid lease'],
  ['an id with a control character', `a\n/${'a'.repeat(24)}`, 'invalid lease'],
  ['an id without a suffix', 'database/creds/app', 'invalid lease'],
  ['an id longer than any path', `${'a/'.repeat(3000)}${'a'.repeat(24)}`, 'invalid lease'],
];
for (const [name, id, message] of unknown) {
  test(`refuses ${name}`, async () => {
    const { store } = open();
    await register(store);
    await assert.rejects(store.get(id), { message, kind: 'invalid-request' });
  });
}

test('renewal counts from now, is capped by the maximum from issue, and ends there', async () => {
  const { store } = open();
  const lease = await register(store);
  const at = NOW + 30_000;
  const asked = planLeaseRenewal(lease, { ...GRANT, ttlSeconds: 100 }, MOUNT, at);
  assert.deepEqual(asked, { ttlSeconds: 100, warnings: [] });
  const renewed = await store.renew(lease.id, asked.ttlSeconds, at);
  assert.equal(renewed.expiresAt, at + 100_000);
  assert.equal(renewed.lastRenewedAt, at);
  const late = planLeaseRenewal(renewed, { ...GRANT, ttlSeconds: 600 }, MOUNT, NOW + 100_000);
  assert.equal(late.ttlSeconds, 500);
  assert.equal(late.warnings.length, 1);
  const longLived = { ...renewed, expiresAt: NOW + 700_000 };
  assert.throws(() => planLeaseRenewal(longLived, GRANT, MOUNT, NOW + 600_000), {
    code: 'past-max-ttl',
  });
});

test('a lease does not outlive the batch token that made it, renewed or not', async () => {
  const { store } = open();
  const lease = await register(store, { notAfter: NOW + 45_500 });
  assert.equal(lease.expiresAt, NOW + 45_000);
  assert.equal(planLeaseRenewal(lease, GRANT, MOUNT, NOW + 40_000).ttlSeconds, 5);
  await assert.rejects(register(store, { notAfter: NOW }), { code: 'past-max-ttl' });
});

test('tidying removes what leads nowhere and leaves leases alone', async () => {
  const { store, storage } = open();
  const kept = await register(store);
  const lost = await register(store);
  await storage.commit([{ delete: `id/${lost.id}` }], []);
  assert.equal(await store.tidy(), 2);
  assert.equal(await store.tidy(), 0);
  assert.deepEqual(await store.ofToken('htoken', 10), [kept.id]);
  assert.deepEqual(await store.count(), { total: 1, irrevocable: 0 });
});

const notRenewable: readonly [string, Partial<Lease>, string][] = [
  ['one that is not renewable', { renewable: false }, 'lease-not-renewable'],
  ['one that has expired', { expiresAt: NOW }, 'lease-expired'],
  ['one that is being revoked', { isRevoking: true }, 'lease-expired'],
];
for (const [name, change, code] of notRenewable) {
  test(`does not renew ${name}`, async () => {
    const lease = await register(open().store);
    assert.throws(() => planLeaseRenewal({ ...lease, ...change }, GRANT, MOUNT, NOW), { code });
  });
}

test('of fifty workers that want to revoke a lease one gets it', async () => {
  const { store } = open();
  const lease = await register(store);
  const claims = await Promise.all(
    Array.from({ length: 50 }, () => store.claim(lease.id, NOW + 60_000, 30_000)),
  );
  assert.equal(claims.filter((claim) => claim !== null).length, 1);
  assert.deepEqual(await store.due(NOW + 61_000, ALL), []);
  assert.equal((await store.due(NOW + 91_000, ALL)).length, 1, 'a dead worker lets go');
  assert.notEqual(await store.claim(lease.id, NOW + 91_000, 30_000), null);
});

test('a lease that is being revoked can not be renewed', async () => {
  const { store } = open();
  const lease = await register(store);
  await store.claim(lease.id, NOW, 30_000);
  await assert.rejects(store.renew(lease.id, 60, NOW), { message: 'invalid lease' });
});

test('after six failures, each with twice the wait, a lease is irrevocable', async () => {
  const { store, storage } = open();
  const lease = await register(store);
  let now = lease.expiresAt;
  for (let failures = 1; failures <= 5; failures += 1) {
    assert.notEqual(await store.claim(lease.id, now, 1000), null);
    const failed = await store.fail(lease.id, now, 'unavailable');
    assert.equal(failed?.dueAt, now + 10_000 * 2 ** (failures - 1));
    assert.deepEqual(await store.due(now + backoffMs(failures) - 1, ALL), []);
    now += backoffMs(failures);
    assert.equal((await store.due(now, ALL)).length, 1);
  }
  await store.claim(lease.id, now, 1000);
  assert.equal((await store.fail(lease.id, now, 'unavailable'))?.isIrrevocable, true);
  assert.deepEqual(await store.due(now + 1e12, ALL), []);
  assert.equal((await store.irrevocable(ALL))[0]?.failureCode, 'unavailable');
  assert.deepEqual(await store.count(), { total: 1, irrevocable: 1 });
  assert.equal(await store.remove(lease.id), true);
  assert.deepEqual(storage.keys(), []);
});

test('the leases of a token are each given once, though some stay', async () => {
  const { store } = open();
  const made = new Set<string>();
  for (let i = 0; i < 450; i += 1) made.add((await register(store)).id);
  await register(store, { tokenId: 'hother' });
  const seen: string[] = [];
  for await (const id of store.allOfToken('htoken')) {
    seen.push(id);
    if (seen.length % 2 === 0) await store.remove(id);
  }
  assert.equal(seen.length, 450);
  assert.deepEqual(new Set(seen), made);
});

test('everything below a prefix is listed, and nothing beside it', async () => {
  const { store } = open();
  const inside = await register(store, { path: 'db/creds/a' });
  const deep = await register(store, { path: 'db/creds/a/b' });
  await register(store, { path: 'db/creds/ab' });
  const found: string[] = [];
  for await (const id of store.below('db/creds/a')) found.push(id);
  assert.deepEqual(found.sort(), [inside.id, deep.id].sort());
});

test('what is due is exactly what has expired, oldest first, over any paging', async () => {
  const offsets = fc.array(fc.integer({ min: 1, max: 7200 }), { minLength: 1, maxLength: 20 });
  const run = async (ttls: number[], wait: number, limit: number): Promise<void> => {
    const { store } = open();
    const made: Lease[] = [];
    for (const ttlSeconds of ttls) {
      made.push(await register(store, { grant: { ...GRANT, ttlSeconds, maxTtlSeconds: 0 } }));
    }
    const now = NOW + wait * 1000;
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const page = await store.due(now, { after, limit });
      seen.push(...page.map(({ leaseId }) => leaseId));
      if (page.length < limit) break;
      after = page.at(-1)!.key;
    }
    const expiry = (id: string): number => made.find((lease) => lease.id === id)!.expiresAt;
    assert.deepEqual(
      new Set(seen),
      new Set(made.filter(({ expiresAt }) => expiresAt <= now).map(({ id }) => id)),
    );
    assert.deepEqual(
      seen.map(expiry),
      seen.map(expiry).sort((a, b) => a - b),
    );
    assert.equal((await store.count()).total, made.length);
  };
  await fc.assert(
    fc.asyncProperty(
      offsets,
      fc.integer({ min: 0, max: 7200 }),
      fc.integer({ min: 1, max: 7 }),
      run,
    ),
    { numRuns: 200 },
  );
});

// The token store: nothing of a token at rest, nothing usable after its end, and no use counted twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { SPENT, type TokenEntry } from './entry.js';
import { type CreatedToken, TokenStore } from './store.js';
import { rootTokenSpec, type TokenSpec } from './token-spec.js';

const NOW = 1_700_000_000_000;
const ALL = { after: '', limit: 1000 };
const SPEC: TokenSpec = {
  ...rootTokenSpec(null),
  path: 'auth/userpass/login/ann',
  policies: ['default'],
  displayName: 'userpass-ann',
  ttlSeconds: 60,
  renewable: true,
};

async function open(): Promise<{ storage: MemoryStorage; store: TokenStore }> {
  const storage = new MemoryStorage();
  return { storage, store: await TokenStore.open(storage, async () => true) };
}

async function make(store: TokenStore, change: Partial<TokenSpec> = {}): Promise<CreatedToken> {
  return await store.create({ ...SPEC, ...change }, NOW);
}

async function below(store: TokenStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const id of store.listByPath(prefix)) found.push(id);
  return found;
}

test('a service token is hvs. and 24 base62 characters, found by itself and by its accessor', async () => {
  const { store } = await open();
  const { token, entry } = await make(store);
  assert.match(token.toString(), /^hvs\.[0-9A-Za-z]{24}$/);
  assert.match(entry.accessor, /^[0-9A-Za-z]{24}$/);
  assert.match(entry.id, /^h[0-9a-f]{64}$/);
  assert.deepEqual(await store.lookup(token, NOW), entry);
  assert.deepEqual(await store.lookupByAccessor(entry.accessor, NOW), entry);
});

test('neither token nor accessor can be read from what is stored under keys', async () => {
  const { store, storage } = await open();
  const { token, entry } = await make(store);
  assert.equal(storage.dump().includes(token), false);
  assert.equal(storage.dump().includes(token.subarray(4)), false);
  assert.equal(storage.keys().join('\n').includes(entry.accessor), false);
});

test('a second store over the same storage knows the same tokens', async () => {
  const { store, storage } = await open();
  const { token } = await make(store);
  const other = await TokenStore.open(storage, async () => true);
  assert.notEqual(await other.lookup(token, NOW), null);
  await store.remove(store.idOf(token));
  assert.equal(await other.lookup(token, NOW), null, 'no stale answer from its cache');
});

const refused: readonly [string, (made: CreatedToken) => Buffer, number][] = [
  ['one that has expired', ({ token }) => token, NOW + 60_000],
  [
    'one with a changed character',
    ({ token }) => Buffer.from(`${token.toString().slice(0, -1)}~`),
    NOW,
  ],
  ['its own salted name', ({ entry }) => Buffer.from(entry.id), NOW],
  ['its accessor', ({ entry }) => Buffer.from(entry.accessor), NOW],
  ['an empty token', () => Buffer.alloc(0), NOW],
  ['one longer than any token', () => Buffer.alloc(8193, 'a'), NOW],
  ['a prefix of it', ({ token }) => token.subarray(0, 20), NOW],
];
for (const [name, token, now] of refused) {
  test(`does not find ${name}`, async () => {
    const { store } = await open();
    const made = await make(store);
    assert.equal(await store.lookup(token(made), now), null);
  });
}

test('a hot lookup decrypts nothing, and sees a change at once', async () => {
  const { store, storage } = await open();
  const { token, entry } = await make(store);
  await store.lookup(token, NOW);
  const { reads } = storage;
  for (let i = 0; i < 10; i += 1) await store.lookup(token, NOW);
  assert.equal(storage.reads, reads);
  await store.renew(entry.id, () => ({ ttlSeconds: 500 }), NOW + 1000);
  assert.equal((await store.lookup(token, NOW))?.expiresAt, NOW + 501_000);
});

test('of fifty parallel uses of a token with five, exactly five succeed', async () => {
  const { store, storage } = await open();
  const { entry } = await make(store, { numUses: 5 });
  const other = await TokenStore.open(storage, async () => true);
  const used = await Promise.all(
    Array.from({ length: 50 }, (_, i) => (i % 2 ? store : other).useOne(entry.id, NOW)),
  );
  const left = used.filter((entryLeft) => entryLeft !== null).map(({ usesLeft }) => usesLeft);
  assert.deepEqual(
    left.sort((a, b) => b - a),
    [4, 3, 2, 1, SPENT],
  );
  assert.equal(await store.lookupById(entry.id, NOW), null);
});

test('a token with unlimited uses costs no commit', async () => {
  const { store, storage } = await open();
  const { entry } = await make(store);
  const commits = storage.commits.length;
  assert.equal((await store.useOne(entry.id, NOW))?.usesLeft, 0);
  assert.equal(storage.commits.length, commits);
});

test('removing a token leaves nothing of it', async () => {
  const { store, storage } = await open();
  const before = storage.keys();
  const { entry } = await make(store);
  const child = await make(store, { parentId: entry.id });
  assert.deepEqual(await store.children(entry.id, ALL), [child.entry.id]);
  assert.equal(await store.remove(child.entry.id), true);
  assert.equal(await store.remove(entry.id), true);
  assert.equal(await store.remove(entry.id), false);
  assert.deepEqual(storage.keys(), before);
});

test('once a revocation has begun the token is refused, childless and due', async () => {
  const { store } = await open();
  const { token, entry } = await make(store, { ttlSeconds: 0 });
  assert.deepEqual(await store.due(NOW, ALL), []);
  assert.equal(await store.beginRevocation(entry.id, NOW), true);
  assert.equal(await store.lookup(token, NOW), null);
  assert.equal(await store.lookupByAccessor(entry.accessor, NOW), null);
  assert.deepEqual(
    (await store.due(NOW, ALL)).map(({ name }) => name),
    [entry.id],
  );
  await assert.rejects(make(store, { parentId: entry.id }), {
    message: 'parent token lookup failed: no parent found',
  });
  await assert.rejects(
    store.renew(entry.id, () => ({ ttlSeconds: 1 }), NOW),
    {
      message: 'token not found',
    },
  );
});

test('no child slips in while its parent is being revoked', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { store } = await open();
    const { entry } = await make(store);
    const born = Array.from({ length: 5 }, () =>
      make(store, { parentId: entry.id }).catch(() => null),
    );
    const marked = store.beginRevocation(entry.id, NOW).then(() => store.children(entry.id, ALL));
    const known = await marked;
    const made = (await Promise.all(born)).filter((child) => child !== null);
    assert.deepEqual(made.map((child) => child.entry.id).sort(), [...known].sort());
  }
});

test('orphaned children live on without their parent', async () => {
  const { store, storage } = await open();
  const { entry } = await make(store);
  const child = await make(store, { parentId: entry.id });
  assert.equal(await store.orphanChildren(entry.id), 1);
  await store.remove(entry.id);
  assert.equal((await store.lookup(child.token, NOW))?.parentId, '');
  assert.equal(
    storage.keys().some((key) => key.startsWith('parent/')),
    false,
  );
});

test('what is due is found by expiry and moves with a renewal', async () => {
  const { store } = await open();
  const first = await make(store, { ttlSeconds: 30 });
  const second = await make(store, { ttlSeconds: 200 });
  const names = async (now: number): Promise<string[]> =>
    (await store.due(now, ALL)).map(({ name }) => name);
  assert.deepEqual(await names(NOW + 29_999), []);
  assert.deepEqual(await names(NOW + 30_000), [first.entry.id]);
  await store.renew(first.entry.id, () => ({ ttlSeconds: 400 }), NOW);
  assert.deepEqual(await names(NOW + 400_000), [second.entry.id, first.entry.id]);
});

test('tokens are found by the path that made them', async () => {
  const { store } = await open();
  const ann = await make(store);
  const bob = await make(store, { path: 'auth/userpass/login/bob' });
  await make(store, { path: 'auth/userpass2/login/ann' });
  assert.deepEqual(
    (await below(store, 'auth/userpass/')).sort(),
    [ann.entry.id, bob.entry.id].sort(),
  );
  assert.deepEqual(await below(store, 'auth/userpass/login/ann'), [ann.entry.id]);
  assert.equal(await store.count(), 3);
});

test('accessors are listed page by page', async () => {
  const { store } = await open();
  const made: TokenEntry[] = [];
  for (let i = 0; i < 5; i += 1) made.push((await make(store)).entry);
  const seen: string[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page: Awaited<ReturnType<TokenStore['listAccessors']>> = await store.listAccessors({
      after,
      limit: 2,
    });
    seen.push(...page.accessors);
    after = page.next;
  }
  assert.deepEqual(seen.sort(), made.map(({ accessor }) => accessor).sort());
});

test('an id of the caller’s choice is used as it is, once', async () => {
  const { store } = await open();
  const customId = Buffer.from('root');
  const { token } = await store.create(rootTokenSpec(customId), NOW);
  assert.equal(token.toString(), 'root');
  assert.equal((await store.lookup(Buffer.from('root'), NOW + 1e12))?.expiresAt, null);
  await assert.rejects(store.create(rootTokenSpec(customId), NOW), {
    message: 'cannot create a token with a duplicate ID',
  });
});

test('a batch token is stored nowhere and ends with its time', async () => {
  const { store, storage } = await open();
  const before = storage.keys();
  const { token, entry } = await make(store, { type: 'batch', metadata: { a: 'ü' } });
  assert.match(token.toString(), /^hvb\.[A-Za-z0-9_-]+$/);
  assert.deepEqual(storage.keys(), before);
  assert.deepEqual(await store.lookup(token, NOW), entry);
  assert.equal(entry.renewable, false);
  assert.equal(entry.accessor, '');
  assert.equal(await store.lookup(token, NOW + 60_000), null);
});

test('a batch token ends with its parent', async () => {
  const { store } = await open();
  const parent = await make(store);
  const { token } = await make(store, { type: 'batch', parentId: parent.entry.id });
  assert.notEqual(await store.lookup(token, NOW), null);
  await store.beginRevocation(parent.entry.id, NOW);
  assert.equal(await store.lookup(token, NOW), null);
  await assert.rejects(make(store, { type: 'batch', parentId: parent.entry.id }), {
    code: 'no-parent',
  });
});

test('a batch token of another server is unknown', async () => {
  const { token } = await make((await open()).store, { type: 'batch' });
  assert.equal(await (await open()).store.lookup(token, NOW), null);
});

test('a batch token that would not fit into a header is refused', async () => {
  const { store } = await open();
  await assert.rejects(make(store, { type: 'batch', metadata: { a: 'x'.repeat(7000) } }), {
    kind: 'invalid-request',
  });
});

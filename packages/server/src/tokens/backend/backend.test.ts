// auth/token/ as a mount: requests in, data out, over a real store. The core handle below does the least that the
// contract asks for.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Operation, Request, Response } from '../../framework/backend.js';
import type { RawField } from '../../framework/field.js';
import { RawJson } from '../../framework/json/value.js';
import { MemoryStorage } from '../../framework/testing/memory-storage.js';
import type { TokenEntry } from '../entry.js';
import { TokenRoles } from '../role.js';
import { TokenStore } from '../store.js';
import { rootTokenSpec, type TokenSpec } from '../token-spec.js';
import { tokenBackend } from './backend.js';
import type { TokenCore } from './core-handle.js';
import type { TokenParts } from './parts.js';

const NOW = 1_700_000_000_000;
const ALL = { after: '', limit: 1000 };

interface Caller {
  readonly token: Buffer;
  readonly entry: TokenEntry;
}

let storage: MemoryStorage;
let parts: TokenParts;
let root: Caller;
let background: Promise<void>[];
let sudo: boolean;
let loginPolicies: readonly string[];
const callers = new WeakMap<Request, Caller>();

async function revokeTree(tokenId: string, now: number): Promise<void> {
  const { store } = parts;
  await store.beginRevocation(tokenId, now);
  for (const child of await store.children(tokenId, ALL)) await revokeTree(child, now);
  await store.remove(tokenId);
}

function core(): TokenCore {
  const callerOf = (request: Request): Caller => callers.get(request)!;
  return {
    presentedToken: (request) => callerOf(request).token,
    callerEntry: (request) => callerOf(request).entry,
    hasSudo: async (request) => sudo || callerOf(request).entry.policies.includes('root'),
    policyExists: async (name) => name !== 'ghost',
    identityPolicies: async (entityId) => (entityId === '' ? [] : ['from-entity']),
    entityForAlias: async (_request, alias) => `entity-of-${alias}`,
    renewLogin: async () => ({
      renewed: { ttlSeconds: 90, maxTtlSeconds: 100, periodSeconds: 0, policies: loginPolicies },
      limits: { defaultTtlSeconds: 3600, maxTtlSeconds: 7200 },
    }),
    revokeTree,
    revokeAndOrphan: async (tokenId) => {
      await parts.store.orphanChildren(tokenId);
      await parts.store.remove(tokenId);
    },
    inBackground: (_name, work) => void background.push(work()),
  };
}

beforeEach(async () => {
  storage = new MemoryStorage();
  background = [];
  sudo = false;
  loginPolicies = ['p'];
  const store = await TokenStore.open(storage, async () => true);
  parts = { store, roles: new TokenRoles(storage), core: core() };
  root = await store.create(rootTokenSpec(null), NOW);
});

async function make(change: Partial<TokenSpec>): Promise<Caller> {
  const spec = { ...rootTokenSpec(null), policies: ['p'], ttlSeconds: 60, renewable: true };
  return await parts.store.create({ ...spec, ...change }, NOW);
}

async function call(
  caller: Caller,
  operation: Operation,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
  now = NOW,
): Promise<Response | null> {
  const request: Request = {
    id: 'r',
    operation,
    path,
    mount: {
      path: 'auth/token/',
      uuid: 'm0',
      accessor: 'auth_token_1',
      type: 'token',
      options: {},
      defaultLeaseTtlSeconds: 2_764_800,
      maxLeaseTtlSeconds: 2_764_800,
    },
    storage,
    now,
    caller: null,
    connection: { remoteAddress: '127.0.0.1', remotePort: 1, tls: null },
    own: (bytes) => bytes,
  };
  callers.set(request, caller);
  for (const declared of tokenBackend(parts).paths) {
    const parameters = declared.match(path);
    if (parameters === null) continue;
    const raw = new Map<string, RawField>();
    for (const [name, value] of Object.entries(body)) {
      raw.set(name, { kind: 'json', value: new RawJson(Buffer.from(JSON.stringify(value))) });
    }
    for (const [name, value] of Object.entries(parameters)) raw.set(name, { kind: 'text', value });
    return await declared.handle(request, raw);
  }
  throw new Error(`no path for ${path}`);
}

function shown(response: Response | null): Record<string, unknown> {
  const { id, ...rest } = response?.data as Record<string, unknown>;
  return { ...rest, id: id instanceof RawJson ? JSON.parse(id.bytes.toString()) : id };
}

test('a created token is answered once, and works', async () => {
  const response = await call(root, 'update', 'create', {
    policies: ['a', 'ghost'],
    ttl: '1h',
    meta: { user: 'ann' },
    display_name: 'job',
  });
  const { issued } = response!;
  assert.equal(issued?.leaseDurationSeconds, 3600);
  assert.deepEqual(issued?.tokenPolicies, ['a', 'default', 'ghost']);
  assert.deepEqual(response?.warnings, ['Policy "ghost" does not exist']);
  assert.equal(issued?.orphan, false);
  const entry = await parts.store.lookup(issued!.clientToken, NOW);
  assert.equal(entry?.displayName, 'token-job');
  assert.equal(entry?.parentId, root.entry.id);
});

test('create-orphan needs no sudo beyond its path', async () => {
  const caller = await make({});
  const response = await call(caller, 'update', 'create-orphan');
  assert.equal(response?.issued?.orphan, true);
});

test('a role sets limits, path and entity', async () => {
  await call(root, 'update', 'roles/ci', {
    allowed_policies: 'x,y',
    token_period: '1m',
    path_suffix: 'east',
    allowed_entity_aliases: ['Svc-*'],
  });
  const caller = await make({});
  const { issued } = (await call(caller, 'update', 'create/ci', { entity_alias: 'SVC-1' }))!;
  assert.deepEqual(issued?.policies, ['default', 'from-entity', 'x', 'y']);
  assert.equal(issued?.entityId, 'entity-of-svc-1');
  const entry = await parts.store.lookup(issued!.clientToken, NOW);
  assert.equal(entry?.path, 'auth/token/create/ci/east');
  assert.equal(entry?.periodSeconds, 60);
});

test('lookup-self shows the caller its own token, byte for byte', async () => {
  const caller = await make({ metadata: { a: 'b' }, entityId: 'e1', periodSeconds: 30 });
  const data = shown(await call(caller, 'read', 'lookup-self', {}, NOW + 1000));
  assert.equal(data.id, caller.token.toString());
  assert.equal(data.accessor, caller.entry.accessor);
  assert.equal(data.ttl, 59);
  assert.equal(data.creation_time, NOW / 1000);
  assert.equal(data.expire_time, '2023-11-14T22:14:20.000Z');
  assert.deepEqual(data.identity_policies, ['from-entity']);
  assert.equal(data.period, 30);
  assert.equal(data.orphan, true);
  assert.equal(shown(await call(root, 'read', 'lookup-self')).expire_time, null);
});

test('lookup shows another token, lookup-accessor shows all but the token', async () => {
  const other = await make({});
  const data = shown(await call(root, 'update', 'lookup', { token: other.token.toString() }));
  assert.equal(data.id, other.token.toString());
  const { accessor } = other.entry;
  const blind = shown(await call(root, 'update', 'lookup-accessor', { accessor }));
  assert.equal(blind.id, '');
  assert.equal(blind.accessor, accessor);
});

test('renewing a token of this backend counts from now', async () => {
  const caller = await make({});
  const response = await call(caller, 'update', 'renew-self', { increment: '100s' }, NOW + 5000);
  assert.equal(response?.issued?.leaseDurationSeconds, 100);
  assert.deepEqual(response?.issued?.clientToken, caller.token);
  assert.equal((await parts.store.lookupById(caller.entry.id, NOW))?.expiresAt, NOW + 105_000);
});

test('without an increment a token gets what it was given last, however long the mount would let it live', async () => {
  const caller = await make({});
  const renew = async (body: Record<string, unknown>, seconds: number) =>
    (await call(caller, 'update', 'renew-self', body, NOW + seconds * 1000))?.issued
      ?.leaseDurationSeconds;
  assert.equal(await renew({}, 5), 60);
  assert.equal(await renew({ increment: 30 }, 10), 30);
  assert.equal(await renew({}, 20), 30);
  assert.equal(await renew({ increment: 0 }, 25), 30);
  assert.equal(await renew({ increment: 500 }, 30), 500);
  assert.equal(await renew({}, 40), 500);
});

test('renewing a login asks its mount: maximum from issue, same policies', async () => {
  const caller = await make({ mountUuid: 'm1' });
  const response = await call(caller, 'update', 'renew-self', { increment: 90 }, NOW + 40_000);
  assert.equal(response?.issued?.leaseDurationSeconds, 60);
  assert.equal(response?.warnings?.length, 1);
  loginPolicies = ['p', 'q'];
  await assert.rejects(call(caller, 'update', 'renew-self', {}, NOW + 41_000), {
    message: 'policies have changed, not renewing',
  });
});

test('a renewal by accessor does not give the token away', async () => {
  const { entry } = await make({});
  const response = await call(root, 'update', 'renew-accessor', { accessor: entry.accessor });
  assert.equal(response?.issued?.clientToken.length, 0);
  assert.equal(response?.issued?.accessor, entry.accessor);
});

test('revoking by an accessor that leads nowhere is no error, but says so', async () => {
  const { entry } = await make({});
  const body = { accessor: entry.accessor };
  assert.equal(await call(root, 'update', 'revoke-accessor', body), null);
  assert.equal(await parts.store.lookupById(entry.id, NOW), null);
  const again = await call(root, 'update', 'revoke-accessor', body);
  assert.deepEqual(again?.warnings, ['No token found with this accessor']);
});

test('revoking takes the tree, revoke-orphan leaves the children', async () => {
  const parent = await make({});
  const child = await make({ parentId: parent.entry.id });
  const grandchild = await make({ parentId: child.entry.id });
  sudo = true;
  await call(root, 'update', 'revoke-orphan', { token: parent.token.toString() });
  assert.equal(await parts.store.lookup(parent.token, NOW), null);
  assert.notEqual(await parts.store.lookup(child.token, NOW), null);
  await call(root, 'update', 'revoke', { token: child.token.toString() });
  assert.equal(await parts.store.lookup(child.token, NOW), null);
  assert.equal(await parts.store.lookup(grandchild.token, NOW), null);
  assert.equal(await call(root, 'update', 'revoke', { token: child.token.toString() }), null);
});

test('revoke-self and revoke-accessor', async () => {
  const one = await make({});
  const two = await make({});
  await call(one, 'update', 'revoke-self');
  await call(root, 'update', 'revoke-accessor', { accessor: two.entry.accessor });
  assert.equal(await parts.store.count(), 1);
});

const refusals: readonly [string, Operation, string, Record<string, unknown>, object][] = [
  [
    'an unknown token in lookup',
    'update',
    'lookup',
    { token: 'hvs.nope' },
    { message: 'bad token', kind: 'permission-denied' },
  ],
  [
    'an unknown token in renew',
    'update',
    'renew',
    { token: 'hvs.nope' },
    { message: 'token not found' },
  ],
  ['no token in renew', 'update', 'renew', {}, { message: 'missing token ID' }],
  ['no token in revoke', 'update', 'revoke', {}, { message: 'missing token ID' }],
  [
    'no token in revoke-orphan',
    'update',
    'revoke-orphan',
    { token: '' },
    { message: 'missing token ID' },
  ],
  ['no accessor', 'update', 'lookup-accessor', {}, { code: 'accessor-missing' }],
  [
    'an unknown accessor in lookup',
    'update',
    'lookup-accessor',
    { accessor: 'x' },
    { code: 'accessor-unknown', kind: 'invalid-request' },
  ],
  [
    'an unknown accessor in renew',
    'update',
    'renew-accessor',
    { accessor: 'x' },
    { code: 'accessor-unknown' },
  ],
  ['no accessor in revoke', 'update', 'revoke-accessor', {}, { code: 'accessor-missing' }],
  ['an unknown role', 'update', 'create/nope', {}, { message: 'unknown role nope' }],
  [
    'renewing a root token without end',
    'update',
    'renew-self',
    {},
    { message: 'lease is not renewable' },
  ],
  [
    'a role with a bad type',
    'update',
    'roles/r',
    { token_type: 'zork' },
    { message: "invalid 'token_type' value" },
  ],
  [
    'a batch role with a period',
    'update',
    'roles/r',
    { token_type: 'batch', token_period: 1 },
    { message: "'token_type' cannot be 'batch' when role is set to generate periodic tokens" },
  ],
  [
    'a role suffix that climbs',
    'update',
    'roles/r',
    { path_suffix: '../x' },
    { message: 'given role path suffix contains invalid characters' },
  ],
  [
    'a role name with odd characters',
    'update',
    'roles/a b',
    {},
    { message: 'role name has invalid characters' },
  ],
  ['a token that is not text', 'update', 'lookup', { token: 7 }, { code: 'field-invalid' }],
];
for (const [name, operation, path, body, error] of refusals) {
  test(`refuses ${name}`, async () => {
    await assert.rejects(call(root, operation, path, body), error);
  });
}

test('batch tokens can be looked up and nothing else', async () => {
  const batch = await make({ type: 'batch' });
  const token = batch.token.toString();
  assert.equal(shown(await call(batch, 'read', 'lookup-self')).type, 'batch');
  assert.equal(shown(await call(root, 'update', 'lookup', { token })).id, token);
  const cannot: readonly [string, object, string][] = [
    ['renew-self', {}, 'batch tokens cannot be renewed'],
    ['revoke-self', {}, 'batch tokens cannot be revoked'],
    ['create', {}, 'batch tokens cannot create more tokens'],
  ];
  for (const [path, body, message] of cannot) {
    await assert.rejects(call(batch, 'update', path, { ...body }), { message });
  }
  await assert.rejects(call(root, 'update', 'revoke', { token }), {
    message: 'batch tokens cannot be revoked',
  });
});

test('revoke-orphan without sudo is refused, also behind a policy slip', async () => {
  const caller = await make({});
  const body = { token: root.token.toString() };
  await assert.rejects(call(caller, 'update', 'revoke-orphan', body), {
    message: 'root or sudo privileges required to revoke and orphan',
  });
});

test('a renewal under a role that is gone is refused', async () => {
  const caller = await make({ role: 'gone' });
  await assert.rejects(call(caller, 'update', 'renew-self'), {
    message: 'original role could not be found, not renewing',
  });
});

test('accessors are listed sorted, from where one asks', async () => {
  const made = [root, await make({}), await make({})].map(({ entry }) => entry.accessor).sort();
  assert.deepEqual((await call(root, 'list', 'accessors/'))?.data?.keys, made);
  const rest = await call(root, 'list', 'accessors/', { after: made[0], limit: 1 });
  assert.deepEqual(rest?.data?.keys, [made[1]]);
});

test('roles are written in part, read, listed and deleted', async () => {
  await call(root, 'create', 'roles/r', { allowed_policies: ['A'], orphan: true, period: '60' });
  await call(root, 'update', 'roles/r', { renewable: false });
  const data = (await call(root, 'read', 'roles/r'))?.data;
  assert.deepEqual(data?.allowed_policies, ['a']);
  assert.equal(data?.orphan, true);
  assert.equal(data?.renewable, false);
  assert.equal(data?.token_period, 60);
  assert.equal(data?.period, 60);
  assert.equal(data?.token_type, 'default-service');
  assert.deepEqual((await call(root, 'list', 'roles/'))?.data, { keys: ['r'] });
  await call(root, 'delete', 'roles/r');
  assert.equal(await call(root, 'read', 'roles/r'), null);
  assert.equal(await call(root, 'list', 'roles/'), null);
});

test('a list of roles holds every one, in pages if the client wants it so', async () => {
  const names = Array.from({ length: 10_001 }, (_, n) => `r${String(n).padStart(5, '0')}`);
  await storage.commit(
    names.map((name) => ({ put: `roles/${name}`, value: Buffer.from('{}') })),
    [],
  );
  assert.deepEqual((await call(root, 'list', 'roles/'))?.data, { keys: names });
  const page = await call(root, 'list', 'roles/', { after: 'r00007', limit: 2 });
  assert.deepEqual(page?.data, { keys: ['r00008', 'r00009'] });
});

test('tidy removes what leads nowhere and leaves tokens alone', async () => {
  const parent = await make({});
  const child = await make({ parentId: parent.entry.id });
  await storage.commit([{ delete: `id/${child.entry.id}` }], []);
  const response = await call(root, 'update', 'tidy');
  assert.equal(response?.outcome, 'accepted');
  await Promise.all(background);
  assert.deepEqual(await parts.store.children(parent.entry.id, ALL), []);
  assert.equal((await parts.store.listAccessors(ALL)).accessors.length, 2);
  assert.notEqual(await parts.store.lookup(parent.token, NOW), null);
});

// Policies in storage: names, limits, what is built in, and that no compiled ACL outlives a change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Operation } from '../framework/backend.js';
import { ApiError } from '../framework/errors.js';
import { canonicalPolicyName, canonicalPolicyNames } from '../framework/policy-name.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import type { Acl } from './acl.js';
import { isImmutablePolicy } from './name.js';
import { POLICY_BYTES_MAX, PolicyStore } from './store.js';
import type { TemplateIdentity } from './template.js';

const NOW = 1_700_000_000_000;
const READ_A = 'path "a" { capabilities = ["read"] }';
const nobody = (): null => null;

function may(acl: Acl, path: string, operation: Operation = 'read'): boolean {
  const request = { path, operation, parameters: new Map(), wrapTtlSeconds: null };
  return acl.check({ ...request, sudoRequired: false }).allowed;
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error);
  }
  return 'accepted';
}

test('a policy is one policy under every spelling of its name', async () => {
  const storage = new MemoryStorage();
  const store = new PolicyStore(storage);
  await store.put(' Dev ', READ_A, NOW);
  assert.deepEqual(storage.keys(), ['dev']);
  assert.deepEqual(await store.get('DEV'), { name: 'dev', text: READ_A, modifiedAt: NOW });
  assert.equal(may(await store.aclFor(['dEv\t'], nobody), 'a'), true);
  assert.deepEqual(await store.list(), ['default', 'dev', 'root']);
  await store.delete('DEV ');
  assert.equal(await store.get('dev'), null);
  assert.equal(may(await store.aclFor(['dev'], nobody), 'a'), false);
});

test('no spelling of root is writable, deletable or grantable (CVE-2025-5999, 54996, 64761)', async () => {
  const store = new PolicyStore(new MemoryStorage());
  for (const name of ['root', 'ROOT', ' root', 'root\n', '\u00a0Root ', 'Response-Wrapping ']) {
    assert.equal(await codeOf(() => store.put(name, READ_A, NOW)), 'policy-immutable', name);
    assert.equal(await codeOf(() => store.delete(name)), 'policy-immutable', name);
  }
  for (const name of ['root', ' Root ']) {
    assert.equal((await store.aclFor([name], nobody)).isRoot, true, name);
  }
  for (const name of ['roo', 'root2', 'r oot', 'ｒｏｏｔ', 'root\0', 'root/']) {
    assert.equal((await store.aclFor([name], nobody)).isRoot, false, name);
  }
});

test('canonical names are canonical for good', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const canonical = canonicalPolicyName(name);
      assert.equal(canonicalPolicyName(canonical), canonical);
      assert.equal(isImmutablePolicy(name), isImmutablePolicy(canonical));
    }),
  );
  assert.deepEqual(canonicalPolicyNames(['b', ' A', 'a', '', '  ']), ['a', 'b']);
});

test('refuses names and texts that cannot be stored', async () => {
  const store = new PolicyStore(new MemoryStorage());
  const rows: readonly (readonly [name: string, text: string, code: string])[] = [
    ['', READ_A, 'policy-name-invalid'],
    ['  ', READ_A, 'policy-name-invalid'],
    ['a//b', READ_A, 'policy-name-invalid'],
    ['../a', READ_A, 'policy-name-invalid'],
    ['a/', READ_A, 'policy-name-invalid'],
    ['a\u200bb', READ_A, 'policy-name-invalid'],
    ['a\nb', READ_A, 'policy-name-invalid'],
    ['x'.repeat(513), READ_A, 'policy-name-invalid'],
    ['a', '', 'policy-empty'],
    ['a', `#${' '.repeat(POLICY_BYTES_MAX)}`, 'policy-too-large'],
    ['a', 'path "a" { capabilities = ["all"] }', 'policy-bad-value'],
  ];
  for (const [name, text, code] of rows) {
    assert.equal(await codeOf(() => store.put(name, text, NOW)), code, JSON.stringify(name));
  }
  assert.equal(await store.get('../a'), null);
  assert.equal(may(await store.aclFor(['../a', 'a\0'], nobody), 'a'), false);
});

test('names with slashes and percent signs stay one flat folder', async () => {
  const storage = new MemoryStorage();
  const store = new PolicyStore(storage);
  for (const name of ['team/a', 'team%2fa', 'team%252fa']) await store.put(name, READ_A, NOW);
  assert.equal(storage.keys().length, 3);
  assert.deepEqual(await store.list(), ['default', 'root', 'team%252fa', 'team%2fa', 'team/a']);
});

test('default is there from the start, can be changed and not deleted', async () => {
  const store = new PolicyStore(new MemoryStorage());
  const before = await store.aclFor(['default'], nobody);
  assert.equal(may(before, 'auth/token/lookup-self'), true);
  assert.equal(may(before, 'cubbyhole/x', 'update'), true);
  assert.equal(may(before, 'sys/mounts'), false);
  assert.equal(may(before, 'sys/leases/revoke', 'update'), false);
  assert.equal(may(before, 'secret/x'), false);
  assert.equal(await codeOf(() => store.delete('Default')), 'policy-immutable');
  await store.put('default', READ_A, NOW);
  const after = await store.aclFor(['default'], nobody);
  assert.equal(may(after, 'a'), true);
  assert.equal(may(after, 'auth/token/lookup-self'), false);
});

test('response-wrapping reads its one response and is not offered to anybody', async () => {
  const store = new PolicyStore(new MemoryStorage());
  const acl = await store.aclFor(['response-wrapping'], nobody);
  assert.equal(may(acl, 'cubbyhole/response'), true);
  assert.equal(may(acl, 'sys/wrapping/unwrap', 'update'), true);
  assert.equal(may(acl, 'cubbyhole/other'), false);
  assert.equal(may(acl, 'auth/token/lookup-self'), false);
  assert.equal((await store.list()).includes('response-wrapping'), false);
});

test('a change counts at once, in this store and in another on the same storage', async () => {
  const storage = new MemoryStorage();
  const here = new PolicyStore(storage);
  const there = new PolicyStore(storage);
  await here.put('dev', READ_A, NOW);
  assert.equal(may(await there.aclFor(['dev'], nobody), 'a'), true);
  await here.put('dev', 'path "a" { capabilities = ["deny"] }', NOW);
  assert.equal(may(await there.aclFor(['dev'], nobody), 'a'), false);
  await here.put('dev', READ_A, NOW);
  assert.equal(may(await there.aclFor(['dev'], nobody), 'a'), true);
  await here.delete('dev');
  assert.equal(may(await there.aclFor(['dev'], nobody), 'a'), false);
});

test('an unchanged policy is neither read nor compiled again', async () => {
  const storage = new MemoryStorage();
  const store = new PolicyStore(storage);
  await store.put('dev', READ_A, NOW);
  const first = await store.aclFor(['dev', 'default', 'no-such'], nobody);
  const handedOut = storage.handedOut.length;
  assert.equal(await store.aclFor(['Default', 'dev'], nobody), first);
  assert.equal(storage.handedOut.length, handedOut);
});

test('templated policies are compiled per identity, and identities are loaded for those only', async () => {
  const store = new PolicyStore(new MemoryStorage());
  await store.put('own', 'path "kv/{{identity.entity.name}}" { capabilities = ["read"] }', NOW);
  await store.put('dev', READ_A, NOW);
  const identity = (entityName: string): TemplateIdentity => ({
    entityId: 'e',
    entityName,
    metadata: {},
    aliases: [],
    groups: [],
  });
  const alice = await store.aclFor(['own'], () => identity('alice'));
  const bob = await store.aclFor(['own'], () => identity('bob'));
  assert.deepEqual([may(alice, 'kv/alice'), may(alice, 'kv/bob')], [true, false]);
  assert.deepEqual([may(bob, 'kv/alice'), may(bob, 'kv/bob')], [false, true]);
  await store.aclFor(['dev'], () => assert.fail('not templated'));
});

test('a stored policy that cannot be read is an error, not an absent policy', async () => {
  for (const value of ['{"format":2,"text":"","modified_at":0}', '{"format":1}']) {
    const storage = new MemoryStorage();
    await storage.commit([{ put: 'dev', value: Buffer.from(value) }], []);
    assert.equal(
      await codeOf(() => new PolicyStore(storage).aclFor(['dev'], nobody)),
      'policy-unreadable',
    );
  }
});

// What every path of sys/ has in common: sealed it is 503, without a token 403, protected ones need sudo.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Operation, Path } from '../framework/backend.js';
import { startServer, TestServer } from './testing/server.js';

const METHODS: Readonly<Record<Operation, string>> = {
  create: 'POST',
  read: 'GET',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  list: 'LIST',
  scan: 'SCAN',
};
const PATCH_TYPE = ['Content-Type: application/merge-patch+json'];

/** A path that the pattern matches. */
function sampleOf(path: Path): string {
  return path.pattern.replace('(/)', '').replace(/:[a-z_]+[*+]?/g, 'x');
}

function* calls(paths: readonly Path[]): Generator<[Path, string, string, readonly string[]]> {
  for (const path of paths) {
    for (const operation of path.operations) {
      const headers = operation === 'patch' ? PATCH_TYPE : [];
      yield [path, METHODS[operation], `sys/${sampleOf(path)}`, headers];
    }
  }
}

test('while sealed every path but a few is 503', async () => {
  const server = new TestServer();
  await server.init(2, 2);
  const open = new Set<string>();
  for (const [path, method, at, headers] of calls(server.assembly.core.system.paths)) {
    const reply = await server.call(method, at, { headers });
    if (path.whileSealed) {
      open.add(path.pattern);
      continue;
    }
    assert.deepEqual(
      [reply.status, reply.json],
      [503, { errors: ['Vault is sealed'] }],
      `${method} ${at}`,
    );
  }
  assert.deepEqual([...open].sort(), ['health', 'init', 'leader', 'seal-status', 'unseal']);
  await server.close();
});

test('without a token every path but a few is 403', async () => {
  const server = await startServer();
  const open = new Set<string>();
  for (const [path, method, at, headers] of calls(server.assembly.core.system.paths)) {
    if (path.unauthenticated || path.whileSealed) {
      open.add(path.pattern);
      continue;
    }
    const reply = await server.call(method, at, { token: null, headers });
    assert.deepEqual(
      [reply.status, reply.json],
      [403, { errors: ['permission denied'] }],
      `${method} ${at}`,
    );
  }
  assert.deepEqual([...open].sort(), [
    'health',
    'init',
    'internal/specs/openapi',
    'internal/ui/feature-flags',
    'internal/ui/mounts(/)',
    'internal/ui/mounts/:path+',
    'internal/ui/namespaces',
    'leader',
    'replication/status',
    'seal-status',
    'unseal',
    'wrapping/lookup',
    'wrapping/pubkey',
  ]);
  await server.close();
});

test('every capability but sudo is not enough for protected paths', async () => {
  const server = await startServer();
  const all = '["create", "read", "update", "patch", "delete", "list", "scan"]';
  const token = await server.tokenWith(`path "sys/*" { capabilities = ${all} }`);
  const guarded = new Set<string>();
  for (const [path, method, at, headers] of calls(server.assembly.core.system.paths)) {
    if (!path.sudo) continue;
    guarded.add(path.pattern);
    const reply = await server.call(method, at, { token, headers });
    assert.equal(reply.status, 403, `${method} ${at}`);
    assert.deepEqual(reply.json.errors, ['1 error occurred:\n\t* permission denied\n\n']);
  }
  for (const pattern of [
    'auth/:path+',
    'auth/:path+/tune',
    'remount',
    'audit(/)',
    'audit/:path+',
    'rotate',
    'rotate/keyring',
    'rotate/root/init',
    'seal',
    'step-down',
    'config/auditing/request-headers(/)',
    'plugins/catalog(/)',
    'leases(/)',
    'leases/lookup/:prefix*',
    'leases/revoke-prefix/:prefix+',
    'leases/revoke-force/:prefix+',
  ]) {
    assert(guarded.has(pattern), pattern);
  }
  await server.close();
});

test('state is not changed from a namespace', async () => {
  const server = new TestServer();
  const headers = ['X-Vault-Namespace: a'];
  const body = { secret_shares: 1, secret_threshold: 1 };
  const init = await server.call('PUT', 'sys/init', { headers, body });
  assert.deepEqual(
    [init.status, init.json],
    [400, { errors: ['operation unavailable in namespaces'] }],
  );
  await server.init();
  const unseal = await server.call('PUT', 'sys/unseal', { headers, body: { key: server.keys[0] } });
  assert.equal(unseal.status, 400);
  await server.unseal();
  assert.equal((await server.call('PUT', 'sys/seal', { headers })).status, 404);
  assert.equal((await server.call('GET', 'sys/seal-status', { headers })).json.sealed, false);
  await server.close();
});

const RESTRICTED = `
path "sys/policies/acl/*" { capabilities = ["read", "update", "delete"] }
path "sys/policies/acl/admin" { capabilities = ["deny"] }
path "sys/policies/acl/ops" { capabilities = ["read"] }
path "sys/policy/*" { capabilities = ["read", "update", "delete"] }
path "sys/policy/admin" { capabilities = ["deny"] }
path "sys/mounts/*" { capabilities = ["read", "update", "delete"] }
path "sys/mounts/keep" { capabilities = ["read"] }
path "auth/userpass/users/*" { capabilities = ["create", "read", "update", "delete"] }
path "auth/userpass/users/boss" { capabilities = ["deny"] }
path "auth/userpass/users/boss/*" { capabilities = ["deny"] }
path "auth/attest/role/*" { capabilities = ["create", "read", "update", "delete"] }
path "auth/attest/role/prod" { capabilities = ["deny"] }
path "sys/audit/*" { capabilities = ["update", "delete", "sudo"] }
path "sys/audit/file" { capabilities = ["deny"] }
`;
const POLICY = { policy: 'path "*" { capabilities = ["read"] }' };
/** What, method, path, body, whether it is allowed. */
const spelled: readonly (readonly [string, string, string, object | undefined, boolean])[] = [
  ['a denied policy in capitals', 'PUT', 'sys/policies/acl/ADMIN', POLICY, false],
  ['a denied policy behind a space', 'PUT', 'sys/policies/acl/%20admin', POLICY, false],
  ['a denied policy before a space', 'DELETE', 'sys/policies/acl/admin%20', undefined, false],
  ['a denied policy at its old path', 'GET', 'sys/policy/Admin', undefined, false],
  ['a policy that may only be read', 'PUT', 'sys/policies/acl/Ops', POLICY, false],
  ['a policy that may be read', 'GET', 'sys/policies/acl/Ops', undefined, true],
  ['a policy that no rule singles out', 'PUT', 'sys/policies/acl/Other', POLICY, true],
  ['a mount that may only be read, with a slash', 'DELETE', 'sys/mounts/keep/', undefined, false],
  ['a denied user in capitals', 'PUT', 'auth/userpass/users/Boss', { password: 'x' }, false],
  [
    'the password of a denied user',
    'PUT',
    'auth/userpass/users/BOSS/password',
    { password: 'x' },
    false,
  ],
  ['a denied user behind a space', 'DELETE', 'auth/userpass/users/%20boss', undefined, false],
  ['a user that no rule singles out', 'PUT', 'auth/userpass/users/Ann', { password: 'x' }, true],
  ['a denied role in capitals', 'GET', 'auth/attest/role/PROD', undefined, false],
  ['deleting a denied role in capitals', 'DELETE', 'auth/attest/role/Prod', undefined, false],
  ['a role that no rule singles out', 'DELETE', 'auth/attest/role/Test', undefined, true],
  ['a denied audit device, with a slash', 'DELETE', 'sys/audit/file/', undefined, false],
];

test('a rule for a name holds for every way of writing it (CVE-2025-5999 and the like)', async () => {
  const server = await startServer();
  await server.call('POST', 'sys/auth/userpass', { body: { type: 'userpass' } });
  await server.call('POST', 'sys/auth/attest', { body: { type: 'attest' } });
  await server.call('POST', 'sys/mounts/keep', { body: { type: 'kv' } });
  await server.call('PUT', 'sys/policies/acl/ops', { body: POLICY });
  const token = await server.tokenWith(RESTRICTED);
  for (const [what, method, at, body, isAllowed] of spelled) {
    const reply = await server.call(method, at, { token, ...(body === undefined ? {} : { body }) });
    assert.equal(reply.status !== 403, isAllowed, `${what}: ${reply.status} ${reply.text}`);
    assert.ok(reply.status < 500, what);
  }
  assert.equal((await server.call('GET', 'sys/mounts/keep')).status, 200);
  await server.close();
});

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

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { startServer } from './testing/server.js';

test('tools: random bytes and digests', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const random = async (path: string, body: unknown = {}): Promise<Buffer> => {
    const { data } = (await call('POST', `sys/tools/random${path}`, { body })).json;
    const format = (body as { format?: BufferEncoding }).format ?? 'base64';
    return Buffer.from(data.random_bytes, format);
  };
  assert.equal((await random('')).length, 32);
  assert.equal((await random('/7')).length, 7);
  assert.equal((await random('/platform')).length, 32);
  assert.equal((await random('/platform/9', { format: 'hex' })).length, 9);
  assert.equal((await random('', { bytes: 5 })).length, 5);
  assert.notDeepEqual(await random(''), await random(''));
  const input = Buffer.from('abc').toString('base64');
  for (const [path, digest] of [
    ['', 'sha256'],
    ['/sha2-512', 'sha512'],
    ['/sha3-256', 'sha3-256'],
  ] as const) {
    const { data } = (await call('POST', `sys/tools/hash${path}`, { body: { input } })).json;
    assert.equal(data.sum, createHash(digest).update('abc').digest('hex'));
  }
  const large = { input: 'QUJD'.repeat(4_000_000) };
  assert.equal((await call('POST', 'sys/tools/hash', { body: large })).status, 200);
  const rows: [string, unknown][] = [
    ['random/0', {}],
    ['random/131073', {}],
    ['random', { bytes: -1 }],
    ['random', { format: 'hunter2' }],
    ['random/seal', {}],
    ['random/seal/5', {}],
    ['random/5x', {}],
    ['hash', { input: 'hunter2' }],
    ['hash', { input: 'hunt=r2=' }],
    ['hash', { input: 'h===' }],
    ['hash', { input: `${'QUJD'.repeat(4_000_000)}hun-` }],
    ['hash', { input, algorithm: 'md5' }],
    ['hash/hunter2', { input }],
    ['hash', { input, format: 'hunter2' }],
  ];
  for (const [path, body] of rows) {
    const reply = await call('POST', `sys/tools/${path}`, { body });
    assert.equal(reply.status, 400, `${path} ${JSON.stringify(body)}`);
    assert.doesNotMatch(reply.text, /hunter2/);
  }
  await server.close();
});

test('what the server says of itself', async () => {
  const server = await startServer();
  const get = async (path: string, token?: null) =>
    (await server.call('GET', `sys/${path}`, token === null ? { token } : {})).json;
  const leader = await get('leader', null);
  assert.deepEqual([leader.ha_enabled, leader.leader_address], [false, '']);
  const versions = (await server.call('LIST', 'sys/version-history')).json.data;
  assert.deepEqual(versions.keys, ['1.21.0']);
  assert.equal((await get('ha-status')).data.nodes[0].active_node, true);
  assert.deepEqual((await get('replication/status', null)).data.dr, { mode: 'disabled' });
  assert.equal((await get('config/state/sanitized')).data.storage.type, 'inmem');
  assert.equal((await get('host-info')).data.cpu, null);
  assert.equal((await get('internal/counters/tokens')).data.counters.service_tokens.total, 1);
  assert.equal((await get('internal/counters/entities')).data.counters.entities.total, 0);
  assert.equal((await server.call('GET', 'sys/internal/counters/activity')).status, 204);
  const catalog = (await get('plugins/catalog')).data;
  assert(catalog.secret.includes('kv') && catalog.auth.includes('userpass'));
  assert.equal((await get('plugins/catalog/secret/kv')).data.builtin, true);
  assert.equal((await server.call('GET', 'sys/plugins/catalog/secret/nosuch')).status, 404);
  assert.equal((await server.call('GET', 'sys/plugins/catalog/hunter2/kv')).status, 400);
  const metrics = await get('metrics');
  const gauge = metrics.Gauges.find(({ Name }: { Name: string }) => Name === 'vault.token.count');
  assert.equal(gauge.Value, 1);
  const text = (await server.call('GET', 'sys/metrics?format=prometheus')).text;
  assert.match(text, /^vault_core_unsealed 1$/m);
  assert.equal((await server.call('GET', 'sys/metrics?format=hunter2')).status, 400);
  for (const [path, status] of [
    ['license/status', 404],
    ['quotas/rate-limit/x', 404],
    ['namespaces?list=true', 404],
    ['namespaces/x', 404],
    ['nosuch', 404],
  ] as const) {
    assert.equal((await server.call('GET', `sys/${path}`)).status, status, path);
  }
  const space = await server.call('POST', 'sys/namespaces/x');
  assert.deepEqual(space.json, { errors: ['namespaces are not supported by this server'] });
  await server.close();
});

test('openapi shows what the caller may know of', async () => {
  const server = await startServer();
  await server.call('POST', 'sys/mounts/secret', {
    body: { type: 'kv', options: { version: '2' } },
  });
  const at = 'sys/internal/specs/openapi';
  const all = (await server.call('GET', at)).json;
  assert.equal(all.openapi, '3.0.2');
  const unseal = all.paths['/sys/unseal'];
  assert.equal(unseal['x-vault-unauthenticated'], true);
  const { properties } = unseal.post.requestBody.content['application/json'].schema;
  assert.deepEqual(properties.key, { type: 'string', description: 'key share, hex or base64' });
  const data = all.paths['/secret/data/{path}'];
  assert.equal(data.parameters[0].name, 'path');
  assert.deepEqual(Object.keys(all.paths['/sys/policies/acl'].get.parameters[0]).slice(0, 2), [
    'name',
    'in',
  ]);
  const ids = Object.values(all.paths).flatMap((item) =>
    Object.values(item as object).flatMap(
      (each) => (each as { operationId?: string }).operationId ?? [],
    ),
  );
  assert.equal(new Set(ids).size, ids.length);
  const anybody = (await server.call('GET', at, { token: null })).json;
  assert.equal(anybody.paths['/secret/data/{path}'], undefined);
  assert(anybody.paths['/auth/token/lookup-self'] !== undefined);
  const token = await server.tokenWith('path "other/*" { capabilities = ["read"] }');
  const mine = (await server.call('GET', at, { token })).json;
  assert.equal(mine.paths['/secret/data/{path}'], undefined);
  assert.equal((await server.call('GET', at, { token: 'hvs.nosuch' })).status, 403);
  const help = (await server.call('GET', 'sys/mounts/x?help=1')).json;
  assert(help.openapi.paths['/sys/mounts/{path}'].post !== undefined);
  await server.close();
});

test('explain names the rule that decides', async () => {
  const server = await startServer();
  const policy = `path "secret/*" { capabilities = ["read"] }
path "secret/private/*" { capabilities = ["deny"] }
path "sys/rotate" { capabilities = ["update"] }
path "sys/internal/explain" { capabilities = ["update"] }`;
  const token = await server.tokenWith(policy);
  const explain = async (path: string, operation = 'read') =>
    (await server.call('POST', 'sys/internal/explain', { token, body: { path, operation } })).json
      .data;
  const allowed = await explain('secret/a');
  assert.deepEqual([allowed.allowed, allowed.reason], [true, 'granted']);
  assert.deepEqual(allowed.decided_by.sources[0].policy, 'p');
  const denied = await explain('v1/secret/private/x');
  assert.deepEqual([denied.allowed, denied.reason], [false, 'denied']);
  assert.deepEqual(
    [denied.decided_by.path, denied.overruled[0].path],
    ['secret/private/*', 'secret/*'],
  );
  assert.equal((await explain('other/x')).reason, 'no-rule');
  assert.equal((await explain('secret/a', 'update')).reason, 'capability-missing');
  const sudo = await explain('sys/rotate', 'update');
  assert.deepEqual([sudo.allowed, sudo.reason, sudo.sudo_required], [false, 'sudo-required', true]);
  assert.equal((await server.call('POST', 'sys/rotate', { token })).status, 403);
  assert.match(sudo.summary, /^update on "sys\/rotate" is denied: the path needs sudo/);
  const { accessor } = (await server.call('POST', 'auth/token/lookup', { body: { token } })).json
    .data;
  const asked = { accessor, path: 'secret/private/x' };
  const other = await server.call('POST', 'sys/internal/explain-accessor', { body: asked });
  assert.deepEqual([other.json.data.allowed, other.json.data.reason], [false, 'denied']);
  const peeping = { token, body: asked };
  assert.equal((await server.call('POST', 'sys/internal/explain-accessor', peeping)).status, 403);
  const nobody = { body: { ...asked, accessor: 'hunter2' } };
  assert.equal((await server.call('POST', 'sys/internal/explain-accessor', nobody)).status, 400);
  const long = { path: 'a/'.repeat(1_000_000) };
  for (const body of [{}, { path: 'a', operation: 'hunter2' }, { path: '/' }, long]) {
    const reply = await server.call('POST', 'sys/internal/explain', { token, body });
    assert.equal(reply.status, 400);
    assert.doesNotMatch(reply.text, /hunter2/);
  }
  await server.close();
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startServer } from './testing/server.js';

test('audit devices: enabled, asked for a hash, disabled; what is on record holds no secret', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  t.after(() => rm(folder, { recursive: true }));
  const server = await startServer();
  const call = server.call.bind(server);
  const file = join(folder, 'audit.log');
  const body = { type: 'file', description: 'd', options: { file_path: file } };
  assert.equal((await call('PUT', 'sys/audit/file', { body })).status, 204);
  const list = (await call('GET', 'sys/audit')).json;
  assert.deepEqual(list['file/'], list.data['file/']);
  assert.deepEqual(
    [list.data['file/'].type, list.data['file/'].options.file_path, list.data['file/'].path],
    ['file', file, 'file/'],
  );
  await call('POST', 'sys/mounts/kv', { body: { type: 'kv' } });
  await call('PUT', 'kv/a', { body: { password: 'hunter2' } });
  await call('POST', 'sys/wrapping/wrap', {
    body: { w: 'hunter3' },
    headers: ['X-Vault-Wrap-TTL: 9'],
  });
  const hashed = await call('POST', 'sys/audit-hash/file', { body: { input: 'hunter2' } });
  assert.match(hashed.json.data.hash, /^hmac-sha256:[0-9a-f]{64}$/);
  const log = await readFile(file, 'utf8');
  assert(log.includes(hashed.json.data.hash));
  assert(!log.includes('hunter2') && !log.includes('hunter3') && !log.includes(server.rootToken));
  assert.equal((await call('PUT', 'sys/seal')).status, 204);
  await server.unseal();
  assert.equal((await call('DELETE', 'sys/audit/file')).status, 204);
  assert.deepEqual((await call('GET', 'sys/audit')).json.data, {});
  await server.close();
});

test('refused: audit', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  t.after(() => rm(folder, { recursive: true }));
  const server = await startServer();
  const call = server.call.bind(server);
  const file_path = join(folder, 'a.log');
  const rows: [string, unknown][] = [
    ['an unknown type', { type: 'carrier-pigeon', options: { file_path } }],
    ['no file', { type: 'file' }],
    [
      'executable for the owner (CVE-2025-6000)',
      { type: 'file', options: { file_path, mode: '0700' } },
    ],
    ['executable for all', { type: 'file', options: { file_path, mode: '0777' } }],
    [
      'executable by the old name of the path',
      { type: 'file', options: { path: file_path, mode: '0755' } },
    ],
    ['set-user-id', { type: 'file', options: { file_path, mode: '4600' } }],
    ['a prefix', { type: 'file', options: { file_path, prefix: '#!/bin/sh' } }],
    ['an unknown option', { type: 'file', options: { file_path, hunter: '2' } }],
    ['a file below a file', { type: 'file', options: { file_path: '/dev/null/a' } }],
  ];
  for (const [name, body] of rows) {
    const reply = await call('PUT', 'sys/audit/x', { body });
    assert.equal(reply.status, 400, `${name}: ${reply.text}`);
  }
  assert.equal((await call('POST', 'sys/audit-hash/x', { body: { input: 'a' } })).status, 400);
  assert.deepEqual((await call('POST', 'sys/audit-hash/x', { body: {} })).json, {
    errors: ['the "input" parameter is empty'],
  });
  const token = await server.tokenWith(
    'path "sys/*" { capabilities = ["read", "update", "delete"] }',
  );
  for (const [method, path] of [
    ['GET', 'audit'],
    ['PUT', 'audit/x'],
    ['DELETE', 'audit/x'],
    ['PUT', 'config/auditing/request-headers/x'],
  ] as const) {
    assert.equal((await call(method, `sys/${path}`, { token })).status, 403, path);
  }
  await server.close();
});

test('audited request headers', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const at = 'sys/config/auditing/request-headers';
  assert.equal((await call('PUT', `${at}/X-Trace`, { body: { hmac: true } })).status, 204);
  assert.deepEqual((await call('GET', `${at}/x-trace`)).json.data, { 'x-trace': { hmac: true } });
  assert.deepEqual((await call('GET', at)).json.data, { headers: { 'x-trace': { hmac: true } } });
  assert.equal((await call('DELETE', `${at}/x-trace`)).status, 204);
  const gone = await call('GET', `${at}/x-trace`);
  assert.deepEqual(gone.json, { errors: ['Could not find header in config'] });
  for (const name of ['X-Vault-Token', 'authorization', 'a%20b']) {
    assert.equal((await call('PUT', `${at}/${name}`, { body: {} })).status, 400, name);
  }
  await server.close();
});

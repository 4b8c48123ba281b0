import assert from 'node:assert/strict';
import test from 'node:test';
import { asMultiError } from '../framework/errors.js';
import { startServer } from './testing/server.js';

const TEXT = 'path "secret/*" { capabilities = ["read"] }';

test('policies are written, listed, read and deleted by both names of the path', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  assert.equal(
    (await call('PUT', 'sys/policies/acl/Team-A', { body: { policy: TEXT } })).status,
    204,
  );
  const encoded = Buffer.from(TEXT).toString('base64');
  assert.equal((await call('PUT', 'sys/policy/b', { body: { rules: encoded } })).status, 204);
  const { keys } = (await call('LIST', 'sys/policies/acl')).json.data;
  assert.deepEqual(keys, ['b', 'default', 'root', 'team-a']);
  assert.deepEqual((await call('GET', 'sys/policies/acl?list=true')).json.data.keys, keys);
  const legacy = (await call('GET', 'sys/policy')).json;
  assert.deepEqual([legacy.policies, legacy.data.policies, legacy.keys], [keys, keys, keys]);
  assert.deepEqual((await call('GET', 'sys/policies/acl/TEAM-a')).json.data, {
    name: 'team-a',
    policy: TEXT,
  });
  assert.equal((await call('GET', 'sys/policy/b')).json.rules, TEXT);
  assert.equal((await call('DELETE', 'sys/policies/acl/TEAM-A')).status, 204);
  assert.equal((await call('GET', 'sys/policies/acl/team-a')).status, 404);
  assert.equal((await call('DELETE', 'sys/policies/acl/team-a')).status, 204);
  await server.close();
});

test('refused: policies', async () => {
  const server = await startServer();
  const rows: [string, string, string, unknown, RegExp][] = [
    ['no text', 'PUT', 'x', {}, /^'policy' parameter not supplied or empty$/],
    ['an empty text', 'PUT', 'x', { policy: '' }, /^'policy' parameter not supplied or empty$/],
    ['a text that does not parse', 'PUT', 'x', { policy: 'path "hunter2" {' }, /./],
    [
      'an unknown capability',
      'PUT',
      'x',
      { policy: 'path "a" { capabilities = ["hunter2"] }' },
      /./,
    ],
    ['root', 'PUT', 'root', { policy: TEXT }, /^cannot update "root" policy$/],
    [
      'root in another case (CVE-2025-5999)',
      'PUT',
      'ROOT',
      { policy: TEXT },
      /cannot update "root"/,
    ],
    ['root with spaces', 'PUT', '%20root%20', { policy: TEXT }, /cannot update "root" policy/],
    ['the wrapping policy', 'PUT', 'response-wrapping', { policy: TEXT }, /cannot update/],
    ['deleting default', 'DELETE', 'default', undefined, /^cannot delete default policy$/],
    ['deleting root', 'DELETE', 'Root', undefined, /^cannot delete "root" policy$/],
  ];
  for (const [name, method, path, body, want] of rows) {
    const reply = await server.call(method, `sys/policies/acl/${path}`, { body });
    assert.equal(reply.status, 400, `${name}: ${reply.text}`);
    assert.match(reply.json.errors[0], want, name);
  }
  await server.close();
});

test('capabilities by token, accessor and for oneself', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const policy = `${TEXT}\npath "sys/capabilities-self" { capabilities = ["update"] }`;
  const token = await server.tokenWith(policy);
  const { accessor } = (await call('POST', 'auth/token/lookup', { body: { token } })).json.data;
  const paths = ['secret/a', '/sys/mounts'];
  const want = { 'secret/a': ['read'], '/sys/mounts': ['deny'] };
  const self = await call('POST', 'sys/capabilities-self', { token, body: { paths } });
  assert.deepEqual(self.json.data, want);
  assert.deepEqual(self.json['secret/a'], ['read']);
  const other = await call('POST', 'sys/capabilities', { body: { paths, token } });
  assert.deepEqual(other.json.data, want);
  const named = await call('POST', 'sys/capabilities-accessor', {
    body: { path: 'secret/a', accessor },
  });
  assert.deepEqual(named.json.data, { 'secret/a': ['read'], capabilities: ['read'] });
  const long = await call('POST', 'sys/capabilities-self', { body: { paths: ['a'.repeat(4097)] } });
  assert.equal(long.status, 400);
  const root = await call('POST', 'sys/capabilities-self', { body: { paths: 'x' } });
  assert.deepEqual(root.json.capabilities, ['root']);
  const rows: [string, unknown, string][] = [
    ['capabilities-self', {}, 'paths must be supplied'],
    ['capabilities', { paths: ['a'], token: 'hvs.hunter2' }, asMultiError('invalid token')],
    ['capabilities', { paths: ['a'] }, 'missing "token" value in input'],
    [
      'capabilities-accessor',
      { paths: ['a'], accessor: 'hunter2' },
      asMultiError('invalid accessor'),
    ],
  ];
  for (const [path, body, text] of rows) {
    const reply = await call('POST', `sys/${path}`, { body });
    assert.deepEqual([reply.status, reply.json], [400, { errors: [text] }]);
  }
  assert.equal(
    (await call('POST', 'sys/capabilities', { token, body: { paths, token } })).status,
    403,
  );
  await server.close();
});

test('internal/ui: mounts, preflight and resultant-acl show what the caller may know', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  await call('POST', 'sys/mounts/secret', { body: { type: 'kv', options: { version: '2' } } });
  await call('POST', 'sys/mounts/hidden', { body: { type: 'kv' } });
  const open = { type: 'userpass', config: { listing_visibility: 'unauth' } };
  await call('POST', 'sys/auth/up', { body: open });
  const token = await server.tokenWith('path "secret/data/a/*" { capabilities = ["read"] }');
  const anybody = (await call('GET', 'sys/internal/ui/mounts', { token: null })).json.data;
  assert.deepEqual(anybody, {
    secret: {},
    auth: { 'up/': { type: 'userpass', description: '', options: null } },
  });
  const mine = (await call('GET', 'sys/internal/ui/mounts', { token })).json.data;
  assert.deepEqual(Object.keys(mine.secret), ['secret/']);
  assert.deepEqual(Object.keys(mine.auth), ['up/']);
  const mount = (await call('GET', 'sys/internal/ui/mounts/secret/a/b', { token })).json.data;
  assert.deepEqual([mount.path, mount.options.version, mount.type], ['secret/', '2', 'kv']);
  for (const path of ['hidden', 'nosuch']) {
    const reply = await call('GET', `sys/internal/ui/mounts/${path}`, { token });
    assert.equal(reply.status, 403);
    assert.deepEqual(reply.json.errors, [
      `preflight capability check returned 403, please ensure client's policies grant access to path "${path}/"`,
    ]);
  }
  for (const bad of [null, 'hvs.nosuch']) {
    const reply = await call('GET', 'sys/internal/ui/mounts/secret', { token: bad });
    assert.deepEqual([reply.status, reply.json], [403, { errors: ['permission denied'] }]);
  }
  const badToken = await call('GET', 'sys/internal/ui/mounts', { token: 'hvs.nosuch' });
  assert.equal(badToken.status, 403);
  assert.equal((await call('GET', 'sys/internal/ui/resultant-acl')).json.data.root, true);
  assert.equal((await call('GET', 'sys/internal/ui/resultant-acl', { token })).status, 403);
  await server.close();
});

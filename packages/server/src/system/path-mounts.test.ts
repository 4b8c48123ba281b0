import assert from 'node:assert/strict';
import test from 'node:test';
import { startServer } from './testing/server.js';

test('secrets engines: enabled, shown, tuned, moved, disabled', async () => {
  const server = await startServer();
  const { call } = { call: server.call.bind(server) };
  const body = {
    type: 'kv',
    description: 'd',
    options: { version: '2' },
    config: { max_lease_ttl: '2h' },
  };
  assert.equal((await call('POST', 'sys/mounts/kv/a', { body })).status, 204);
  const list = (await call('GET', 'sys/mounts')).json;
  const entry = list.data['kv/a/'];
  assert.deepEqual(list['kv/a/'], entry);
  assert.match(entry.accessor, /^kv_[0-9a-f]{8}$/);
  assert.deepEqual(entry.options, { version: '2' });
  assert.deepEqual(entry.config, {
    default_lease_ttl: 0,
    max_lease_ttl: 7200,
    force_no_cache: false,
  });
  assert.equal(list.data['sys/'].options, null);
  assert.equal((await call('GET', 'sys/mounts/kv/a')).json.data.type, 'kv');
  const tune = { default_lease_ttl: '30m', listing_visibility: 'unauth', description: 'e' };
  assert.equal((await call('POST', 'sys/mounts/kv/a/tune', { body: tune })).status, 204);
  const tuned = (await call('GET', 'sys/mounts/kv/a/tune')).json.data;
  assert.deepEqual(
    [tuned.default_lease_ttl, tuned.max_lease_ttl, tuned.listing_visibility, tuned.description],
    [1800, 7200, 'unauth', 'e'],
  );
  await call('PUT', 'kv/a/data/x', { body: { data: { k: 'v' } } });
  const moved = await call('POST', 'sys/remount', { body: { from: 'kv/a', to: 'b' } });
  const id = moved.json.data.migration_id;
  assert.equal(moved.json.migration_id, id);
  const status = (await call('GET', `sys/remount/status/${id}`)).json.data;
  assert.deepEqual(status.migration_info, {
    source_mount: 'kv/a/',
    target_mount: 'b/',
    status: 'success',
  });
  assert.equal((await call('GET', 'b/data/x')).json.data.data.k, 'v');
  assert.equal((await call('DELETE', 'sys/mounts/b')).status, 204);
  assert.equal((await call('GET', 'b/data/x')).status, 404);
  assert.equal((await call('DELETE', 'sys/mounts/b')).status, 204);
  const alias = await call('POST', 'sys/mounts/c', { body: { type: 'kv-v2' } });
  assert.equal(alias.status, 204);
  assert.equal((await call('GET', 'sys/mounts/c')).json.data.options.version, '2');
  await server.close();
});

test('auth methods: enabled, shown, tuned by both paths, disabled', async () => {
  const server = await startServer();
  const { call } = { call: server.call.bind(server) };
  const body = { type: 'userpass', config: { token_type: 'service' } };
  assert.equal((await call('POST', 'sys/auth/up', { body })).status, 204);
  const { data } = (await call('GET', 'sys/auth')).json;
  assert.deepEqual(Object.keys(data).sort(), ['token/', 'up/']);
  assert.match(data['up/'].accessor, /^auth_userpass_[0-9a-f]{8}$/);
  assert.equal(data['up/'].config.token_type, 'service');
  for (const where of ['auth/up', 'mounts/auth/up']) {
    const tuned = await call('POST', `sys/${where}/tune`, { body: { description: where } });
    assert.equal(tuned.status, 204, tuned.text);
    const seen = (await call('GET', `sys/${where}/tune`)).json.data;
    assert.deepEqual([seen.description, seen.token_type], [where, 'service']);
  }
  assert.equal((await call('DELETE', 'sys/auth/up')).status, 204);
  assert.equal((await call('GET', 'sys/auth/up')).status, 400);
  await server.close();
});

const REFUSED: [string, string, string, unknown, RegExp][] = [
  ['a path in use', 'POST', 'sys/mounts/kv', { type: 'kv' }, /^path is already in use at kv\/$/],
  ['a path below a mount', 'POST', 'sys/mounts/kv/x', { type: 'kv' }, /^existing mount at kv\/$/],
  ['a reserved path', 'POST', 'sys/mounts/sys', { type: 'kv' }, /^cannot mount/],
  ['a path below auth/', 'POST', 'sys/mounts/auth/x', { type: 'kv' }, /auth\//],
  ['no type', 'POST', 'sys/mounts/x', {}, /backend type must be specified/],
  [
    'an unknown type',
    'POST',
    'sys/mounts/x',
    { type: 'nosuch' },
    /plugin not found in the catalog/,
  ],
  [
    'an auth type as secrets engine',
    'POST',
    'sys/mounts/x',
    { type: 'userpass' },
    /plugin not found/,
  ],
  [
    'a default above the maximum',
    'POST',
    'sys/mounts/x',
    { type: 'kv', config: { default_lease_ttl: '2h', max_lease_ttl: '1h' } },
    /^given default lease TTL greater than given max lease TTL$/,
  ],
  [
    'a default above the system’s maximum',
    'POST',
    'sys/mounts/x',
    { type: 'kv', config: { default_lease_ttl: '2764801s' } },
    /^given default lease TTL greater than system max lease TTL of 2764800$/,
  ],
  [
    'a lifetime that is none',
    'POST',
    'sys/mounts/x',
    { type: 'kv', config: { default_lease_ttl: 'hunter2' } },
    /^unable to parse default TTL$/,
  ],
  [
    'a config member nobody knows',
    'POST',
    'sys/mounts/x',
    { type: 'kv', config: { hunter2: 1 } },
    /^config has an unknown member$/,
  ],
  [
    'a token type on a secrets engine',
    'POST',
    'sys/mounts/x',
    { type: 'kv', config: { token_type: 'batch' } },
    /'token_type' can only be modified on auth mounts/,
  ],
  [
    'a visibility that is none',
    'POST',
    'sys/mounts/kv/tune',
    { listing_visibility: 'hunter2' },
    /^invalid listing_visibility$/,
  ],
  [
    'tuning what is not there',
    'POST',
    'sys/mounts/no/tune',
    {},
    /^No secret engine mount at no\/$/,
  ],
  [
    'tuning an absent auth method',
    'GET',
    'sys/auth/no/tune',
    undefined,
    /^No auth engine at no\/$/,
  ],
  [
    'a mount that is not there',
    'GET',
    'sys/mounts/no',
    undefined,
    /^No secret engine mount at no\/$/,
  ],
  [
    'removing an auth method as secrets engine',
    'DELETE',
    'sys/mounts/auth/token',
    undefined,
    /auth\//,
  ],
  ['removing sys/', 'DELETE', 'sys/mounts/sys', undefined, /^cannot unmount "sys\/"$/],
  ['removing the cubbyhole', 'DELETE', 'sys/mounts/cubbyhole', undefined, /cannot unmount/],
  ['removing the token method', 'DELETE', 'sys/auth/token', undefined, /cannot be disabled$/],
  [
    'moving onto a mount',
    'POST',
    'sys/remount',
    { from: 'kv', to: 'sys' },
    /^cannot mount "sys\/"$/,
  ],
  [
    'moving what is not there',
    'POST',
    'sys/remount',
    { from: 'no', to: 'x' },
    /^no matching mount at "no\/"$/,
  ],
  [
    'moving a protected mount',
    'POST',
    'sys/remount',
    { from: 'identity', to: 'x' },
    /cannot remount/,
  ],
  ['moving nothing', 'POST', 'sys/remount', {}, /^both 'from' and 'to' path must be specified/],
  [
    'a second cubbyhole',
    'POST',
    'sys/mounts/x',
    { type: 'cubbyhole' },
    /^mount type of "cubbyhole" is not mountable$/,
  ],
];

test('refused: mounts', async () => {
  const server = await startServer();
  await server.call('POST', 'sys/mounts/kv', { body: { type: 'kv' } });
  for (const [name, method, path, body, want] of REFUSED) {
    const reply = await server.call(method, path, { body });
    assert.equal(reply.status, 400, `${name}: ${reply.text}`);
    assert.match(reply.json.errors[0], want, name);
    assert.doesNotMatch(reply.text, /hunter2/, name);
  }
  const downgrade = { type: 'kv', options: { version: '2' } };
  await server.call('POST', 'sys/mounts/v2', { body: downgrade });
  const reply = await server.call('POST', 'sys/mounts/v2/tune', {
    body: { options: { version: '1' } },
  });
  assert.match(reply.json.errors[0], /cannot downgrade mount from version 2/);
  await server.close();
});

test('a refused move revokes nothing: not the tokens below auth/token/, not the logins of a mount', async () => {
  const server = await startServer();
  await server.call('POST', 'sys/auth/up', { body: { type: 'userpass' } });
  await server.call('POST', 'sys/auth/taken', { body: { type: 'userpass' } });
  await server.call('POST', 'auth/up/users/u', { body: { password: 'p' } });
  const login = await server.call('POST', 'auth/up/login/u', { body: { password: 'p' } });
  const token = login.json.auth.client_token;
  for (const [from, to] of [
    ['auth/token', 'auth/x'],
    ['auth', 'x'],
    ['auth', 'auth/x'],
    ['auth/up', 'auth/taken'],
    ['auth/up', 'secret-engine'],
    ['auth/up', 'auth/sys'],
    ['auth/u', 'auth/x'],
  ]) {
    const refused = await server.call('POST', 'sys/remount', { body: { from, to } });
    assert.equal(refused.status, 400, `${from} to ${to}: ${refused.text}`);
    assert.equal((await server.call('GET', 'auth/token/lookup-self')).status, 200, from);
    const user = await server.call('GET', 'auth/token/lookup-self', { token });
    assert.equal(user.status, 200, `${from} to ${to}`);
  }
  await server.close();
});

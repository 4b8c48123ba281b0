import assert from 'node:assert/strict';
import test from 'node:test';
import { startServer, type TestServer } from './testing/server.js';

const UNKNOWN = { errors: ['wrapping token is not valid or does not exist'] };
const TTL = ['X-Vault-Wrap-TTL: 60'];

async function wrap(server: TestServer, body: unknown = { a: 'b' }): Promise<string> {
  const reply = await server.call('POST', 'sys/wrapping/wrap', { body, headers: TTL });
  assert.equal(reply.status, 200, reply.text);
  return reply.json.wrap_info.token;
}

test('wrapping: looked up by anybody who has the token, unwrapped once', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const wrapped = await call('POST', 'sys/wrapping/wrap', { body: { n: 1, s: 'x' }, headers: TTL });
  const info = wrapped.json.wrap_info;
  assert.deepEqual(
    [info.ttl, info.creation_path, wrapped.json.data],
    [60, 'sys/wrapping/wrap', null],
  );
  const { token } = info;
  for (const options of [{ token: null, body: { token } }, { token }]) {
    const seen = await call('POST', 'sys/wrapping/lookup', options);
    assert.deepEqual(seen.json.data, {
      creation_path: 'sys/wrapping/wrap',
      creation_time: '2023-11-14T22:13:20.000000000Z',
      creation_ttl: 60,
    });
  }
  const out = await call('PUT', 'sys/wrapping/unwrap', { token });
  assert.equal(out.status, 200, out.text);
  assert.deepEqual([out.json.data, out.json.wrap_info], [{ n: 1, s: 'x' }, null]);
  for (const options of [{ token }, { body: { token } }]) {
    const again = await call('PUT', 'sys/wrapping/unwrap', options);
    assert.deepEqual([again.status, again.json], [400, UNKNOWN]);
  }
  const inBody = await wrap(server, { secret: 'kept' });
  const other = await server.tokenWith('path "sys/wrapping/unwrap" { capabilities = ["update"] }');
  const taken = await call('POST', 'sys/wrapping/unwrap', {
    token: other,
    body: { token: inBody },
  });
  assert.deepEqual(taken.json.data, { secret: 'kept' });
  const both = await wrap(server);
  const reply = await call('POST', 'sys/wrapping/unwrap', { token: both, body: { token: both } });
  assert.deepEqual(reply.json.data, { a: 'b' });
  assert.equal((await call('POST', 'sys/wrapping/unwrap', { token: both })).status, 400);
  await server.close();
});

test('an answer unwraps to the very bytes it would have been', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  await call('POST', 'sys/mounts/kv', { body: { type: 'kv' } });
  await call('PUT', 'kv/a', { body: { v: [1.5e3, 'x'] } });
  const wrapped = await call('GET', 'kv/a', { headers: TTL });
  const { token, creation_path: path } = wrapped.json.wrap_info;
  assert.equal(path, 'kv/a');
  const out = await call('PUT', 'sys/wrapping/unwrap', { token });
  assert.deepEqual(out.json.data, { v: [1.5e3, 'x'] });
  assert.match(out.text, /1\.5e3|1500/);
  const login = { policies: ['default'], ttl: '1h' };
  const made = await call('POST', 'auth/token/create', { body: login, headers: TTL });
  assert.equal(made.json.auth, null);
  assert.match(made.json.wrap_info.wrapped_accessor, /^[0-9A-Za-z]{24}$/);
  const inner = await call('PUT', 'sys/wrapping/unwrap', { token: made.json.wrap_info.token });
  const self = await call('GET', 'auth/token/lookup-self', { token: inner.json.auth.client_token });
  assert.equal(self.status, 200);
  await server.close();
});

test('rewrap moves the answer under another token', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const token = await wrap(server, { k: 1 });
  const again = await call('POST', 'sys/wrapping/rewrap', { body: { token } });
  assert.equal(again.status, 200, again.text);
  const info = again.json.wrap_info;
  assert.deepEqual([info.ttl, info.creation_path], [60, 'sys/wrapping/wrap']);
  assert.deepEqual((await call('PUT', 'sys/wrapping/unwrap', { token })).json, UNKNOWN);
  const out = await call('PUT', 'sys/wrapping/unwrap', { token: info.token });
  assert.deepEqual(out.json.data, { k: 1 });
  await server.close();
});

test('refused: wrapping', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const none = await call('POST', 'sys/wrapping/wrap', { body: { a: 1 } });
  assert.deepEqual(none.json, { errors: ['endpoint requires response wrapping to be used'] });
  const lookup = await call('POST', 'sys/wrapping/lookup', { token: null });
  assert.deepEqual(lookup.json, { errors: ['missing "token" value in input'] });
  const ordinary = await server.tokenWith('path "a" { capabilities = ["read"] }');
  const rows: [string, string, string | null, unknown][] = [
    ['an unknown token in the body', 'unwrap', server.rootToken, { token: 'hvs.hunter2' }],
    ['an unknown token of the caller', 'unwrap', 'hvs.hunter2', undefined],
    ['a token that wraps nothing', 'unwrap', server.rootToken, undefined],
    ['somebody’s ordinary token', 'unwrap', server.rootToken, { token: ordinary }],
    ['rewrapping an ordinary token', 'rewrap', server.rootToken, { token: ordinary }],
    ['looking up an ordinary token', 'lookup', null, { token: ordinary }],
    ['looking up an unknown token', 'lookup', null, { token: 'hvs.hunter2' }],
  ];
  for (const [name, path, token, body] of rows) {
    const reply = await call('POST', `sys/wrapping/${path}`, { token, body });
    assert.deepEqual([reply.status, reply.json], [400, UNKNOWN], name);
  }
  assert.equal((await call('GET', 'a', { token: ordinary })).status, 404);
  const wrapping = await wrap(server);
  for (const path of ['auth/token/lookup-self', 'sys/internal/ui/resultant-acl', 'cubbyhole/x']) {
    assert.equal((await call('GET', path, { token: wrapping })).status, 403, path);
    // Its only use is gone: as in Vault a refused request takes one too.
    assert.equal((await call('PUT', 'sys/wrapping/unwrap', { token: wrapping })).status, 400);
  }
  const late = await wrap(server);
  server.now += 61_000;
  assert.deepEqual((await call('PUT', 'sys/wrapping/unwrap', { token: late })).json, UNKNOWN);
  const locked = await wrap(server);
  const noRight = await call('PUT', 'sys/wrapping/unwrap', {
    token: ordinary,
    body: { token: locked },
  });
  assert.equal(noRight.status, 403);
  assert.equal((await call('PUT', 'sys/wrapping/unwrap', { token: locked })).status, 200);
  await server.close();
});

test('of many who unwrap at once one gets the answer', async () => {
  const server = await startServer();
  const token = await wrap(server);
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, at) =>
      server.call('PUT', 'sys/wrapping/unwrap', at % 2 === 0 ? { token } : { body: { token } }),
    ),
  );
  const statuses = replies.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
  await server.close();
});

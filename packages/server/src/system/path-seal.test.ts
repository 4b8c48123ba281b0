import assert from 'node:assert/strict';
import test from 'node:test';
import { startServer, TestServer } from './testing/server.js';

test('init, unseal, seal: the states and what is answered in each', async () => {
  const server = new TestServer();
  const health = async (query = '') => (await server.call('GET', `sys/health${query}`)).status;
  assert.equal(await health(), 501);
  assert.equal(await health('?uninitcode=234'), 234);
  assert.deepEqual((await server.call('GET', 'sys/init')).json, { initialized: false });
  await server.init(3, 2);
  assert.equal(server.keys.length, 3);
  assert.match(server.rootToken, /^hvs\.[0-9A-Za-z]{24}$/);
  assert.equal(await health(), 503);
  assert.equal(await health('?sealedcode=204'), 204);
  const status = (await server.call('GET', 'sys/seal-status')).json;
  assert.deepEqual(
    [status.sealed, status.t, status.n, status.progress, status.type],
    [true, 2, 3, 0, 'shamir'],
  );
  assert.equal(status.cluster_name, undefined);
  const [first = '', second = ''] = server.keys;
  const one = await server.call('PUT', 'sys/unseal', { body: { key: first } });
  assert.equal(one.json.progress, 1);
  assert.notEqual(one.json.nonce, '');
  const hex = Buffer.from(second, 'base64').toString('hex');
  const two = await server.call('POST', 'sys/unseal', { body: { key: hex } });
  assert.deepEqual([two.json.sealed, two.json.cluster_name], [false, 'test']);
  assert.equal(await health(), 200);
  assert.equal(await health('?activecode=299&standbyok=true'), 299);
  assert.equal((await server.call('HEAD', 'sys/health')).status, 200);
  assert.equal((await server.call('PUT', 'sys/seal')).status, 204);
  assert.equal((await server.call('GET', 'sys/seal-status')).json.sealed, true);
  assert.equal((await server.call('GET', 'sys/mounts')).status, 503);
  await server.unseal();
  assert.equal((await server.call('GET', 'sys/mounts')).status, 200);
  await server.close();
});

test('init and unseal refuse', async () => {
  const server = new TestServer();
  const rows: [string, unknown, RegExp][] = [
    ['no share counts', {}, /shares must be at least one/],
    ['a threshold above the shares', { secret_shares: 1, secret_threshold: 2 }, /cannot be larger/],
    ['one share of many', { secret_shares: 3, secret_threshold: 1 }, /greater than one/],
    [
      'recovery shares',
      { secret_shares: 1, secret_threshold: 1, recovery_shares: 1 },
      /recovery_shares not applicable to seal type shamir/,
    ],
    [
      'PGP keys',
      { secret_shares: 1, secret_threshold: 1, pgp_keys: ['a'] },
      /PGP encryption of keys is not supported/,
    ],
  ];
  for (const [name, body, want] of rows) {
    const reply = await server.call('PUT', 'sys/init', { body });
    assert.equal(reply.status, 400, name);
    assert.match(reply.json.errors[0], want, name);
  }
  const early = await server.call('PUT', 'sys/unseal', {
    body: { key: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
  });
  assert.equal(early.status, 400);
  await server.init(2, 2);
  const again = await server.call('PUT', 'sys/init', {
    body: { secret_shares: 1, secret_threshold: 1 },
  });
  assert.deepEqual(again.json, { errors: ['Vault is already initialized'] });
  const texts: [unknown, RegExp][] = [
    [{}, /^'key' must be specified in request body as JSON, or 'reset' set to true$/],
    [{ key: '!!!!' }, /^'key' must be a valid hex or base64 string$/],
    [{ key: 'abcd' }, /shorter than minimum/],
    [{ key: 'ab'.repeat(40) }, /longer than maximum/],
  ];
  for (const [body, want] of texts) {
    const reply = await server.call('PUT', 'sys/unseal', { body });
    assert.equal(reply.status, 400);
    assert.match(reply.json.errors[0], want);
  }
  const [key = ''] = server.keys;
  const wrong = Buffer.from(key, 'base64');
  wrong[3] = (wrong[3] ?? 0) ^ 1;
  wrong[32] = ((wrong[32] ?? 0) % 255) + 1;
  await server.call('PUT', 'sys/unseal', { body: { key } });
  const bad = await server.call('PUT', 'sys/unseal', { body: { key: wrong.toString('hex') } });
  assert.equal(bad.status, 400);
  assert.equal((await server.call('GET', 'sys/seal-status')).json.progress, 0);
  await server.call('PUT', 'sys/unseal', { body: { key } });
  const reset = await server.call('PUT', 'sys/unseal', { body: { reset: true } });
  assert.equal(reset.json.progress, 0);
  for (const query of ['activecode=99', 'sealedcode=x', 'standbycode=1000']) {
    assert.equal((await server.call('GET', `sys/health?${query}`)).status, 400, query);
  }
  await server.close();
});

test('seal and step-down need sudo', async () => {
  const server = await startServer();
  const rows: [string, string, number][] = [
    ['no capability', 'path "sys/health" { capabilities = ["read"] }', 403],
    ['no sudo', 'path "sys/*" { capabilities = ["update"] }', 403],
    ['a deny', 'path "sys/*" { capabilities = ["deny"] }', 403],
    ['sudo', 'path "sys/step-down" { capabilities = ["update", "sudo"] }', 204],
  ];
  for (const [name, policy, status] of rows) {
    const token = await server.tokenWith(policy);
    assert.equal((await server.call('PUT', 'sys/step-down', { token })).status, status, name);
    if (status === 403) assert.equal((await server.call('PUT', 'sys/seal', { token })).status, 403);
  }
  assert.equal((await server.call('PUT', 'sys/seal', { token: null })).status, 403);
  assert.equal((await server.call('GET', 'sys/seal-status')).json.sealed, false);
  await server.close();
});

test('many at once: one initialises, all unseal', async () => {
  const server = new TestServer();
  const body = { secret_shares: 1, secret_threshold: 1 };
  const replies = await Promise.all(
    [1, 2, 3].map(() => server.call('PUT', 'sys/init', { token: null, body })),
  );
  const won = replies.filter(({ status }) => status === 200);
  assert.equal(won.length, 1);
  assert.equal(replies.filter(({ status }) => status === 400).length, 2);
  server.rootToken = won[0]?.json.root_token;
  const key = won[0]?.json.keys[0];
  const unsealed = await Promise.all(
    [1, 2, 3, 4].map(() => server.call('PUT', 'sys/unseal', { body: { key } })),
  );
  assert.deepEqual(
    unsealed.map(({ status, json }) => [status, json.sealed]),
    Array.from({ length: 4 }, () => [200, false]),
  );
  assert.equal((await server.call('GET', 'auth/token/lookup-self')).status, 200);
  await server.close();
});

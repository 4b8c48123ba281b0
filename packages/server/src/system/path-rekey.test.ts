import assert from 'node:assert/strict';
import test from 'node:test';
import { type Reply, startServer, TestServer } from './testing/server.js';

async function startShared(): Promise<TestServer> {
  const server = new TestServer();
  await server.init(3, 2);
  await server.unseal();
  return server;
}

test('rekey: other shares unseal, the old ones no more', async () => {
  for (const at of ['rekey', 'rotate/root']) {
    const server = await startShared();
    const call = server.call.bind(server);
    const read = (reply: { json: { data?: unknown } }) => (reply.json.data ?? reply.json) as never;
    const counts = { secret_shares: 2, secret_threshold: 2 };
    const begun: { nonce: string; started: boolean; required: number; t: number } = read(
      await call('PUT', `sys/${at}/init`, { body: counts }),
    );
    assert.deepEqual([begun.started, begun.required, begun.t], [true, 2, 2]);
    const { nonce } = begun;
    const [first, second] = server.keys;
    const one = await call('PUT', `sys/${at}/update`, { body: { key: first, nonce } });
    assert.equal((read(one) as { progress: number }).progress, 1);
    const two = await call('PUT', `sys/${at}/update`, { body: { key: second, nonce } });
    const done: { complete: boolean; keys: string[]; keys_base64: string[] } = read(two);
    assert.deepEqual([done.complete, done.keys.length], [true, 2]);
    assert.equal(Buffer.from(done.keys[0] ?? '', 'hex').toString('base64'), done.keys_base64[0]);
    await call('PUT', 'sys/seal');
    for (const key of server.keys) await call('PUT', 'sys/unseal', { body: { key } });
    assert.equal((await call('GET', 'sys/seal-status')).json.sealed, true);
    await call('PUT', 'sys/unseal', { body: { reset: true } });
    server.keys = done.keys;
    await server.unseal();
    await server.close();
  }
});

test('rekey with verification, and nobody cancels it without a right to', async () => {
  const server = await startShared();
  const call = server.call.bind(server);
  const begin = { secret_shares: 1, secret_threshold: 1, require_verification: true };
  const { nonce } = (await call('PUT', 'sys/rekey/init', { body: begin })).json;
  for (const key of server.keys.slice(0, 2)) {
    const reply = await call('PUT', 'sys/rekey/update', { body: { key, nonce } });
    if (reply.json.complete) server.keys = reply.json.keys;
  }
  const waiting = (await call('GET', 'sys/rekey/verify')).json;
  assert.deepEqual([waiting.started, waiting.t, waiting.progress], [true, 1, 0]);
  const wrong = await call('PUT', 'sys/rekey/verify', {
    body: { key: server.keys[0], nonce: 'hunter2' },
  });
  assert.deepEqual(wrong.json, { errors: ['incorrect nonce supplied'] });
  const token = await server.tokenWith(
    'path "sys/rekey/*" { capabilities = ["update", "delete"] }',
  );
  assert.equal((await call('DELETE', 'sys/rekey/init', { token })).status, 403);
  assert.equal((await call('DELETE', 'sys/rekey/init', { token: null })).status, 403);
  // CVE-2025-4656: who names an attempt must name the right one.
  assert.equal((await call('DELETE', 'sys/rekey/init?nonce=hunter2')).status, 400);
  assert.equal((await call('DELETE', 'sys/rekey/verify?nonce=hunter2')).status, 400);
  const verified = await call('PUT', 'sys/rekey/verify', {
    body: { key: server.keys[0], nonce: waiting.nonce },
  });
  assert.deepEqual(verified.json, { nonce: waiting.nonce, complete: true });
  await call('PUT', 'sys/seal');
  await server.unseal();
  await server.close();
});

test('refused: rekey', async () => {
  const server = await startShared();
  const call = server.call.bind(server);
  const counts = { secret_shares: 2, secret_threshold: 2 };
  const rows: [string, string, unknown, RegExp][] = [
    [
      'shares before it began',
      'update',
      { key: server.keys[0], nonce: 'x' },
      /no rekey in progress/,
    ],
    ['PGP keys', 'init', { ...counts, pgp_keys: ['a', 'b'] }, /PGP encryption/],
    ['a backup', 'init', { ...counts, backup: true }, /cannot request a backup without PGP keys/],
    ['counts that make no sense', 'init', { secret_shares: 1, secret_threshold: 2 }, /larger/],
    ['verifying nothing', 'verify', { key: server.keys[0], nonce: 'x' }, /no rekey verification/],
  ];
  for (const [name, path, body, want] of rows) {
    const reply = await call('PUT', `sys/rekey/${path}`, { body });
    assert.equal(reply.status, 400, name);
    assert.match(reply.json.errors[0], want, name);
  }
  const { nonce } = (await call('PUT', 'sys/rekey/init', { body: counts })).json;
  assert.equal((await call('PUT', 'sys/rekey/init', { body: counts })).status, 400);
  const updates: [unknown, RegExp][] = [
    [{ nonce }, /'key' must be specified/],
    [{ nonce, key: '???' }, /must be a valid hex or base64 string/],
    [{ nonce: 'hunter2', key: server.keys[0] }, /incorrect nonce supplied/],
  ];
  for (const [body, want] of updates) {
    const reply = await call('PUT', 'sys/rekey/update', { body });
    assert.equal(reply.status, 400);
    assert.match(reply.json.errors[0], want);
    assert.doesNotMatch(reply.text, /hunter2/);
  }
  assert.equal((await call('DELETE', `sys/rekey/init?nonce=${nonce}`)).status, 204);
  assert.equal((await call('GET', 'sys/rekey/init')).json.started, false);
  assert.deepEqual((await call('GET', 'sys/rekey/backup')).json, {
    errors: ['no backed-up keys found'],
  });
  await server.close();
});

test('generate-root: the token comes out of password and answer together', async () => {
  for (const at of ['generate-root', 'generate-root-token']) {
    const server = await startShared();
    const call = server.call.bind(server);
    const read = ({ json }: Reply) => (at === 'generate-root' ? json : json.data);
    const begun = read(await call('PUT', `sys/${at}/attempt`));
    assert.deepEqual([begun.started, begun.otp_length, begun.required], [true, 28, 2]);
    const { nonce, otp } = begun;
    await call('PUT', `sys/${at}/update`, { body: { key: server.keys[0], nonce } });
    const body = { key: server.keys[2], nonce };
    const done = read(await call('PUT', `sys/${at}/update`, { body }));
    assert.equal(done.complete, true);
    assert.equal(done.encoded_root_token, done.encoded_token);
    const token = Buffer.from(done.encoded_token, 'base64');
    token.forEach((byte, index) => {
      token[index] = byte ^ (otp.charCodeAt(index) || 0);
    });
    const self = await call('GET', 'auth/token/lookup-self', { token: token.toString('latin1') });
    assert.deepEqual(self.json.data.policies, ['root']);
    await server.close();
  }
});

test('refused: generate-root', async () => {
  const server = await startShared();
  const call = server.call.bind(server);
  const at = 'sys/generate-root/attempt';
  assert.equal((await call('PUT', at, { token: null })).status, 403);
  assert.equal((await call('GET', at, { token: null })).status, 403);
  const weak = await server.tokenWith('path "sys/generate-root/*" { capabilities = ["update"] }');
  assert.equal((await call('PUT', at, { token: weak })).status, 403);
  assert.equal((await call('PUT', at, { body: { otp: 'short' } })).status, 400);
  assert.equal((await call('PUT', at, { body: { pgp_key: 'a' } })).status, 400);
  const { nonce } = (await call('PUT', at)).json;
  assert.equal((await call('PUT', at)).status, 400);
  assert.equal((await call('DELETE', `${at}?nonce=hunter2`)).status, 400);
  const wrong = { key: server.keys[0], nonce: 'hunter2' };
  const update = await call('PUT', 'sys/generate-root/update', { body: wrong });
  assert.deepEqual(update.json, { errors: ['incorrect nonce supplied'] });
  assert.equal((await call('DELETE', `${at}?nonce=${nonce}`)).status, 204);
  assert.equal((await call('GET', at)).json.started, false);
  await server.close();
});

test('the keyring: status, rotation and its bounds', async () => {
  const server = await startServer();
  const call = server.call.bind(server);
  const before = (await call('GET', 'sys/key-status')).json;
  assert.deepEqual([before.term, before.data.term], [1, 1]);
  assert.equal((await call('POST', 'sys/rotate')).status, 204);
  assert.equal((await call('PUT', 'sys/rotate/keyring')).status, 204);
  assert.equal((await call('GET', 'sys/key-status')).json.data.term, 3);
  const body = { max_operations: 2_000_000, interval: '720h' };
  assert.equal((await call('POST', 'sys/rotate/config', { body })).status, 204);
  assert.deepEqual((await call('GET', 'sys/rotate/keyring/config')).json.data, {
    enabled: true,
    max_operations: 2_000_000,
    interval: '720h0m0s',
  });
  for (const bad of [{ max_operations: 5 }, { interval: '1h' }, { enabled: 'hunter2' }]) {
    assert.equal((await call('POST', 'sys/rotate/config', { body: bad })).status, 400);
  }
  await server.close();
});

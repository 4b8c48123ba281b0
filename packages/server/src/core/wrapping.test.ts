import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestServer, refusalOf, type TestServer } from './testing/open-server.js';

const own = <T extends Uint8Array>(bytes: T): T => bytes;

async function wrapped(server: TestServer): Promise<{ token: string; tokenId: string }> {
  const result = await server.call({ path: 'leasing/creds/a', wrapTtlSeconds: 60 });
  const token = result.wrapped?.token.toString() ?? '';
  return { token, tokenId: server.active.tokens.idOf(Buffer.from(token)) };
}

test('a wrapped answer is put away whole and comes out once', async () => {
  const server = await openTestServer();
  const { tokenId } = await wrapped(server);
  const info = await server.active.wrapping.lookup(tokenId);
  assert.deepEqual(info, {
    creationPath: 'leasing/creds/a',
    creationTime: server.now,
    ttlSeconds: 60,
  });
  const { body } = await server.active.wrapping.take(tokenId, own);
  const envelope = JSON.parse(body.toString());
  assert.deepEqual(envelope.data, { password: 'generated' });
  assert.match(envelope.lease_id, /^leasing/);
  assert.equal(
    await refusalOf(server.active.wrapping.take(tokenId, own)),
    'wrapping-token-unknown',
  );
});

test('of twenty callers who unwrap at once one gets the answer', async () => {
  const server = await openTestServer();
  const { tokenId } = await wrapped(server);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => refusalOf(server.active.wrapping.take(tokenId, own))),
  );
  assert.equal(outcomes.filter((outcome) => outcome === 'not refused').length, 1);
});

test('a wrapping token opens nothing else', async () => {
  const server = await openTestServer();
  const { token } = await wrapped(server);
  assert.equal(await refusalOf(server.call({ path: 'leasing/creds/a', token })), 'no-rule');
});

test('when the wrapping token expires what it wrapped is gone', async () => {
  const server = await openTestServer();
  const { tokenId } = await wrapped(server);
  server.now += 61_000;
  await server.active.revocation.expire(server.now);
  assert.equal(await refusalOf(server.active.wrapping.lookup(tokenId)), 'wrapping-token-unknown');
});

test('a caller without a token can have nothing put away', async () => {
  const server = await openTestServer();
  const call = { path: 'leasing/open', token: null, wrapTtlSeconds: 9_000_000_000 };
  assert.equal(await refusalOf(server.call(call)), 'wrapping-unauthenticated');
  assert.deepEqual(await server.active.view('sys/wrapping/').list('', { after: '', limit: 9 }), []);
  const plain = await server.call({ path: 'leasing/open', token: null });
  assert.deepEqual(plain.response?.data, { open: true });
});

test('a login can be wrapped: the token is inside, its accessor outside', async () => {
  const server = await openTestServer();
  const result = await server.call({
    operation: 'update',
    path: 'auth/door/login',
    token: null,
    wrapTtlSeconds: 60,
  });
  assert.equal(result.wrapped?.wrappedAccessor, result.auth?.accessor);
  const tokenId = server.active.tokens.idOf(result.wrapped?.token ?? Buffer.alloc(0));
  const { body } = await server.active.wrapping.take(tokenId, own);
  assert.match(JSON.parse(body.toString()).auth.client_token, /^hvs\./);
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keyAt, type Place } from '../framework/storage.js';
import { MemoryEngine } from '../storage/memory.js';
import { type Call, openTestServer, refusalOf, type TestServer } from './testing/open-server.js';

async function withPolicy(server: TestServer, name: string, text: string): Promise<void> {
  await server.active.policies.put(name, text, server.now);
}

async function login(server: TestServer): Promise<string> {
  const result = await server.call({ operation: 'update', path: 'auth/door/login', token: null });
  return result.auth?.clientToken.toString() ?? '';
}

const GUEST = `
path "leasing/creds/*" { capabilities = ["read"] }
path "leasing/item/*" { capabilities = ["update", "delete"] }
path "leasing/guarded" { capabilities = ["read"] }
path "leasing/nowhere" { capabilities = ["read"] }
`;

test('a login gives a token, and the token what its policy grants', async () => {
  const server = await openTestServer();
  await withPolicy(server, 'guest', GUEST);
  const token = await login(server);
  const answer = await server.call({ path: 'leasing/creds/app', token });
  assert.deepEqual(answer.response?.data, { password: 'generated' });
  assert.match(answer.lease?.id ?? '', /^leasing\/creds\/app\/[0-9A-Za-z]{24}$/);
  assert.equal(answer.lease?.ttlSeconds, 60);
});

const refusals: readonly (readonly [string, Partial<Call>, string])[] = [
  ['a request without a token', { token: null }, 'token-missing'],
  ['an unknown token', { token: 'hvs.unknown' }, 'token-unknown'],
  ['a token with one byte more', { token: 'root-of-the-testX' }, 'token-unknown'],
  ['an empty token', { token: '' }, 'token-unknown'],
  ['a namespace, for there is only the root one', { namespace: 'a/' }, 'namespace-not-found'],
  ['a path that no mount covers', { path: 'nowhere/x' }, 'no-mount'],
  ['a path that the mount does not have', { path: 'leasing/nothing' }, 'unsupported-path'],
  ['an operation that the path does not have', { operation: 'delete' }, 'unsupported-operation'],
  ['a mount path without anything below', { path: 'leasing' }, 'unsupported-path'],
  ['a path longer than any', { path: `leasing/${'x'.repeat(5000)}` }, 'path-too-long'],
];
for (const [name, change, code] of refusals) {
  test(`refuses ${name}`, async () => {
    const server = await openTestServer();
    assert.equal(await refusalOf(server.call({ path: 'leasing/creds/a', ...change })), code);
  });
}

const denials: readonly (readonly [string, Partial<Call>])[] = [
  ['a path that no policy names', { path: 'leasing/open/other' }],
  [
    'creating what may only be updated',
    { operation: 'update', path: 'leasing/item/new', body: { value: 1 } },
  ],
  ['a protected path without sudo', { path: 'leasing/guarded' }],
  ['knowing whether a mount exists where nothing is granted', { path: 'nowhere/x' }],
];
for (const [name, change] of denials) {
  test(`a guest is denied ${name}`, async () => {
    const server = await openTestServer();
    await withPolicy(server, 'guest', GUEST);
    const token = await login(server);
    const error = await server.call({ path: '', token, ...change }).catch((caught) => caught);
    assert.equal(error.kind, 'permission-denied');
    assert.equal(error.message, '1 error occurred:\n\t* permission denied\n\n');
  });
}

test('an existing thing is updated, a new one created, as the existence check says', async () => {
  const server = await openTestServer();
  const put = (): Promise<unknown> =>
    server
      .call({ operation: 'update', path: 'leasing/item/a', body: { value: 'x' } })
      .then((result) => result.response?.data);
  assert.deepEqual(await put(), { operation: 'create' });
  assert.deepEqual(await put(), { operation: 'update' });
});

test('an unauthenticated path does not look at the token', async () => {
  const server = await openTestServer();
  const answer = await server.call({ path: 'leasing/open', token: 'hvs.rubbish' });
  assert.deepEqual(answer.response?.data, { open: true });
});

test('a token with two uses works twice, denied requests included', async () => {
  const server = await openTestServer();
  await withPolicy(server, 'guest', GUEST);
  server.steering.grant = { numUses: 2 };
  const token = await login(server);
  assert.equal(await refusalOf(server.call({ path: 'sys/other', token })), 'no-rule');
  assert.equal(
    await refusalOf(server.call({ operation: 'delete', path: 'leasing/item/a', token })),
    'not refused',
  );
  assert.equal(
    await refusalOf(server.call({ operation: 'delete', path: 'leasing/item/a', token })),
    'token-unknown',
  );
});

test('the last use of a token gets no leased secret, and what was made for it is taken back', async () => {
  const server = await openTestServer();
  await withPolicy(server, 'guest', GUEST);
  server.steering.grant = { numUses: 1 };
  const token = await login(server);
  assert.equal(
    await refusalOf(server.call({ path: 'leasing/creds/app', token })),
    'last-use-lease',
  );
  assert.deepEqual(
    server.steering.revoked.map((event) => event.internal),
    [{ name: 'app' }],
  );
});

const addresses: readonly (readonly [string, string, boolean])[] = [
  ['an address of the block', '10.1.2.3', true],
  ['an address outside', '10.2.0.1', false],
  ['an IPv6 address', '2001:db8::1', false],
  ['what is no address', 'localhost', false],
];
for (const [name, remoteAddress, allowed] of addresses) {
  test(`a token bound to 10.1.0.0/16 is ${allowed ? 'good' : 'refused'} from ${name}`, async () => {
    const server = await openTestServer();
    await withPolicy(server, 'guest', GUEST);
    server.steering.grant = { boundCidrs: ['10.1.0.0/16'] };
    const token = await login(server);
    const call = server.call({ path: 'leasing/creds/a', token, remoteAddress });
    assert.equal(await refusalOf(call), allowed ? 'not refused' : 'token-wrong-address');
  });
}

test('a token bound to a key opens nothing by itself', async () => {
  const server = await openTestServer();
  await withPolicy(server, 'guest', GUEST);
  server.steering.grant = { boundKey: { spkiSha256: 'A'.repeat(43) } };
  const token = await login(server);
  const path = 'leasing/creds/a';
  assert.equal(await refusalOf(server.call({ path, token })), 'token-proof-absent');
  assert.equal(await refusalOf(server.call({ path, token, proof: 'x' })), 'token-proof-malformed');
});

test('the fault of a backend is an internal error, and its text goes nowhere', async () => {
  const server = await openTestServer();
  const error = await server.call({ path: 'leasing/broken' }).catch((caught) => caught);
  assert.equal(error.message, 'the password is hunter2');
  assert.equal(
    await server.call({ path: 'leasing/open', token: null }).then(() => 'alive'),
    'alive',
  );
});

test('help needs the right to read, and tells what the path takes', async () => {
  const server = await openTestServer();
  const call = { operation: 'help', path: 'leasing/item/x' } as const;
  const body = (await server.call(call)).response?.raw?.body.toString() ?? '';
  assert.match(JSON.parse(body).help, /## PARAMETERS[\s\S]*value \(raw\)/);
  assert.equal(await refusalOf(server.call({ ...call, token: null })), 'token-missing');
});

test('sealed, only the paths declared for it answer', async () => {
  const server = await openTestServer();
  await server.seal();
  assert.deepEqual((await server.call({ path: 'sys/state', token: null })).response?.data, {
    state: 'known',
  });
  for (const path of ['leasing/open', 'auth/token/lookup-self', 'sys/other', 'nowhere/x']) {
    assert.equal(await refusalOf(server.call({ path })), 'sealed', path);
  }
});

test('every request and answer is on record, refusals with their reason, and no secret in clear', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const server = await openTestServer();
  const file = join(folder, 'audit.log');
  const spec = { type: 'file', description: '', options: { file_path: file }, local: false };
  await server.active.audit.enable('file/', spec, server.now);
  await server.call({ operation: 'update', path: 'leasing/item/a', body: { value: 'marzipan' } });
  await refusalOf(server.call({ path: 'leasing/creds/a', token: 'hvs.stolen' }));
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const kinds = lines.slice(-4).map((line) => [line.type, line.request.path, line.error ?? '']);
  assert.deepEqual(kinds, [
    ['request', 'leasing/item/a', ''],
    ['response', 'leasing/item/a', ''],
    ['request', 'leasing/creds/a', 'permission denied'],
    ['response', 'leasing/creds/a', 'permission denied'],
  ]);
  const text = readFileSync(file, 'utf8');
  for (const secret of ['marzipan', 'hvs.stolen', 'root-of-the-test']) {
    assert.ok(!text.includes(secret), secret);
  }
});

test('when no audit device takes the record nothing happens', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const server = await openTestServer();
  const spec = {
    type: 'file',
    description: '',
    options: { file_path: '/dev/full', skip_test: 'true' },
    local: false,
  };
  await server.active.audit.enable('file/', spec, server.now);
  const write = { operation: 'update', path: 'leasing/item/a', body: { value: 1 } } as const;
  assert.equal(await refusalOf(server.call(write)), 'audit-failed');
  const { entries } = await server.active.mounts.table.current();
  const uuid = entries.find((entry) => entry.path === 'leasing/')?.uuid;
  assert.equal(await server.active.view(`logical/${uuid}/`).get('a'), null);
});

test('a storage fault during the existence check does not turn a creation into an update', async () => {
  class FaultyEngine extends MemoryEngine {
    failing = '';
    override get(at: string | Place): ReturnType<MemoryEngine['get']> {
      if (this.failing !== '' && keyAt(at).endsWith(this.failing)) throw new Error('disk is away');
      return super.get(at);
    }
  }
  const engine = new FaultyEngine();
  const server = await openTestServer(engine);
  await withPolicy(server, 'guest', GUEST);
  const token = await login(server);
  const write = {
    operation: 'update',
    path: 'leasing/item/new',
    token,
    body: { value: 1 },
  } as const;
  assert.equal(await refusalOf(server.call(write)), 'capability-missing');
  engine.failing = '/new';
  await assert.rejects(server.call(write), /disk is away/);
});

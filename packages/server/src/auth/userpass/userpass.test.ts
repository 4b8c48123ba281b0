// Logging in with a name and a password, and every way in which that must not work.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Backend, Operation, Request, Response } from '../../framework/backend.js';
import type { RawField } from '../../framework/field.js';
import { RawJson } from '../../framework/json/value.js';
import { DEFAULT_LOCKOUT } from '../../framework/lockout.js';
import { MemoryStorage } from '../../framework/testing/memory-storage.js';
import { userpassFactory } from './backend.js';

const NOW = 1_700_000_000_000;
const COST = { costLog2: 4, blockSize: 8, parallelization: 1 };
const MOUNT = {
  path: 'auth/userpass/',
  uuid: 'm1',
  accessor: 'auth_userpass_1',
  type: 'userpass',
  options: {},
  defaultLeaseTtlSeconds: 3600,
  maxLeaseTtlSeconds: 7200,
};

let storage: MemoryStorage;
let backend: Backend;
let owned: Uint8Array[];

interface Call {
  readonly now?: number;
  readonly remoteAddress?: string;
}

async function call(
  operation: Operation,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
  { now = NOW, remoteAddress = '10.0.0.1' }: Call = {},
): Promise<Response | null> {
  const request: Request = {
    id: 'r',
    operation,
    path,
    mount: MOUNT,
    storage,
    now,
    caller: null,
    connection: { remoteAddress, remotePort: 1, tls: null },
    own: (bytes) => {
      owned.push(bytes);
      return bytes;
    },
  };
  for (const declared of backend.paths) {
    const parameters = declared.match(path);
    if (parameters === null) continue;
    const raw = new Map<string, RawField>();
    for (const [name, value] of Object.entries(body)) {
      raw.set(name, { kind: 'json', value: new RawJson(Buffer.from(JSON.stringify(value))) });
    }
    for (const [name, value] of Object.entries(parameters)) raw.set(name, { kind: 'text', value });
    return await declared.handle(request, raw);
  }
  throw new Error(`no path for ${path}`);
}

const login = (name: string, password: string, options: Call = {}): Promise<Response | null> =>
  call('update', `login/${name}`, { password }, options);

const REFUSED = { message: 'invalid username or password', kind: 'invalid-request' };
const LOCKED = { message: 'permission denied', kind: 'permission-denied' };

beforeEach(async () => {
  storage = new MemoryStorage();
  owned = [];
  const factory = userpassFactory({ cost: COST, lockout: DEFAULT_LOCKOUT });
  backend = await factory({ storage, mount: MOUNT, log: () => {} });
  const body = { password: 'open sesame', token_policies: 'dev', token_ttl: '10m' };
  await call('create', 'users/ann', body);
});

test('the right password gives the user’s policies under its one name', async () => {
  const auth = (await login('Ann', 'open sesame'))?.auth;
  assert.deepEqual(auth?.policies, ['dev']);
  assert.equal(auth?.ttlSeconds, 600);
  assert.equal(auth?.aliasName, 'ann');
  assert.equal(auth?.displayName, 'ann');
  assert.deepEqual(auth?.metadata, { username: 'ann' });
  assert.deepEqual(auth?.internal, { username: 'ann' });
});

const refusals: readonly [string, string, Record<string, unknown>, object][] = [
  ['a wrong password', 'login/ann', { password: 'open' }, REFUSED],
  ['a password with more behind it', 'login/ann', { password: 'open sesame ' }, REFUSED],
  ['a password in other letters', 'login/ann', { password: 'Open Sesame' }, REFUSED],
  ['an unknown user', 'login/bob', { password: 'open sesame' }, REFUSED],
  ['a name nobody can have', 'login/a*n', { password: 'open sesame' }, REFUSED],
  ['a name with a letter that folds to ASCII', 'login/an\u212a', { password: 'x' }, REFUSED],
  ['a password longer than any', 'login/ann', { password: 'x'.repeat(1025) }, REFUSED],
  ['no password', 'login/ann', {}, { message: 'missing password' }],
  ['an empty password', 'login/ann', { password: '' }, { message: 'missing password' }],
  ['a password that is not text', 'login/ann', { password: 7 }, { code: 'field-invalid' }],
];
for (const [name, path, body, error] of refusals) {
  test(`refuses ${name}`, async () => {
    await assert.rejects(call('update', path, body), error);
  });
}

test('five failures lock the name in every spelling, and the right password too', async () => {
  for (const spelling of ['ann', 'ANN', ' ann', 'Ann ', 'aNn']) {
    await assert.rejects(login(spelling, 'wrong'), REFUSED);
  }
  for (const spelling of ['ann', 'ANN ', ' Ann']) {
    await assert.rejects(login(spelling, 'open sesame'), LOCKED);
  }
  const later = { now: NOW + 900_000 };
  assert.notEqual((await login('ann', 'open sesame', later))?.auth, undefined);
});

test('an unknown name locks like a known one', async () => {
  for (let i = 0; i < 5; i += 1) await assert.rejects(login('ghost', 'wrong'), REFUSED);
  await assert.rejects(login('ghost', 'wrong'), LOCKED);
});

test('a success sets the count back', async () => {
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 4; i += 1) await assert.rejects(login('ann', 'wrong'), REFUSED);
    await login('ann', 'open sesame');
  }
});

test('of thirty parallel guesses only those before the lock are tried', async () => {
  const guesses = Array.from({ length: 29 }, () => login('ann', 'wrong'));
  guesses.push(login('ann', 'open sesame'));
  const results = await Promise.allSettled(guesses);
  const codes = results.map((result) =>
    result.status === 'fulfilled' ? 'in' : (result.reason as { code: string }).code,
  );
  assert.equal(codes.includes('in'), false, 'the right guess came too late');
  assert.ok(codes.filter((code) => code === 'login-refused').length <= 7);
  await assert.rejects(login('ann', 'open sesame'), LOCKED);
});

test('an unknown user is compared with a decoy, which the request does not wipe', async () => {
  const before = owned.length;
  await assert.rejects(login('bob', 'open sesame'), REFUSED);
  assert.equal(owned.length - before, 1, 'the password; the decoy is not the request’s');
  await assert.rejects(login('ann', 'wrong'), REFUSED);
  assert.equal(owned.length - before, 3, 'the password and the stored record');
});

test('bound addresses hold for login and token', async () => {
  await call('update', 'users/ann', { token_bound_cidrs: '10.0.0.0/8' });
  const inside = await login('ann', 'open sesame');
  assert.deepEqual(inside?.auth?.boundCidrs, ['10.0.0.0/8']);
  const outside = { remoteAddress: '192.0.2.1' };
  await assert.rejects(login('ann', 'open sesame', outside), LOCKED);
  await assert.rejects(login('ann', 'wrong', outside), REFUSED);
});

test('neither password nor record is ever read back', async () => {
  const data = (await call('read', 'users/ann'))?.data;
  assert.deepEqual(
    Object.keys(data ?? {}).filter((key) => key.includes('password')),
    [],
  );
  assert.equal(data?.token_ttl, 600);
  assert.deepEqual(data?.token_policies, ['dev']);
  assert.equal(storage.dump().includes('open sesame'), false);
});

test('what passes through a login is owned by the request, which wipes it', async () => {
  owned = [];
  await login('ann', 'open sesame');
  assert.ok(owned.some((bytes) => Buffer.from(bytes).toString() === 'open sesame'));
});

test('two users with one password have different records', async () => {
  await call('create', 'users/bob', { password: 'open sesame' });
  const [one, two] = await storage.getMany(['passwords/ann', 'passwords/bob']);
  assert.notDeepEqual(one?.value.subarray(4), two?.value.subarray(4));
});

const writes: readonly [string, string, Record<string, unknown>, object][] = [
  ['a user without password', 'users/bob', {}, { message: 'missing password' }],
  ['a name with a slash in disguise', 'users/..', { password: 'x' }, { kind: 'invalid-request' }],
  [
    'a name of 129 characters',
    `users/${'a'.repeat(129)}`,
    { password: 'x' },
    { kind: 'invalid-request' },
  ],
  [
    'a hash made elsewhere',
    'users/bob',
    { password_hash: '$2b$10$x' },
    { code: 'password-hash-unsupported' },
  ],
  [
    'a password beyond the limit',
    'users/bob',
    { password: 'x'.repeat(1025) },
    { kind: 'invalid-request' },
  ],
  [
    'limits that make no sense',
    'users/ann',
    { token_ttl: 9, token_max_ttl: 3 },
    { kind: 'invalid-request' },
  ],
  [
    'a password for nobody',
    'users/bob/password',
    { password: 'x' },
    { message: 'username does not exist' },
  ],
  [
    'policies for nobody',
    'users/bob/policies',
    { policies: 'x' },
    { message: 'username does not exist' },
  ],
  [
    'an empty new password',
    'users/ann/password',
    { password: '' },
    { message: 'missing password' },
  ],
];
for (const [name, path, body, error] of writes) {
  test(`does not store ${name}`, async () => {
    const before = storage.dump();
    await assert.rejects(call('update', path, body), error);
    assert.deepEqual(storage.dump(), before);
  });
}

test('a new password replaces the old one', async () => {
  await call('update', 'users/ANN/password', { password: 'new one' });
  await assert.rejects(login('ann', 'open sesame'), REFUSED);
  assert.deepEqual((await login('ann', 'new one'))?.auth?.policies, ['dev']);
});

test('policies are replaced, by either name, and the rest stays', async () => {
  await call('update', 'users/ann/policies', { policies: 'ops, Dev' });
  assert.deepEqual((await login('ann', 'open sesame'))?.auth?.policies, ['dev', 'ops']);
  await call('update', 'users/ann/policies', { token_policies: [] });
  const auth = (await login('ann', 'open sesame'))?.auth;
  assert.deepEqual(auth?.policies, []);
  assert.equal(auth?.ttlSeconds, 600);
});

test('a list holds every user, in pages if the client wants it so', async () => {
  const names = Array.from({ length: 12_000 }, (_, n) => `u${String(n).padStart(5, '0')}`);
  const value = Buffer.from('{"params":{}}');
  const writes = names.map((name) => ({ put: `users/${name}`, value }));
  await storage.commit(writes, []);
  assert.deepEqual((await call('list', 'users/'))?.data, { keys: ['ann', ...names] });
  const page = await call('list', 'users/', { after: 'u00007', limit: 2 });
  assert.deepEqual(page?.data, { keys: ['u00008', 'u00009'] });
});

test('users are listed and deleted, password and all', async () => {
  await call('create', 'users/Bob', { password: 'x' });
  assert.deepEqual((await call('list', 'users/'))?.data, { keys: ['ann', 'bob'] });
  await call('delete', 'users/ANN');
  await call('delete', 'users/bob');
  assert.equal(await call('list', 'users/'), null);
  assert.equal(await call('read', 'users/ann'), null);
  assert.deepEqual(storage.keys(), []);
  await assert.rejects(login('ann', 'open sesame'), REFUSED);
});

test('a renewal takes the user as it is now, and nothing when it is gone', async () => {
  const event = {
    storage,
    mount: MOUNT,
    now: NOW,
    internal: { username: 'ann' },
    path: 'auth/userpass/login/ann',
    incrementSeconds: 0,
    issuedAt: NOW,
  };
  await call('update', 'users/ann', { token_ttl: '5m' });
  assert.deepEqual(await backend.renewAuth?.(event), {
    ttlSeconds: 300,
    maxTtlSeconds: 0,
    periodSeconds: 0,
    policies: ['dev'],
  });
  await call('delete', 'users/ann');
  await assert.rejects(backend.renewAuth!(event), { code: 'user-unknown' });
});

test('a damaged password record is tampering, not a wrong password', async () => {
  await storage.commit([{ put: 'passwords/ann', value: Buffer.alloc(52) }], []);
  await assert.rejects(login('ann', 'open sesame'), { name: 'TamperingError' });
});

// Rate limits from outside: what can be set, what is refused, and who is held back before anything is read.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type CallOptions, type Reply, startServer, type TestServer } from './testing/server.js';

let server: TestServer;
let operators = 0;

/** From another address each time unless told otherwise, so that nothing counts these. */
function call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
  operators += 1;
  const from = `10.0.${operators >> 8}.${operators & 255}`;
  return server.call(method, path, { from, ...options });
}

async function put(name: string, body: unknown): Promise<void> {
  const reply = await call('PUT', `sys/quotas/rate-limit/${name}`, { body });
  assert.equal(reply.status, 204, reply.text);
}

/** Statuses of calls of one client, one after the other. */
async function statuses(paths: readonly string[], options: CallOptions = {}): Promise<number[]> {
  const found: number[] = [];
  for (const path of paths) {
    const asked = { token: null, from: '192.0.2.7', ...options };
    found.push((await call(options.body === undefined ? 'GET' : 'PUT', path, asked)).status);
  }
  return found;
}

const twice = (path: string): string[] => [path, path];

describe('sys/quotas', () => {
  before(async () => {
    server = await startServer();
    await call('PUT', 'sys/mounts/kv', { body: { type: 'kv' } });
    await call('PUT', 'sys/auth/userpass', { body: { type: 'userpass' } });
    await call('PUT', 'sys/auth/attest', { body: { type: 'attest' } });
  });
  after(() => server.close());
  beforeEach(() => {
    server.now += 3_600_000;
  });
  afterEach(async () => {
    for (const name of (await call('LIST', 'sys/quotas/rate-limit')).json.data?.keys ?? []) {
      assert.equal((await call('DELETE', `sys/quotas/rate-limit/${name}`)).status, 204);
    }
    const body = {
      rate_limit_exempt_paths: ['sys/health'],
      enable_rate_limit_response_headers: false,
      enable_rate_limit_audit_logging: false,
    };
    assert.equal((await call('PUT', 'sys/quotas/config', { body })).status, 204);
  });

  it('shows a quota as it was written, in seconds', async () => {
    const body = { path: 'kv', rate: '12.5', interval: '2m', block_interval: '1h' };
    await put('mine', body);
    const { data } = (await call('GET', 'sys/quotas/rate-limit/mine')).json;
    assert.deepEqual(data, {
      type: 'rate-limit',
      name: 'mine',
      path: 'kv/',
      role: '',
      rate: 12.5,
      interval: 120,
      block_interval: 3600,
      inheritable: false,
    });
    await put('mine', { rate: 1 });
    const again = (await call('GET', 'sys/quotas/rate-limit/mine')).json.data;
    const { path, interval, inheritable } = again;
    assert.deepEqual([path, interval, inheritable], ['', 1, true]);
    const { keys } = (await call('LIST', 'sys/quotas/rate-limit')).json.data;
    assert.deepEqual(keys, ['mine']);
  });

  it('answers 404 for a quota that is not there, and for an empty list', async () => {
    assert.equal((await call('GET', 'sys/quotas/rate-limit/none')).status, 404);
    assert.equal((await call('LIST', 'sys/quotas/rate-limit')).status, 404);
  });

  for (const [what, body, text] of [
    ['no rate', {}, "'rate' is invalid"],
    ['a rate of nothing', { rate: 0 }, "'rate' is invalid"],
    ['a negative rate', { rate: -1 }, "'rate' is invalid"],
    ['a block that is no duration', { rate: 1, block_interval: 'long' }, null],
    ['a mount that is not there', { rate: 1, path: 'gone/' }, 'invalid mount path "gone/"'],
    ['a beginning above a mount', { rate: 1, path: 'kv*' }, 'invalid mount path "kv*"'],
    ['a path with control characters', { rate: 1, path: 'kv/a\nb' }, "'path' is invalid"],
    ['a role without a mount', { rate: 1, role: 'r' }, "'role' needs the path of an auth mount"],
    ['a role of a secrets engine', { rate: 1, path: 'kv/', role: 'r' }, null],
    ['a role below a mount', { rate: 1, path: 'auth/userpass/login', role: 'r' }, null],
    ['lease counts', { rate: 1, type: 'lease-count' }, "'type' is invalid"],
    ['grouping by entity', { rate: 1, group_by: 'entity' }, "'group_by' is invalid: want ip"],
    [
      'a global one not inherited',
      { rate: 1, inheritable: false },
      'all global quotas must be inheritable',
    ],
    [
      'an inherited one of a mount',
      { rate: 1, path: 'kv/', inheritable: true },
      'only namespace quotas can be configured as inheritable',
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const reply = await call('PUT', 'sys/quotas/rate-limit/bad', { body });
      assert.equal(reply.status, 400, reply.text);
      if (text !== null) assert.deepEqual(reply.json.errors, [text]);
      assert.equal((await call('GET', 'sys/quotas/rate-limit/bad')).status, 404);
    });
  }

  it('refuses a second quota for the same', async () => {
    await put('one', { path: 'kv', rate: 5 });
    const body = { path: 'kv/', rate: 9 };
    const reply = await call('PUT', 'sys/quotas/rate-limit/two', { body });
    assert.equal(reply.status, 400);
    assert.match(reply.json.errors[0], /similar properties exists under the name "one"/);
    await put('one', body);
  });

  it('wants a token that may, for each of its paths', async () => {
    for (const [method, path] of [
      ['GET', 'sys/quotas/config'],
      ['PUT', 'sys/quotas/config'],
      ['LIST', 'sys/quotas/rate-limit'],
      ['PUT', 'sys/quotas/rate-limit/a'],
      ['DELETE', 'sys/quotas/rate-limit/a'],
    ] as const) {
      const token = await server.tokenWith('path "kv/*" { capabilities = ["read"] }');
      assert.equal((await call(method, path, { token, body: { rate: 1 } })).status, 403, path);
      assert.equal((await call(method, path, { token: null })).status, 403, path);
    }
  });

  it('holds callers without a token back, in Vault’s words, and each address for itself', async () => {
    await put('all', { rate: 2, interval: 60 });
    const path = 'kv/a';
    assert.deepEqual(await statuses([path, path, path]), [403, 403, 429]);
    assert.deepEqual(await statuses([path], { from: '192.0.2.8' }), [403]);
    const reply = await call('GET', path, { token: null, from: '192.0.2.7' });
    const errors = ['request path "kv/a": rate limit quota exceeded'];
    assert.deepEqual(reply.json, { errors });
    assert.doesNotMatch(reply.fields, /ratelimit|retry-after/i);
    server.now += 60_000;
    assert.deepEqual(await statuses([path]), [403]);
  });

  it('refuses before it reads a body, however broken that is', async () => {
    await put('all', { rate: 1, interval: 60 });
    assert.deepEqual(await statuses(['kv/a', 'kv/a'], { body: 'no object' }), [400, 429]);
  });

  it('counts good tokens like everybody, and never exempt paths', async () => {
    await put('all', { rate: 1, interval: 60 });
    const token = server.rootToken;
    assert.deepEqual(await statuses(twice('sys/mounts'), { token }), [200, 429]);
    assert.deepEqual(await statuses(twice('sys/health'), { token }), [200, 200]);
  });

  it('lets the most specific quota count alone', async () => {
    await put('all', { rate: 1, interval: 60 });
    await put('mount', { rate: 2, interval: 60, path: 'kv' });
    await put('begin', { rate: 3, interval: 60, path: 'kv/b/*' });
    assert.deepEqual(
      await statuses(['kv/b/1', 'kv/b/2', 'kv/b/3', 'kv/b/4']),
      [403, 403, 403, 429],
    );
    assert.deepEqual(await statuses(['kv/a', 'kv/c', 'kv/a']), [403, 403, 429]);
    assert.deepEqual(await statuses(twice('sys/mounts')), [403, 429]);
  });

  it('counts logins of a role under its quota, wherever the role is said', async () => {
    await put('mount', { rate: 1, interval: 60, path: 'auth/userpass' });
    await put('ann', { rate: 2, interval: 60, path: 'auth/userpass', role: 'ann' });
    const body = { password: 'x' };
    const at = (name: string): string => `auth/userpass/login/${name}`;
    assert.deepEqual(await statuses([at('ann'), at('ann'), at('ann')], { body }), [400, 400, 429]);
    assert.deepEqual(await statuses(twice(at('bob')), { body }), [400, 429]);
    await put('web', { rate: 1, interval: 60, path: 'auth/attest', role: 'web' });
    await put('rest', { rate: 2, interval: 60, path: 'auth/attest' });
    const login = twice('auth/attest/challenge');
    assert.deepEqual(await statuses(login, { body: { role: 'web' } }), [200, 429]);
    assert.deepEqual(await statuses(login, { body: { role: 'other' } }), [200, 200]);
    assert.deepEqual(await statuses(login, { body: 'no object' }), [429, 429]);
  });

  it('counts a role in whatever spelling under the quota of that role', async () => {
    await put('ann', { rate: 1, interval: 60, path: 'auth/userpass', role: 'Ann' });
    const at = (name: string): string => `auth/userpass/login/${name}`;
    const body = { password: 'x' };
    const names = ['ann', 'ANN', 'aNn', '%20ann', 'ann%20'].map(at);
    assert.deepEqual(await statuses(names, { body }), [400, 429, 429, 429, 429]);
    await put('web', { rate: 1, interval: 60, path: 'auth/attest', role: 'web' });
    const login = twice('auth/attest/challenge');
    assert.deepEqual(await statuses(login, { body: { role: 'Web' } }), [200, 429]);
    assert.deepEqual(await statuses(login, { body: { role: 'WEB' } }), [429, 429]);
  });

  it('counts an IPv6 client by its /64, and every address however it is written', async () => {
    await put('all', { rate: 1, interval: 60 });
    for (const [first, again] of [
      ['2001:db8::1', '2001:0DB8:0:0::1'],
      ['2001:db8:0:1::1', '2001:db8:0:1:ffff::9'],
      ['198.51.100.1', '::ffff:198.51.100.1'],
      ['198.51.100.2', '::ffff:c633:6402'],
      ['fe80::1', 'fe80::1%eth0'],
    ] as const) {
      assert.deepEqual(await statuses(['kv/a'], { from: first }), [403], first);
      assert.deepEqual(await statuses(['kv/a'], { from: again }), [429], again);
    }
  });

  it('blocks for as long as it says', async () => {
    await put('all', { rate: 1, interval: 1, block_interval: 300 });
    assert.deepEqual(await statuses(twice('kv/a')), [403, 429]);
    server.now += 299_000;
    assert.deepEqual(await statuses(['kv/a']), [429]);
    server.now += 1_000;
    assert.deepEqual(await statuses(['kv/a']), [403]);
  });

  it('tells limits in headers where that is configured', async () => {
    await call('PUT', 'sys/quotas/config', { body: { enable_rate_limit_response_headers: true } });
    await put('all', { rate: 2, interval: 60 });
    const asked = { token: null, from: '192.0.2.9' };
    const first = await call('GET', 'kv/a', asked);
    assert.match(first.fields, /X-Ratelimit-Limit: 2\r\nX-Ratelimit-Remaining: 1\r\n/);
    assert.doesNotMatch(first.fields, /Retry-After/);
    await call('GET', 'kv/a', asked);
    server.now += 30_000;
    const over = await call('GET', 'kv/a', asked);
    assert.equal(over.status, 429);
    assert.match(over.fields, /Remaining: 0\r\nX-Ratelimit-Reset: 30\r\nRetry-After: 30\r\n/);
  });

  it('puts refused requests on record where that is configured, without what they carried', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'quota-'));
    t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, 'audit.log');
    const device = { type: 'file', options: { file_path: file } };
    assert.equal((await call('PUT', 'sys/audit/quota', { body: device })).status, 204);
    await put('all', { rate: 1, interval: 60 });
    const refused = async (): Promise<number> => {
      const log = await readFile(file, 'utf8');
      assert(!log.includes('hunter2'));
      return log.split('quota exceeded').length - 1;
    };
    const body = { secret: 'hunter2' };
    assert.deepEqual(await statuses(twice('kv/a'), { body }), [403, 429]);
    assert.equal(await refused(), 0);
    await call('PUT', 'sys/quotas/config', { body: { enable_rate_limit_audit_logging: true } });
    assert.deepEqual(await statuses(twice('kv/a'), { body }), [429, 429]);
    assert.equal(await refused(), 2);
    assert.equal((await call('DELETE', 'sys/audit/quota')).status, 204);
  });

  it('keeps its settings, those not given as they are, and refuses what is none', async () => {
    const exempt = ['sys/health', 'kv/open/*'];
    await call('PUT', 'sys/quotas/config', { body: { rate_limit_exempt_paths: exempt } });
    await call('PUT', 'sys/quotas/config', { body: { enable_rate_limit_audit_logging: true } });
    const { data } = (await call('GET', 'sys/quotas/config')).json;
    assert.deepEqual(data.rate_limit_exempt_paths, exempt);
    assert.equal(data.enable_rate_limit_audit_logging, true);
    for (const paths of [['a\nb'], Array.from({ length: 257 }, (_, at) => `p${at}`), [{}]]) {
      const body = { rate_limit_exempt_paths: paths };
      assert.equal((await call('PUT', 'sys/quotas/config', { body })).status, 400);
    }
    await put('all', { rate: 1, interval: 60 });
    assert.deepEqual(await statuses(twice('kv/open/a')), [403, 403]);
  });

  it('goes where its mount goes, and ends with it', async () => {
    await call('PUT', 'sys/mounts/old', { body: { type: 'kv' } });
    await put('mount', { path: 'old/', rate: 1 });
    await put('below', { path: 'old/a', rate: 1 });
    const pathOf = async (name: string): Promise<string> =>
      (await call('GET', `sys/quotas/rate-limit/${name}`)).json.data?.path;
    await call('PUT', 'sys/remount', { body: { from: 'old', to: 'new' } });
    assert.deepEqual([await pathOf('mount'), await pathOf('below')], ['new/', 'new/a']);
    await call('DELETE', 'sys/mounts/new');
    assert.equal((await call('LIST', 'sys/quotas/rate-limit')).status, 404);
  });
});

describe('sys/quotas over a restart', () => {
  it('counts again once unsealed, and never stands in the way of unsealing', async () => {
    server = await startServer();
    await put('all', { rate: 1, interval: 60 });
    await server.assembly.seal();
    assert.deepEqual(await statuses(twice('sys/mounts')), [503, 503]);
    await server.unseal();
    assert.deepEqual(await statuses(twice('sys/mounts')), [403, 429]);
    await server.close();
  });
});

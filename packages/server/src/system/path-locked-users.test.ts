// Who is locked out after failed logins, who may let them in again, and what an operator can say of it per mount.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type TestServer } from './testing/server.js';

const MINUTE = 60_000;
const TUNE = 'sys/auth/userpass/tune';
let server: TestServer;
let accessor = '';

async function login(name: string, password: string, mount = 'userpass'): Promise<number> {
  const options = { token: null, body: { password } };
  return (await server.call('PUT', `auth/${mount}/login/${name}`, options)).status;
}

async function fail(name: string, times: number, mount = 'userpass'): Promise<void> {
  for (let at = 0; at < times; at += 1) assert.equal(await login(name, 'wrong', mount), 400);
}

async function lockedNames(query = ''): Promise<readonly unknown[]> {
  const { data } = (await server.call('GET', `sys/locked-users${query}`)).json;
  const mounts = data.by_namespace[0]?.mount_accessors ?? [];
  return mounts.flatMap((each: { alias_identifiers: string[] }) => each.alias_identifiers);
}

async function unlock(name: string, at = accessor): Promise<number> {
  return (await server.call('PUT', `sys/locked-users/${at}/unlock/${name}`)).status;
}

async function tune(config: unknown): Promise<void> {
  const reply = await server.call('PUT', TUNE, { body: { user_lockout_config: config } });
  assert.equal(reply.status, 204, reply.text);
}

describe('sys/locked-users', () => {
  before(async () => {
    server = await startServer();
    for (const mount of ['userpass', 'second']) {
      await server.call('PUT', `sys/auth/${mount}`, { body: { type: 'userpass' } });
      const user = `auth/${mount}/users/ann`;
      await server.call('PUT', user, { body: { password: 'open sesame' } });
    }
    accessor = (await server.call('GET', 'sys/auth')).json['userpass/'].accessor;
  });
  after(() => server.close());

  it('shows nobody while nobody is locked', async () => {
    await fail('ann', 4);
    assert.equal(await login('ann', 'open sesame'), 200);
    const { data } = (await server.call('GET', 'sys/locked-users')).json;
    assert.deepEqual(data, { by_namespace: [], total: 0 });
  });

  it('shows who is locked, however the name was written, those who are no users too', async () => {
    await fail('Ann', 5);
    await fail('nobody', 5);
    const { data } = (await server.call('GET', 'sys/locked-users')).json;
    const locked = { mount_accessor: accessor, counts: 2, alias_identifiers: ['ann', 'nobody'] };
    const root = { namespace_id: 'root', namespace_path: '', counts: 2, mount_accessors: [locked] };
    assert.deepEqual(data, { by_namespace: [root], total: 2 });
    assert.deepEqual(await lockedNames(`?mount_accessor=${accessor}`), ['ann', 'nobody']);
    assert.deepEqual(await lockedNames('?mount_accessor=auth_userpass_00000000'), []);
    assert.equal(await login('ann', 'open sesame'), 403);
    assert.equal(await login('ann', 'open sesame', 'second'), 200);
  });

  it('lets a user in again at that mount, in any spelling, and does not mind who is not locked', async () => {
    assert.equal(await unlock('ANN'), 204);
    assert.equal(await login('ann', 'open sesame'), 200);
    assert.deepEqual(await lockedNames(), ['nobody']);
    assert.equal(await unlock('bob'), 204);
    assert.equal(await unlock('no..user%20at+all'), 204);
    assert.equal(await unlock('nobody'), 204);
    assert.deepEqual(await lockedNames(), []);
  });

  it('refuses accessors of nothing, and of what locks nobody', async () => {
    const auth = (await server.call('GET', 'sys/auth')).json;
    const mounts = (await server.call('GET', 'sys/mounts')).json;
    for (const at of ['x', auth['token/'].accessor, mounts['cubbyhole/'].accessor, '%20']) {
      assert.equal(await unlock('ann', at), 400, at);
    }
  });

  it('wants a token that may', async () => {
    const token = await server.tokenWith('path "auth/*" { capabilities = ["update", "read"] }');
    const path = `sys/locked-users/${accessor}/unlock/ann`;
    for (const asked of [token, null, 'hvs.none']) {
      assert.equal((await server.call('GET', 'sys/locked-users', { token: asked })).status, 403);
      assert.equal((await server.call('PUT', path, { token: asked })).status, 403);
    }
  });

  it('counts as the mount says, and shows what it says', async () => {
    await tune({
      lockout_threshold: '2',
      lockout_duration: '1h',
      lockout_counter_reset_duration: 60,
    });
    const tuned = (await server.call('GET', TUNE)).json.data;
    assert.equal(tuned.user_lockout_threshold, 2);
    assert.equal(tuned.user_lockout_duration, 3600);
    assert.equal(tuned.user_lockout_counter_reset_duration, 60);
    assert.equal(tuned.user_lockout_disable, false);
    const { config } = (await server.call('GET', 'sys/auth')).json['userpass/'];
    assert.equal(config.user_lockout_config.lockout_threshold, 2);
    await fail('ann', 1);
    server.now += MINUTE;
    await fail('ann', 2);
    server.now += 59 * MINUTE;
    assert.equal(await login('ann', 'open sesame'), 403);
    server.now += MINUTE;
    assert.equal(await login('ann', 'open sesame'), 200);
  });

  it('keeps what a change leaves out, and takes 0 for what was never said', async () => {
    await tune({ lockout_threshold: 4 });
    const kept = (await server.call('GET', TUNE)).json.data;
    assert.deepEqual([kept.user_lockout_threshold, kept.user_lockout_duration], [4, 3600]);
    await tune({ lockout_threshold: 0, lockout_duration: '0s' });
    await fail('ann', 5);
    assert.equal(await login('ann', 'open sesame'), 403);
    server.now += 15 * MINUTE;
    assert.equal(await login('ann', 'open sesame'), 200);
  });

  it('locks nobody where it is disabled, and keeps doing so over a restart', async () => {
    await tune({ lockout_disable: true });
    await server.assembly.seal();
    await server.unseal();
    await fail('ann', 6);
    assert.deepEqual(await lockedNames(), []);
    assert.equal(await login('ann', 'open sesame'), 200);
  });

  for (const [what, config] of [
    ['a threshold that is no number', { lockout_threshold: 'five' }],
    ['a negative threshold', { lockout_threshold: -1 }],
    ['a duration that is none', { lockout_duration: 'a while' }],
    ['a reset of a thousand years', { lockout_counter_reset_duration: '9000000h' }],
    ['a word that is neither true nor false', { lockout_disable: 'maybe' }],
    ['what is unknown', { lockout_treshold: 3 }],
    ['a list', ['lockout_disable']],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const body = { user_lockout_config: config };
      assert.equal((await server.call('PUT', TUNE, { body })).status, 400);
    });
  }

  it('refuses mounts that lock nobody, in Vault’s words, also when they are enabled', async () => {
    const user_lockout_config = { lockout_threshold: 3 };
    const tuned = await server.call('PUT', 'sys/auth/token/tune', {
      body: { user_lockout_config },
    });
    const text = 'tuning of user lockout configuration for auth type "token" not allowed';
    assert.deepEqual([tuned.status, tuned.json.errors], [400, [text]]);
    const body = { type: 'kv', config: { user_lockout_config } };
    assert.equal((await server.call('PUT', 'sys/mounts/kv', { body })).status, 400);
    assert.equal((await server.call('GET', 'sys/mounts/kv')).status, 400);
    const again = { type: 'userpass', config: { user_lockout_config } };
    assert.equal((await server.call('PUT', 'sys/auth/third', { body: again })).status, 204);
    const { data } = (await server.call('GET', 'sys/auth/third/tune')).json;
    assert.equal(data.user_lockout_threshold, 3);
  });
});

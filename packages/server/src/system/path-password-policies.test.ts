// Password policies, the log's level and what a raft cluster would answer, from outside.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type TestServer } from './testing/server.js';

const POLICY = 'length = 12\nrule "charset" { charset = "ab\\"" min-chars = 1 }';
const AT = 'sys/policies/password';
let server: TestServer;

before(async () => {
  server = await startServer();
});
after(() => server.close());

describe('sys/policies/password', () => {
  it('keeps a policy as it was written, shows, lists, uses and deletes it', async () => {
    assert.equal((await server.call('LIST', AT)).status, 404);
    assert.equal(
      (await server.call('PUT', `${AT}/mine`, { body: { policy: POLICY } })).status,
      204,
    );
    const coded = { policy: Buffer.from(POLICY).toString('base64') };
    assert.equal((await server.call('PUT', `${AT}/coded`, { body: coded })).status, 204);
    assert.deepEqual((await server.call('LIST', AT)).json.data, { keys: ['coded', 'mine'] });
    for (const name of ['mine', 'coded']) {
      assert.deepEqual((await server.call('GET', `${AT}/${name}`)).json.data, { policy: POLICY });
      const made = (await server.call('GET', `${AT}/${name}/generate`)).json.data.password;
      assert.match(made, /^[ab"]{12}$/);
    }
    assert.equal((await server.call('DELETE', `${AT}/mine`)).status, 204);
    assert.equal((await server.call('DELETE', `${AT}/mine`)).status, 204);
    assert.equal((await server.call('GET', `${AT}/mine`)).status, 404);
  });

  it('has no password of a policy that is not there', async () => {
    const reply = await server.call('GET', `${AT}/none/generate`);
    assert.deepEqual([reply.status, reply.json.errors], [404, ['policy does not exist']]);
  });

  for (const [what, name, policy] of [
    ['no text', 'bad', undefined],
    ['a text that is none', 'bad', 'length'],
    [
      'a policy that nothing meets',
      'bad',
      'length = 4 rule "charset" { charset = "a" min-chars = 5 }',
    ],
    ['a text that is too large', 'bad', `length = 9 # ${'x'.repeat(200_000)}`],
    ['a name with a space', 'a%20b', POLICY],
    ['a name of dots', '...', POLICY],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const reply = await server.call('PUT', `${AT}/${name}`, { body: { policy } });
      assert.equal(reply.status, 400, reply.text);
      assert.notEqual((await server.call('GET', `${AT}/${name}`)).status, 200);
    });
  }

  it('wants a token that may: an ACL policy’s name gives nothing', async () => {
    const token = await server.tokenWith('path "sys/policies/acl/*" { capabilities = ["read"] }');
    for (const path of [`${AT}/coded`, `${AT}/coded/generate`]) {
      assert.equal((await server.call('GET', path, { token })).status, 403);
      assert.equal((await server.call('GET', path, { token: null })).status, 403);
    }
    assert.equal((await server.call('PUT', `${AT}/coded`, { token, body: {} })).status, 403);
  });
});

describe('sys/loggers', () => {
  it('changes the level until it is taken back', async () => {
    const level = async (): Promise<string> =>
      (await server.call('GET', 'sys/loggers')).json.data.vouchsafe;
    assert.equal(await level(), 'info');
    assert.equal(
      (await server.call('PUT', 'sys/loggers', { body: { level: 'Warning' } })).status,
      204,
    );
    assert.equal(await level(), 'warn');
    const named = 'sys/loggers/vouchsafe';
    assert.equal((await server.call('PUT', named, { body: { level: 'trace' } })).status, 204);
    assert.deepEqual((await server.call('GET', named)).json.data, { vouchsafe: 'trace' });
    assert.equal((await server.call('DELETE', 'sys/loggers')).status, 204);
    assert.equal(await level(), 'info');
  });

  it('refuses levels and loggers that are none', async () => {
    for (const [path, body, status] of [
      ['sys/loggers', {}, 400],
      ['sys/loggers', { level: 'loud' }, 400],
      ['sys/loggers', { level: 'constructor' }, 400],
      ['sys/loggers/other', { level: 'info' }, 404],
    ] as const) {
      assert.equal((await server.call('PUT', path, { body })).status, status);
    }
    assert.equal((await server.call('GET', 'sys/loggers/other')).status, 404);
    assert.equal((await server.call('DELETE', 'sys/loggers', { token: null })).status, 403);
  });
});

describe('sys/storage/raft', () => {
  it('is refused in Vault’s words, to callers who may ask', async () => {
    for (const [method, path] of [
      ['GET', 'configuration'],
      ['PUT', 'join'],
      ['PUT', 'remove-peer'],
      ['GET', 'snapshot'],
      ['PUT', 'snapshot-force'],
      ['GET', 'autopilot/state'],
    ] as const) {
      const reply = await server.call(method, `sys/storage/raft/${path}`, { body: {} });
      assert.deepEqual([reply.status, reply.json.errors], [400, ['raft storage is not in use']]);
      const refused = await server.call(method, `sys/storage/raft/${path}`, { token: null });
      assert.equal(refused.status, 403);
    }
  });
});

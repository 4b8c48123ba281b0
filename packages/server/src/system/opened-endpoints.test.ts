// Root generation and rekeying by holders of key shares without a token: only where the listener opens them, and without
// giving strangers a hold on what others began.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type CallOptions, type Reply, TestServer } from './testing/server.js';

const ROOT = 'sys/generate-root/attempt';
const REKEY = 'sys/rekey/init';
let server: TestServer;

/** As somebody without a token, through a listener that opens both. */
function visit(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
  return server.call(method, path, {
    token: null,
    opened: ['generate-root', 'rekey'],
    ...options,
  });
}

function xor(encoded: string, otp: string): string {
  const bytes = Buffer.from(encoded, 'base64');
  return Buffer.from(bytes.map((byte, at) => byte ^ otp.charCodeAt(at))).toString();
}

describe('endpoints that a listener opens', () => {
  beforeEach(async () => {
    server = new TestServer();
    await server.init(3, 2);
    await server.unseal();
  });
  afterEach(() => server.close());

  it('make a root token for who has lost every other, a stale token notwithstanding', async () => {
    const { nonce, otp } = (await visit('PUT', ROOT, { token: 'hvs.stale', body: {} })).json;
    const update = (key: string | undefined): Promise<Reply> =>
      visit('PUT', 'sys/generate-root/update', { body: { key, nonce } });
    assert.equal((await update(server.keys[0])).json.progress, 1);
    const done = (await update(server.keys[1])).json;
    assert.equal(done.complete, true);
    const token = xor(done.encoded_token, otp);
    const self = await server.call('GET', 'auth/token/lookup-self', { token });
    assert.deepEqual(self.json.data.policies, ['root']);
  });

  it('make other shares', async () => {
    const body = { secret_shares: 1, secret_threshold: 1 };
    const { nonce } = (await visit('PUT', REKEY, { body })).json;
    await visit('PUT', 'sys/rekey/update', { body: { key: server.keys[0], nonce } });
    const last = { key: server.keys[1], nonce };
    const done = (await visit('PUT', 'sys/rekey/update', { body: last })).json;
    assert.deepEqual([done.complete, done.keys.length], [true, 1]);
  });

  it('stay closed through every other listener, and each for itself', async () => {
    for (const [path, other] of [
      [ROOT, 'rekey'],
      ['sys/generate-root/update', 'rekey'],
      [REKEY, 'generate-root'],
      ['sys/rekey/update', 'generate-root'],
      ['sys/rekey/verify', 'generate-root'],
    ] as const) {
      for (const opened of [[], [other]]) {
        for (const method of path.endsWith('update') ? ['PUT'] : ['GET', 'PUT', 'DELETE']) {
          const reply = await visit(method, path, { opened, body: {} });
          assert.equal(reply.status, 403, `${method} ${path}`);
        }
      }
    }
  });

  it('are these and no others', async () => {
    for (const path of [
      'sys/generate-root-token/attempt',
      'sys/rotate/root/init',
      'sys/rekey/backup',
      'sys/rotate/config',
      'sys/mounts',
    ]) {
      assert.equal((await visit('GET', path)).status, 403, path);
    }
    assert.equal((await visit('GET', `${ROOT}?help=1`)).status, 403);
  });

  it('do not tell strangers what others began, and let them cancel nothing', async () => {
    const mine = (await visit('PUT', ROOT, { body: {} })).json;
    const seen = (await visit('GET', ROOT)).json;
    assert.deepEqual([seen.started, seen.nonce, seen.otp], [true, '', '']);
    assert.equal((await visit('PUT', ROOT, { body: {} })).status, 400);
    for (const nonce of [undefined, '', 'guess', mine.nonce.slice(1)]) {
      const reply = await visit('DELETE', nonce === undefined ? ROOT : `${ROOT}?nonce=${nonce}`);
      assert.deepEqual([reply.status, reply.json.errors], [400, ['incorrect nonce supplied']]);
    }
    const body = { key: server.keys[0], nonce: '' };
    assert.equal((await visit('PUT', 'sys/generate-root/update', { body })).status, 400);
    assert.equal((await server.call('GET', ROOT)).json.nonce, mine.nonce);
    assert.equal((await visit('DELETE', `${ROOT}?nonce=${mine.nonce}`)).status, 204);
    assert.equal((await visit('GET', ROOT)).json.started, false);
  });

  it('keep a rekey and its verification from strangers too', async () => {
    const begin = { secret_shares: 1, secret_threshold: 1, require_verification: true };
    const { nonce } = (await server.call('PUT', REKEY, { body: begin })).json;
    assert.equal((await visit('GET', REKEY)).json.nonce, '');
    assert.equal((await visit('DELETE', REKEY)).status, 400);
    for (const key of server.keys.slice(0, 2)) {
      await server.call('PUT', 'sys/rekey/update', { body: { key, nonce } });
    }
    const verification = (await server.call('GET', 'sys/rekey/verify')).json.nonce;
    assert.notEqual(verification, '');
    const status = (await visit('GET', REKEY)).json;
    assert.deepEqual([status.nonce, status.verification_nonce ?? ''], ['', '']);
    assert.equal((await visit('GET', 'sys/rekey/verify')).json.nonce, '');
    for (const path of ['sys/rekey/verify', 'sys/rekey/verify?nonce=guess']) {
      assert.equal((await visit('DELETE', path)).status, 400, path);
    }
    assert.equal((await server.call('GET', 'sys/rekey/verify')).json.nonce, verification);
    assert.equal((await server.call('DELETE', REKEY)).status, 204);
  });
});

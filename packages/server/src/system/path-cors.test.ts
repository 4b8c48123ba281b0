// Which pages of other origins may call: what can be set, and what a browser is told then.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Reply, startServer, type TestServer } from './testing/server.js';

const PATH = 'sys/config/cors';
let server: TestServer;

async function enable(body: unknown): Promise<void> {
  const reply = await server.call('PUT', PATH, { body });
  assert.equal(reply.status, 204, reply.text);
}

function from(origin: string, method = 'GET'): Promise<Reply> {
  const preflight = method === 'OPTIONS' ? ['Access-Control-Request-Method: LIST'] : [];
  return server.call(method, 'sys/health', { headers: [`Origin: ${origin}`, ...preflight] });
}

describe('sys/config/cors', () => {
  before(async () => {
    server = await startServer();
  });
  after(() => server.close());
  beforeEach(async () => {
    assert.equal((await server.call('DELETE', PATH)).status, 204);
  });

  it('is off at first: an origin is neither told anything nor refused', async () => {
    assert.deepEqual((await server.call('GET', PATH)).json.data, { enabled: false });
    const reply = await from('https://a.example');
    assert.equal(reply.status, 200);
    assert.doesNotMatch(reply.fields, /Access-Control/);
    assert.equal((await from('https://a.example', 'OPTIONS')).status, 405);
  });

  it('tells an allowed origin so, and refuses every other', async () => {
    await enable({ allowed_origins: 'https://A.example/,http://b.example:8080' });
    const { data, enabled } = (await server.call('GET', PATH)).json;
    assert.equal(enabled, true);
    assert.deepEqual(data.allowed_origins, ['https://a.example', 'http://b.example:8080']);
    assert(data.allowed_headers.includes('X-Vault-Token'));
    const reply = await from('https://a.example');
    assert.equal(reply.status, 200);
    assert.match(reply.fields, /Access-Control-Allow-Origin: https:\/\/a.example\r\nVary: Origin/);
    for (const origin of [
      'http://a.example',
      'https://a.example.evil',
      'null',
      'http://b.example',
    ]) {
      const refused = await from(origin);
      assert.deepEqual(
        [refused.status, refused.json.errors],
        [403, ['origin not allowed']],
        origin,
      );
      assert.doesNotMatch(refused.fields, /Access-Control/);
      assert.equal((await from(origin, 'OPTIONS')).status, 403, origin);
    }
    assert.equal((await server.call('GET', 'sys/health')).status, 200);
  });

  it('answers a preflight with methods and headers, those of the operator too', async () => {
    await enable({ allowed_origins: ['*'], allowed_headers: ['X-Mine'] });
    const reply = await from('https://anybody.example', 'OPTIONS');
    assert.equal(reply.status, 204);
    assert.match(reply.fields, /Allow-Methods: [A-Z, ]*LIST/);
    assert.match(reply.fields, /Allow-Headers: [\w, -]*X-Vault-Token, X-Mine\r\n/);
    assert.doesNotMatch(reply.fields, /Credentials/);
  });

  it('refuses what is no origin, also where every origin is allowed', async () => {
    await enable({ allowed_origins: ['*'] });
    for (const origin of ['https://\xe9.example', '\xff', 'https://a.example\x80']) {
      const reply = await from(origin);
      assert.deepEqual([reply.status, reply.json.errors], [403, ['origin not allowed']]);
      assert.equal((await from(origin, 'OPTIONS')).status, 403);
    }
  });

  it('lets credentials pass for origins by name only', async () => {
    await enable({ allowed_origins: ['https://a.example'], allow_credentials: true });
    assert.match((await from('https://a.example')).fields, /Allow-Credentials: true\r\n/);
  });

  it('keeps its settings over a restart, and says nothing while sealed', async () => {
    await enable({ allowed_origins: ['https://a.example'] });
    await server.assembly.seal();
    assert.doesNotMatch((await from('https://a.example')).fields, /Access-Control/);
    await server.unseal();
    assert.match((await from('https://a.example')).fields, /Access-Control/);
    assert.equal((await from('https://b.example')).status, 403);
  });

  for (const [what, body] of [
    ['no origin', {}],
    ['a wildcard among others', { allowed_origins: ['*', 'https://a.example'] }],
    ['a wildcard with credentials', { allowed_origins: ['*'], allow_credentials: true }],
    ['a wildcard inside an origin', { allowed_origins: ['*.example'] }],
    ['an origin with a path', { allowed_origins: ['https://a.example/x'] }],
    ['an origin with a line break', { allowed_origins: ['https://a.example\r\nX: y'] }],
    ['the origin null', { allowed_origins: ['null'] }],
    ['a header with a line break', { allowed_origins: ['*'], allowed_headers: ['a\r\nb'] }],
    ['a hundred and one origins', { allowed_origins: Array(101).fill('https://a.example') }],
  ] as const) {
    it(`refuses ${what}, and stays as it was`, async () => {
      assert.equal((await server.call('PUT', PATH, { body })).status, 400);
      assert.equal((await server.call('GET', PATH)).json.enabled, false);
    });
  }

  it('wants sudo', async () => {
    const update = 'path "sys/config/cors" { capabilities = ["read", "update", "delete"] }';
    const token = await server.tokenWith(update);
    const body = { allowed_origins: ['*'] };
    for (const method of ['GET', 'PUT', 'DELETE']) {
      assert.equal((await server.call(method, PATH, { token, body })).status, 403, method);
    }
  });
});

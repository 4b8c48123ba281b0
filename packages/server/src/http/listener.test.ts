// Real sockets, real TLS.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, describe, it } from 'node:test';
import tls from 'node:tls';
import type { ApiRequest } from '../core/request.js';
import { DEFAULT_LIMITS } from './engine/limits.js';
import type { Listener } from './listener.js';
import { resultOf } from './testing/call-api.js';
import { ECHO, listen, tlsOptionsOf } from './testing/echo-listener.js';
import { mintIdentity } from './testing/identity.js';

const SERVER = mintIdentity('server');
const OTHER = mintIdentity('other');
const CLIENT = mintIdentity('client');
const GET = 'GET /v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

const opened: Listener[] = [];
after(async () => {
  for (const listener of opened) await listener.close(0);
});

async function open(...given: Parameters<typeof listen>): ReturnType<typeof listen> {
  const listener = await listen(...given);
  opened.push(listener);
  return listener;
}

/** Sends, and reads until the server closes. */
async function talk(socket: net.Socket, text: string): Promise<string> {
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    answer += piece;
  });
  socket.on('error', () => {});
  socket.write(Buffer.from(text, 'latin1'));
  return await new Promise((resolve) => socket.on('close', () => resolve(answer)));
}

function connect(listener: Listener): net.Socket {
  return net.connect({ port: listener.port, host: '127.0.0.1' });
}

function connectTls(listener: Listener, change: tls.ConnectionOptions = {}): tls.TLSSocket {
  return tls.connect({
    port: listener.port,
    host: '127.0.0.1',
    ca: [SERVER.certificate, OTHER.certificate],
    ...change,
  });
}

async function outcomeOf(socket: tls.TLSSocket): Promise<string> {
  return await new Promise((resolve) => {
    socket.once('secureConnect', () => resolve('connected'));
    socket.once('error', () => resolve('refused'));
    socket.once('close', () => resolve('refused'));
  });
}

describe('a plain listener', () => {
  it('answers with the envelope and Vault’s headers', async () => {
    const listener = await open(ECHO);
    const answer = await talk(connect(listener), GET);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    for (const line of [
      'Cache-Control: no-store',
      'Content-Type: application/json',
      'Connection: close',
    ]) {
      assert(answer.includes(`\r\n${line}\r\n`), line);
    }
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    assert.match((body as { request_id: string }).request_id, /^[0-9a-f-]{14}4[0-9a-f-]{21}$/);
  });

  it('takes LIST in many packets, and a second request on the same connection', async () => {
    const listener = await open(ECHO);
    const socket = connect(listener);
    socket.setNoDelay(true);
    for (const piece of ['LI', 'ST /v1/sec', 'ret HTTP/1.1\r', '\nHost: a\r\n\r\n']) {
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await talk(socket, GET);
    assert.match(answer, /"operation":"list","path":"secret\/"/);
    assert.match(answer, /"operation":"read","path":"x"/);
  });

  for (const [name, smuggled] of [
    ['both lengths', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 40\r\n\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n'],
    ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n'],
    ['a bare LF', 'X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunked in disguise', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a chunk that ends in LF', 'Transfer-Encoding: chunked\r\n\r\n0\n\r\n'],
  ] as const) {
    it(`never serves what is smuggled with ${name}`, async () => {
      const paths: string[] = [];
      const listener = await open({
        handle(request: ApiRequest) {
          paths.push(request.path);
          return Promise.resolve(resultOf(request));
        },
      });
      const text = `POST /v1/outer HTTP/1.1\r\nHost: a\r\n${smuggled}${GET}`;
      const answer = await talk(connect(listener), text);
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1);
      assert.deepEqual(paths, []);
    });
  }

  it('turns away connections over its limit', async () => {
    const listener = await open(ECHO, { limits: { ...DEFAULT_LIMITS, connectionsMax: 1 } });
    const first = connect(listener);
    await once(first, 'connect');
    const second = connect(listener);
    assert.equal(await talk(second, GET), '');
    assert.match(await talk(first, GET), /^HTTP\/1\.1 200/);
  });

  it('closes after what is in work is answered', async () => {
    const gate = { asked: () => {}, answer: () => {} };
    const asked = new Promise<void>((resolve) => {
      gate.asked = resolve;
    });
    const listener = await open({
      handle: (request: ApiRequest) =>
        new Promise((resolve) => {
          gate.answer = () => resolve(resultOf(request));
          gate.asked();
        }),
    });
    const answer = talk(connect(listener), 'GET /v1/x HTTP/1.1\r\nHost: a\r\n\r\n');
    await asked;
    const closed = listener.close(60_000);
    gate.answer();
    assert.match(await answer, /^HTTP\/1\.1 404 (?:.|\r\n)*\r\nConnection: close\r\n/);
    await closed;
    const late = connect(listener);
    assert.equal(await talk(late, GET), '');
  });

  it('cuts off what is not done in time', async () => {
    const started = { resolve: () => {} };
    const asked = new Promise<void>((resolve) => {
      started.resolve = resolve;
    });
    const listener = await open({
      handle: () => {
        started.resolve();
        return new Promise(() => {});
      },
    });
    const answer = talk(connect(listener), GET);
    await asked;
    await listener.close(1);
    assert.equal(await answer, '');
  });

  it('refuses an address it can not use', async () => {
    for (const address of ['nowhere', '127.0.0.1', '127.0.0.1:99999', '::1:8200', '[::1]']) {
      await assert.rejects(listen(ECHO, { address }), TypeError, address);
    }
    const taken = await open(ECHO);
    await assert.rejects(listen(ECHO, { address: taken.address }), { code: 'EADDRINUSE' });
  });
});

/** Takes down the certificate of whoever asks, null for none. */
function certificateWatcher() {
  const seen: (Buffer | null)[] = [];
  const handler = {
    handle(request: ApiRequest) {
      seen.push(request.connection.tls?.peerCertificate ?? null);
      return Promise.resolve(resultOf(request));
    },
  };
  return { handler, seen };
}

describe('a TLS listener', () => {
  it('answers over TLS 1.2 and 1.3, with and without a client certificate', async () => {
    const { handler, seen } = certificateWatcher();
    const listener = await open(handler, { tls: tlsOptionsOf(SERVER) });
    const identity = { cert: CLIENT.certificate, key: CLIENT.key };
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const given of [{}, identity]) {
        const answer = await talk(connectTls(listener, { maxVersion, ...given }), GET);
        assert.match(answer, /^HTTP\/1\.1 404/, maxVersion);
      }
    }
    assert.deepEqual(seen, [null, CLIENT.der, null, CLIENT.der]);
    assert.deepEqual(listener.faults, []);
  });

  it('gives the handler the exporter of this very connection', async () => {
    const label = 'EXPORTER-test';
    const context = Buffer.from('context');
    let exported = Buffer.alloc(0);
    const listener = await open(
      {
        handle(request: ApiRequest) {
          const { tls: peer } = request.connection;
          exported = Buffer.from(peer?.exportKeyingMaterial(32, label, context) ?? []);
          return Promise.resolve(resultOf(request));
        },
      },
      { tls: tlsOptionsOf(SERVER) },
    );
    const socket = connectTls(listener);
    await once(socket, 'secureConnect');
    const want = socket.exportKeyingMaterial(32, label, context);
    await talk(socket, GET);
    assert.equal(exported.length, 32);
    assert.deepEqual(exported, want);
  });

  it('refuses a version below its lowest', async () => {
    const tlsOptions = tlsOptionsOf(SERVER, { minVersion: 'TLSv1.3' });
    const listener = await open(ECHO, { tls: tlsOptions });
    const old = connectTls(listener, { maxVersion: 'TLSv1.2' });
    assert.equal(await outcomeOf(old), 'refused');
    const recent = connectTls(listener);
    assert.equal(await outcomeOf(recent), 'connected');
    recent.destroy();
  });

  it('does not negotiate another protocol than HTTP/1.1', async () => {
    const listener = await open(ECHO, { tls: tlsOptionsOf(SERVER) });
    const both = connectTls(listener, { ALPNProtocols: ['h2', 'http/1.1'] });
    assert.equal(await outcomeOf(both), 'connected');
    assert.equal(both.alpnProtocol, 'http/1.1');
    both.destroy();
    const only = connectTls(listener, { ALPNProtocols: ['h2'] });
    assert.equal(await outcomeOf(only), 'refused');
  });

  it('resumes a session and still knows the client', async () => {
    const { handler, seen } = certificateWatcher();
    const listener = await open(handler, { tls: tlsOptionsOf(SERVER) });
    const identity = { cert: CLIENT.certificate, key: CLIENT.key };
    const first = connectTls(listener, identity);
    const [answer, [session]] = await Promise.all([
      talk(first, GET),
      once(first, 'session') as Promise<[Buffer]>,
    ]);
    assert.match(answer, /^HTTP/);
    const second = connectTls(listener, { ...identity, session });
    await once(second, 'secureConnect');
    assert.equal(second.isSessionReused(), true);
    await talk(second, GET);
    assert.deepEqual(seen, [CLIENT.der, CLIENT.der]);
  });

  it('shows a reloaded certificate to new connections', async () => {
    const listener = await open(ECHO, { tls: tlsOptionsOf(SERVER) });
    const raw = (socket: tls.TLSSocket): Buffer | undefined => socket.getPeerX509Certificate()?.raw;
    const before = connectTls(listener);
    await once(before, 'secureConnect');
    assert.deepEqual(raw(before), SERVER.der);
    listener.reloadTls(OTHER.certificate, OTHER.key);
    const later = connectTls(listener);
    await once(later, 'secureConnect');
    assert.deepEqual(raw(later), OTHER.der);
    assert.throws(() => listener.reloadTls(SERVER.certificate, OTHER.key));
    const last = connectTls(listener);
    await once(last, 'secureConnect');
    assert.deepEqual(raw(last), OTHER.der);
    for (const socket of [before, later, last]) assert.match(await talk(socket, GET), /^HTTP/);
  });

  it('closes on a client that speaks no TLS, and serves the next', async () => {
    const listener = await open(ECHO, { tls: tlsOptionsOf(SERVER) });
    await talk(connect(listener), GET);
    assert.match(await talk(connectTls(listener), GET), /^HTTP\/1\.1 200/);
    assert.deepEqual(listener.faults, []);
  });
});

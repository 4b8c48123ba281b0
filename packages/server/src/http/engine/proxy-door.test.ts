// Connections behind a TCP proxy, over real sockets: who is believed, over plain HTTP and TLS.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, describe, it } from 'node:test';
import tls from 'node:tls';
import type { ApiHandler, ApiRequest } from '../../core/request.js';
import type { Listener } from '../listener.js';
import { resultOf } from '../testing/call-api.js';
import { listen, tlsOptionsOf } from '../testing/echo-listener.js';
import { mintIdentity } from '../testing/identity.js';
import type { EngineClock } from './limits.js';
import type { ProxyProtocolOptions } from './proxy-door.js';

const SERVER = mintIdentity('server');
const LINE = 'PROXY TCP4 203.0.113.9 198.51.100.7 4711 443\r\n';
const GET = 'GET /v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const listeners: Listener[] = [];

/** Answers with the address of the client. */
const WHO: ApiHandler = {
  handle(request: ApiRequest) {
    const { remoteAddress, remotePort, tls: secure } = request.connection;
    const data = { from: `${remoteAddress} ${remotePort}`, tls: secure !== null };
    return Promise.resolve(resultOf(request, { response: { data } }));
  },
};

async function open(
  behavior: ProxyProtocolOptions['behavior'],
  authorizedAddresses: readonly string[],
  change: Parameters<typeof listen>[1] = {},
): Promise<Listener> {
  const proxyProtocol = { behavior, authorizedAddresses };
  const listener = await listen(WHO, { proxyProtocol, ...change });
  listeners.push(listener);
  return listener;
}

/** Sends the pieces one by one, and gives what came until the end. */
async function exchange(listener: Listener, pieces: readonly string[]): Promise<string> {
  const socket = net.connect({ port: listener.port, host: '127.0.0.1', noDelay: true });
  let text = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => resolve()).on('close', () => resolve());
  });
  for (const piece of pieces) {
    await new Promise<void>((resolve) =>
      socket.write(piece, 'latin1', () => setImmediate(resolve)),
    );
  }
  await ended;
  return text;
}

function clientOf(text: string): string {
  return /"from":"([^"]*)/.exec(text)?.[1] ?? text.slice(0, 12);
}

describe('a listener with the PROXY protocol', () => {
  after(async () => {
    for (const listener of listeners) await listener.close(0);
  });

  for (const [what, pieces] of [
    ['in one piece', [LINE + GET]],
    ['byte by byte', [...LINE, GET]],
    ['cut inside the line', [LINE.slice(0, 20), LINE.slice(20) + GET]],
    ['cut inside the request', [LINE + GET.slice(0, 9), GET.slice(9)]],
  ] as const) {
    it(`believes a listed proxy, ${what}`, async () => {
      const listener = await open('allow_authorized', ['127.0.0.0/8']);
      assert.equal(clientOf(await exchange(listener, pieces)), '203.0.113.9 4711');
    });
  }

  it('believes everybody where it is told to', async () => {
    const listener = await open('use_always', []);
    assert.equal(clientOf(await exchange(listener, [LINE + GET])), '203.0.113.9 4711');
    assert.match(clientOf(await exchange(listener, [GET])), /^127\.0\.0\.1 /);
  });

  it('takes a listed proxy that names nobody for the client', async () => {
    const listener = await open('deny_unauthorized', ['127.0.0.1']);
    for (const first of ['PROXY UNKNOWN\r\n', '']) {
      assert.match(clientOf(await exchange(listener, [first + GET])), /^127\.0\.0\.1 /);
    }
  });

  it('takes others for clients where it is told to, and no header from them', async () => {
    const listener = await open('allow_authorized', ['198.51.100.1']);
    assert.match(clientOf(await exchange(listener, [GET])), /^127\.0\.0\.1 /);
    assert.match(await exchange(listener, [LINE + GET]), /^HTTP\/1.1 400 /);
  });

  it('closes connections of others where it is told to, whatever they send', async () => {
    const listener = await open('deny_unauthorized', ['198.51.100.1']);
    for (const sent of [GET, LINE + GET, '']) assert.equal(await exchange(listener, [sent]), '');
  });

  it('closes without a word what is no header, and what ends inside of it', async () => {
    const listener = await open('use_always', []);
    assert.equal(await exchange(listener, [`PROXY TCP4 a b 1 2\r\n${GET}`]), '');
    assert.equal(await exchange(listener, ['PROXY '.padEnd(200, '1')]), '');
    const socket = net.connect(listener.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined).end('PROXY TCP4');
    await closed;
  });

  it('closes who does not send a whole header in time', async () => {
    let now = 1_000_000;
    const sweeps: (() => void)[] = [];
    const clock: EngineClock = {
      now: () => now,
      every(_, work) {
        sweeps.push(work);
        return () => undefined;
      },
    };
    const listener = await open('use_always', [], { clock });
    const socket = net.connect(listener.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.write('PROXY ', () => resolve()));
    assert.match(clientOf(await exchange(listener, [GET])), /^127\.0\.0\.1 /);
    now += 11_000;
    for (const sweep of sweeps) sweep();
    await closed;
  });

  it('speaks TLS behind the header, with the client that the proxy named', async () => {
    const listener = await open('allow_authorized', ['127.0.0.1'], { tls: tlsOptionsOf(SERVER) });
    for (const [line, want] of [
      [LINE, /"from":"203\.0\.113\.9 4711","tls":true/],
      ['', /"from":"127\.0\.0\.1 \d+","tls":true/],
    ] as const) {
      const raw = net.connect(listener.port, '127.0.0.1');
      raw.write(line);
      const secure = tls.connect({ socket: raw, ca: SERVER.certificate, servername: 'localhost' });
      secure.write(GET);
      let text = '';
      for await (const chunk of secure) text += String(chunk);
      assert.match(text, want);
    }
  });
});

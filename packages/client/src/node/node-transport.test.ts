// Real sockets: what the transport accepts, what it refuses, and what a channel shows of its TLS session.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createRawServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { InvalidRequestError, TransportError, type TransportErrorKind } from '../errors.js';
import { NodeTransport } from './node-transport.js';
import { testCertificate, testKey } from './test-identity.test.js';
import type { TlsSettings } from './tls-options.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-client-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, testCertificate);
const servers: { close(): unknown }[] = [];
after(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('X-Seen', `${request.method} ${request.url}`);
    response.statusCode = 201;
    response.end(Buffer.concat(chunks));
  });
};

async function listen(server: Server): Promise<number> {
  servers.push({ close: () => [server.closeAllConnections(), server.close()] });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function get(path: string, timeoutMs = 5_000) {
  return { method: 'GET', path, headers: {}, body: null, timeoutMs };
}

function isKind(kind: TransportErrorKind) {
  return (error: unknown) => {
    assert.ok(error instanceof TransportError, String(error));
    assert.equal(error.kind, kind, error.message);
    return true;
  };
}

test('sends verb, path and bytes, and gives bytes back', async () => {
  const port = await listen(createServer(echo));
  const transport = new NodeTransport({ address: `http://127.0.0.1:${port}/base/` });
  const body = Buffer.from([0, 255, 1]);
  const headers = { 'Content-Type': 'application/octet-stream' };
  const request = { method: 'PUT', path: '/v1/a%20b?x=1', headers, body, timeoutMs: 5_000 };
  const response = await transport.request(request);
  assert.equal(response.status, 201);
  assert.equal(response.headers['x-seen'], 'PUT /base/v1/a%20b?x=1');
  assert.deepEqual(response.body, body);
  assert.ok(Buffer.isBuffer(response.body));
  transport.close();
});

test('speaks over a unix socket', async () => {
  const path = join(folder, 'socket');
  const server = createServer(echo);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const transport = new NodeTransport({ address: `unix://${path}` });
  assert.equal((await transport.request(get('/v1/x'))).headers['x-seen'], 'GET /v1/x');
  transport.close();
});

test('TLS: believes what it is told to believe and nothing else', async () => {
  const port = await listen(createTlsServer({ key: testKey, cert: testCertificate }, echo));
  const rows: [string, TlsSettings, TransportErrorKind | null][] = [
    ['accepts a root from a file when the name fits', { caFile, serverName: 'localhost' }, null],
    ['accepts roots from a folder', { caPath: folder, serverName: 'vouchsafe.test' }, null],
    ['accepts anything when told to skip', { skipVerify: true }, null],
    ['refuses an unknown root', { serverName: 'localhost' }, 'tls'],
    ['refuses a certificate that does not name the address', { caFile }, 'tls'],
    ['refuses a certificate for another name', { caFile, serverName: 'example.org' }, 'tls'],
  ];
  for (const [name, tls, kind] of rows) {
    const transport = new NodeTransport({ address: `https://127.0.0.1:${port}`, tls });
    const call = transport.request(get('/'));
    if (kind === null) assert.equal((await call).status, 201, name);
    else await assert.rejects(call, isKind(kind), name);
    transport.close();
  }
});

test('refuses settings that cannot work before a connection is tried', () => {
  const address = 'https://127.0.0.1:1';
  writeFileSync(join(folder, 'empty'), 'nothing');
  const rows: [string, string, TlsSettings][] = [
    ['a CA file that is missing', address, { caFile: join(folder, 'missing.pem') }],
    ['a CA file without a certificate', address, { caFile: join(folder, 'empty') }],
    ['a CA folder that is missing', address, { caPath: join(folder, 'missing') }],
    ['a client certificate without its key', address, { clientCertFile: caFile }],
    ['an address with a password', 'https://a:b@127.0.0.1', {}],
    ['an address without a scheme', '127.0.0.1:8200', {}],
    ['an address of another scheme', 'ftp://127.0.0.1', {}],
    ['a relative unix socket', 'unix://socket', {}],
  ];
  for (const [name, target, tls] of rows) {
    assert.throws(() => new NodeTransport({ address: target, tls }), InvalidRequestError, name);
  }
});

test('says why there was no answer', async () => {
  const silent = await listen(createServer(() => {}));
  const large = await listen(createServer((_, response) => response.end(Buffer.alloc(2_000))));
  const broken = await listen(
    createServer((_, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half');
      response.socket?.end();
    }),
  );
  const raw = createRawServer((socket) => socket.end('not http at all\r\n\r\n'));
  servers.push(raw);
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const garbage = (raw.address() as AddressInfo).port;
  const rows: [string, string, TransportErrorKind][] = [
    ['nobody listens', 'http://127.0.0.1:1', 'connect'],
    ['no answer in time', `http://127.0.0.1:${silent}`, 'timeout'],
    ['an answer beyond the limit', `http://127.0.0.1:${large}`, 'too-large'],
    ['an answer cut short', `http://127.0.0.1:${broken}`, 'closed'],
    ['an answer that is not HTTP', `http://127.0.0.1:${garbage}`, 'protocol'],
    ['TLS to a server without', `https://127.0.0.1:${large}`, 'tls'],
  ];
  for (const [name, address, kind] of rows) {
    const transport = new NodeTransport({ address, bodyBytesMax: 1_000 });
    const timeoutMs = kind === 'timeout' ? 50 : 5_000;
    await assert.rejects(transport.request(get('/', timeoutMs)), isKind(kind), name);
    transport.close();
  }
});

test('a channel shows the certificate and the exporter of the session its requests use', async () => {
  const exported = new Set<string>();
  const server = createTlsServer({ key: testKey, cert: testCertificate }, (request, response) => {
    const socket = request.socket as TLSSocket;
    exported.add(socket.exportKeyingMaterial(32, 'EXPORTER-test', Buffer.alloc(0)).toString('hex'));
    response.end('ok');
  });
  const port = await listen(server);
  const tls = { caFile, serverName: 'localhost' };
  const transport = new NodeTransport({ address: `https://127.0.0.1:${port}`, tls });
  const channel = await transport.openChannel(5_000);
  const own = channel.exportKeyingMaterial(32, 'EXPORTER-test', Buffer.alloc(0)).toString('hex');
  assert.equal((await channel.request(get('/1'))).body.toString(), 'ok');
  assert.equal((await channel.request(get('/2'))).body.toString(), 'ok');
  assert.deepEqual([...exported], [own]);
  const der = Buffer.from(testCertificate.replace(/-----.*-----|\s/g, ''), 'base64');
  assert.deepEqual(channel.peerCertificate(), der);
  assert.equal(channel.protocol(), 'TLSv1.3');
  server.closeAllConnections();
  await assert.rejects(channel.request(get('/3')), isKind('closed'));
  await assert.rejects(channel.request(get('/4')), isKind('closed'));
  channel.close();
});

test('a channel is refused without TLS and to a server it cannot verify', async () => {
  const port = await listen(createTlsServer({ key: testKey, cert: testCertificate }, echo));
  const plain = new NodeTransport({ address: `http://127.0.0.1:${port}` });
  assert.throws(() => plain.openChannel(1_000), InvalidRequestError);
  const unknown = new NodeTransport({ address: `https://127.0.0.1:${port}` });
  await assert.rejects(unknown.openChannel(1_000), isKind('tls'));
});

// One buffer for all connections: each gets its own bytes, all of them, and every event but 'data'.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import tls from 'node:tls';
import { readShared } from './shared-read.js';
import { connectSockets } from './testing/socket-pair.js';

/** What is received until the peer ends; every piece is wiped, as it must be. */
function collect(socket: net.Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const isShared = readShared(socket, (chunk) => {
    pieces.push(Buffer.from(chunk));
    chunk.fill(0);
  });
  assert.equal(isShared, true, 'this version of Node reads otherwise');
  return once(socket, 'end').then(() => Buffer.concat(pieces));
}

describe('a socket that reads into the shared buffer', () => {
  it('gives what it receives, and no data events', async (t) => {
    const { client, accepted } = await connectSockets(t);
    accepted.on('data', () => assert.fail('a data event'));
    const received = collect(accepted);
    client.end('hello');
    assert.equal((await received).toString(), 'hello');
  });

  it('gives all of what many send at the same time, and to each its own', async (t) => {
    const sent = Array.from({ length: 8 }, () => randomBytes(300_000));
    const received = await Promise.all(
      sent.map(async (bytes) => {
        const { client, accepted } = await connectSockets(t);
        const all = collect(accepted);
        client.end(bytes);
        return await all;
      }),
    );
    assert.deepEqual(received, sent);
  });

  it('gives nothing while it is paused, and then the rest', async (t) => {
    const { client, accepted } = await connectSockets(t);
    let text = '';
    readShared(accepted, (chunk) => {
      if (text === '') accepted.pause();
      text += chunk.toString();
    });
    client.write('first');
    while (text === '') await new Promise((resolve) => setImmediate(resolve));
    client.end(' second');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(text, 'first');
    accepted.resume();
    await once(accepted, 'end');
    assert.equal(text, 'first second');
  });

  it('fails as others do when the connection breaks', async (t) => {
    const { client, accepted } = await connectSockets(t);
    readShared(accepted, () => assert.fail('nothing was sent'));
    const failed = once(accepted, 'error') as Promise<[NodeJS.ErrnoException]>;
    client.resetAndDestroy();
    assert.equal((await failed)[0].code, 'ECONNRESET');
    assert.equal(accepted.destroyed, true);
  });
});

describe('left as it is', () => {
  const never = (): void => assert.fail('must not be called');

  it('a stream that is no socket', () => {
    assert.equal(readShared(new PassThrough(), never), false);
  });

  it('a socket without a connection', () => {
    assert.equal(readShared(new net.Socket(), never), false);
  });

  it('a TLS socket', async (t) => {
    const { accepted } = await connectSockets(t);
    const secure = new tls.TLSSocket(accepted, { isServer: true });
    secure.on('error', () => {});
    assert.equal(readShared(secure, never), false);
    secure.destroy();
  });

  it('a socket that holds bytes already', async (t) => {
    const { client, accepted } = await connectSockets(t);
    accepted.unshift(Buffer.from('before'));
    assert.equal(readShared(accepted, never), false);
    client.end(' and after');
    let text = '';
    accepted.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(accepted, 'end');
    assert.equal(text, 'before and after');
  });
});

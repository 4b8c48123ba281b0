// Answers arrive whole and in order, and the buffers they were put together in are zero before anybody else gets them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type net from 'node:net';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Answer, HeadMaker } from './answer.js';
import { Output } from './output.js';
import { SlabPool } from './slab-pool.js';
import { isZero } from './testing/is-zero.js';
import { connectSockets } from './testing/socket-pair.js';

const heads = new HeadMaker();

function answer(body: Buffer): Answer {
  return { status: 200, fields: '', body, ownsBody: true };
}

function add(output: Output, body: Buffer): void {
  const made = answer(body);
  output.add(heads.make(made, 0, ''), made.body, made.ownsBody, false);
}

/** The bodies of answers that lie one behind the other. */
function bodiesOf(text: string): string[] {
  const bodies: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n') + 4;
    const length = Number(/^Content-Length: (\d+)\r$/m.exec(rest.slice(0, end))?.[1]);
    assert(Number.isInteger(length), 'an answer without a length');
    bodies.push(rest.slice(end, end + length));
    rest = rest.slice(end + length);
  }
  return bodies;
}

/** Into a stream that takes everything at once. */
function openOutput(): { output: Output; written: () => string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(piece: Buffer, _, taken) {
      pieces.push(Buffer.from(piece));
      taken();
    },
  });
  const output = new Output(stream, new SlabPool());
  return { output, written: () => Buffer.concat(pieces).toString('latin1') };
}

async function readAll(client: net.Socket): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of client) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('latin1');
}

/** A pool and the slab that it gives next. */
function poolOfOne(): { pool: SlabPool; slab: Buffer } {
  const pool = new SlabPool();
  const slab = pool.take(1);
  pool.give(slab, 0);
  return { pool, slab };
}

describe('answers', () => {
  it('say their length, whatever it is', () => {
    const lengths = fc.oneof(fc.nat(20), fc.nat(70_000), fc.constantFrom(9, 10, 99, 100, 65_536));
    fc.assert(
      fc.property(fc.array(lengths, { maxLength: 6 }), (all) => {
        const { output, written } = openOutput();
        for (const length of all) add(output, Buffer.alloc(length, 'x'));
        output.flush();
        assert.deepEqual(
          bodiesOf(written()),
          all.map((length) => 'x'.repeat(length)),
        );
      }),
    );
  });

  it('that are only a head say the length of the body they do not have', () => {
    const { output, written } = openOutput();
    const body = Buffer.alloc(100_000, 'x');
    output.add(heads.make(answer(body), 0, ''), body, true, true);
    output.flush();
    assert.match(written(), /\r\nContent-Length: 100000\r\n\r\n$/);
    assert(isZero(body));
  });
});

describe('a buffer', () => {
  it('that the system took at once is zero and free at once', async (t) => {
    const { client, accepted: socket } = await connectSockets(t);
    const { pool, slab } = poolOfOne();
    const output = new Output(socket, pool);
    const body = Buffer.from('secret');
    add(output, body);
    assert(!isZero(slab));
    assert(isZero(body));
    output.flush();
    assert(isZero(slab));
    assert.equal(pool.take(1), slab);
    assert.equal(output.unwritten, 0);
    socket.end();
    assert.deepEqual(bodiesOf(await readAll(client)), ['secret']);
  });

  it('that the peer does not take is nobody else’s until it does', async (t) => {
    const { client, accepted: socket } = await connectSockets(t);
    client.pause();
    const { pool, slab } = poolOfOne();
    const output = new Output(socket, pool);
    const large = Buffer.from(randomBytes(8_000_000).toString('latin1'), 'latin1');
    const expected = [large.toString('latin1'), 'first', 'second'];
    add(output, large);
    add(output, Buffer.from('first'));
    output.flush();
    add(output, Buffer.from('second'));
    output.flush();
    assert.equal(output.unwritten, 3);
    assert(!isZero(large));
    assert.notEqual(pool.take(1), slab);
    client.resume();
    const received = readAll(client);
    while (socket.writableLength > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(output.unwritten, 0);
    assert(isZero(large));
    assert(isZero(slab));
    socket.end();
    assert.deepEqual(bodiesOf(await received), expected);
  });

  it('is zero when the connection breaks, sent or not', async (t) => {
    const { client, accepted: socket } = await connectSockets(t);
    client.pause();
    const { pool, slab } = poolOfOne();
    const output = new Output(socket, pool);
    const large = Buffer.alloc(8_000_000, 'x');
    add(output, large);
    add(output, Buffer.from('not flushed'));
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    client.resetAndDestroy();
    await closed;
    output.destroy();
    assert(isZero(large));
    assert(isZero(slab));
    assert.equal(output.isEmpty, true);
  });
});

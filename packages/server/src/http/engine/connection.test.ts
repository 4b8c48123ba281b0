// Answers come in order and once, a connection ends when it must, and nothing of a request stays
// behind.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from './answer.js';
import { isZero } from './testing/is-zero.js';
import { get, put, settle, textAnswer, Wire } from './testing/wire.js';

describe('order', () => {
  it('of answers is that of the requests, whoever is done first', async () => {
    const wire = new Wire();
    await wire.send(get('/1') + get('/2') + get('/3'));
    assert.equal(wire.startedTargets, '/1 /2 /3');
    await wire.answer('/3');
    await wire.answer('/2');
    assert.equal(wire.outline, '');
    await wire.answer('/1');
    assert.equal(wire.outline, '200 /1 200 /2 200 /3');
  });

  it('of answers that are ready together costs one write', async () => {
    const wire = new Wire({}, (exchange) => {
      queueMicrotask(() => exchange.answer(textAnswer(exchange.head.target)));
    });
    await wire.send(get('/1') + get('/2') + get('/3'));
    assert.equal(wire.writes.length, 1);
    assert.equal(wire.outline, '200 /1 200 /2 200 /3');
  });

  it('does not hold back an answer because the next one is late', async () => {
    const wire = new Wire();
    await wire.send(get('/1') + get('/2'));
    await wire.answer('/1');
    assert.equal(wire.outline, '200 /1');
  });

  it('is also kept when handlers answer at once', async () => {
    const wire = new Wire({}, (exchange) => exchange.answer(textAnswer(exchange.head.target)));
    await wire.send(put('/1', 'x') + get('/2') + put('/3', 'y'));
    assert.equal(wire.outline, '200 /1 200 /2 200 /3');
    assert.equal(wire.writes.length, 1);
  });

  it('lets a write wait for the reads before it, and reads for the write', async () => {
    const wire = new Wire();
    await wire.send(get('/1') + get('/2') + put('/3', 'x') + get('/4'));
    assert.equal(wire.startedTargets, '/1 /2');
    await wire.answer('/2');
    assert.equal(wire.startedTargets, '/1');
    await wire.answer('/1');
    assert.equal(wire.startedTargets, '/3');
    await wire.answer('/3');
    assert.equal(wire.startedTargets, '/4');
    await wire.answer('/4');
    assert.equal(wire.outline, '200 /1 200 /2 200 /3 200 /4');
  });

  it('starts nothing while the peer does not take its answers, and then goes on', async () => {
    const wire = new Wire();
    wire.client.pause();
    await wire.send(get('/1'));
    await wire.answer('/1', 'x'.repeat(1024 * 1024));
    await wire.send(get('/2') + get('/3'));
    assert.equal(wire.startedTargets, '');
    wire.client.resume();
    await settle();
    assert.equal(wire.startedTargets, '/2 /3');
  });

  it('starts no more requests than the pipeline may hold', async () => {
    const wire = new Wire({ pipelineMax: 2 });
    await wire.send(get('/1') + get('/2') + get('/3') + get('/4'));
    assert.equal(wire.startedTargets, '/1 /2');
    assert.equal(wire.server.isPaused(), true);
    await wire.answer('/1');
    assert.equal(wire.startedTargets, '/2 /3');
    await wire.answer('/2');
    await wire.answer('/3');
    await wire.answer('/4');
    assert.equal(wire.server.isPaused(), false);
    assert.equal(wire.outline, '200 /1 200 /2 200 /3 200 /4');
  });
});

describe('an answer', () => {
  it('says its length and the date', async () => {
    const wire = new Wire();
    wire.context.now = Date.UTC(2026, 0, 2, 3, 4, 5);
    await wire.send(get('/1'));
    await wire.answer('/1', 'abc');
    assert.equal(
      wire.writes.join(''),
      'HTTP/1.1 200 OK\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nContent-Length: 3\r\n\r\nabc',
    );
  });

  it('has its own head, whatever was answered before it', async () => {
    const wire = new Wire();
    const [fields, body] = ['A: b\r\n', Buffer.from('x')];
    const answers: readonly [answer: Answer, head: string][] = [
      [{ status: 200, fields, body, ownsBody: false }, '200 OK\r\nA: b\r\n'],
      [{ status: 200, fields: '', body, ownsBody: false }, '200 OK\r\n'],
      [{ status: 200, fields, body, ownsBody: false }, '200 OK\r\nA: b\r\n'],
      [{ status: 404, fields, body, ownsBody: false }, '404 Not Found\r\nA: b\r\n'],
      [{ status: 404, fields, body: null, ownsBody: false }, '404 Not Found\r\nA: b\r\n'],
    ];
    let expected = '';
    for (const [answer, head] of answers) {
      await wire.send(get('/1'));
      wire.started.pop()?.answer(answer);
      await settle();
      expected += `HTTP/1.1 ${head}${answer.body === null ? '\r\n' : 'Content-Length: 1\r\n\r\nx'}`;
    }
    assert.equal(wire.text, expected);
  });

  it('has the date of its second', async () => {
    const wire = new Wire();
    for (const second of [4, 4, 5]) {
      wire.context.now = Date.UTC(2026, 0, 2, 3, 4, second);
      await wire.send(get('/1'));
      await wire.answer('/1');
    }
    const seconds = wire.writes.map((text) => /^Date: .*:0(\d) GMT\r$/m.exec(text)?.[1]);
    assert.deepEqual(seconds, ['4', '4', '5']);
  });

  it('to HEAD has a length and no body', async () => {
    const wire = new Wire();
    await wire.send(get('/1').replace('GET', 'HEAD') + get('/2'));
    await wire.answer('/1', 'abc');
    await wire.answer('/2', 'd');
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: ';
    assert.equal(wire.text, `${head}3\r\n\r\n${head}1\r\n\r\nd`);
  });

  it('without a body has no length', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    wire.started[0]?.answer({ status: 204, fields: 'A: b\r\n', body: null, ownsBody: false });
    await settle();
    assert.equal(wire.text, 'HTTP/1.1 204 No Content\r\nA: b\r\n\r\n');
  });

  it('counts once', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    const late = textAnswer('late');
    wire.started[0]?.answer(textAnswer('first'));
    wire.started[0]?.answer(late);
    await settle();
    assert.equal(wire.outline, '200 first');
    assert(isZero(late.body ?? Buffer.from('x')));
  });

  it('of 200 KiB is sent whole, in turn', async () => {
    const wire = new Wire();
    await wire.send(get('/1') + get('/2'));
    await wire.answer('/1', 'x'.repeat(200 * 1024));
    await wire.answer('/2', 'y');
    assert.equal(wire.outline, `200 ${'x'.repeat(200 * 1024)} 200 y`);
  });
});

describe('a connection', () => {
  it('ends after Connection: close and reads nothing behind it', async () => {
    const wire = new Wire();
    await wire.send(get('/1', 'Connection: close') + get('/2'));
    assert.equal(wire.startedTargets, '/1');
    await wire.answer('/1');
    assert.match(wire.text, /Connection: close\r\n/);
    assert.equal(wire.outline, '200 /1');
    assert.equal(wire.hasEnded, true);
  });

  it('of HTTP/1.0 ends after one answer', async () => {
    const wire = new Wire();
    await wire.send('GET /1 HTTP/1.0\r\n\r\n');
    await wire.answer('/1');
    assert.match(wire.text, /Connection: close\r\n/);
    assert.equal(wire.hasEnded, true);
  });

  it('of HTTP/1.0 stays when asked, and says so', async () => {
    const wire = new Wire();
    await wire.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    await wire.answer('/1');
    assert.match(wire.text, /Connection: keep-alive\r\n/);
    await wire.send(get('/2'));
    await wire.answer('/2');
    assert.equal(wire.outline, '200 /1 200 /2');
    assert.equal(wire.hasEnded, false);
  });

  it('answers a client that has ended its side', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    wire.client.end();
    await settle();
    await wire.answer('/1');
    assert.equal(wire.outline, '200 /1');
    assert.equal(wire.hasEnded, true);
  });

  it('drops half a request when the client ends its side', async () => {
    const wire = new Wire();
    await wire.send('GET /1 HTT');
    wire.client.end();
    await settle();
    assert.equal(wire.outline, '');
    assert.equal(wire.hasEnded, true);
  });

  it('sends a refusal behind the answers to what came before, then ends', async () => {
    const wire = new Wire();
    await wire.send(`${get('/1')}${get('/2')}GET  /3\r\n${get('/4')}`);
    assert.equal(wire.startedTargets, '/1 /2');
    await wire.answer('/2');
    assert.equal(wire.outline, '');
    await wire.answer('/1');
    assert.equal(wire.outline, '200 /1 200 /2 400 request-line-malformed');
    assert.equal(wire.text.match(/Connection: close/g)?.length, 1);
    assert.equal(wire.hasEnded, true);
    await wire.send(get('/5'));
    assert.equal(wire.startedTargets, '');
  });

  it('drains: finishes what is in work, says so and ends', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    wire.connection.drain();
    await settle();
    assert.equal(wire.hasEnded, false);
    await wire.answer('/1');
    assert.match(wire.text, /Connection: close\r\n/);
    assert.equal(wire.hasEnded, true);
  });

  it('drains at once when nothing is in work', async () => {
    const wire = new Wire();
    wire.connection.drain();
    await settle();
    assert.equal(wire.hasEnded, true);
    assert.equal(wire.text, '');
  });

  it('that breaks drops answers, wipes them and frees the budget', async () => {
    const wire = new Wire();
    await wire.send(put('/1', 'abc') + put('/2', 'def'));
    assert.equal(wire.context.bodyBytes, 6);
    wire.client.destroy();
    wire.server.destroy();
    await settle();
    const [exchange] = wire.started;
    assert.equal(exchange?.body.toString(), 'abc', 'still in use by the handler');
    const answer = textAnswer('late');
    exchange?.answer(answer);
    exchange?.release();
    assert(isZero(answer.body ?? Buffer.from('x')));
    assert(exchange !== undefined && isZero(exchange.body));
    assert.equal(wire.context.bodyBytes, 0);
    assert.equal(wire.startedTargets, '/1');
  });

  it('is given up when the handler of it breaks, and no other', async () => {
    const wire = new Wire({}, () => {
      throw new Error('bug');
    });
    await wire.send(get('/1'));
    assert.equal(String(wire.faults[0]), 'Error: bug');
    assert.equal(wire.server.destroyed, true);
  });

  it('is refused more body than all connections may hold', async () => {
    const wire = new Wire({ bodyBytesTotalMax: 10 });
    wire.context.bodyBytes = 8;
    await wire.send('PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc');
    assert.equal(wire.outline, '503 overloaded');
    assert.equal(wire.context.bodyBytes, 8);
  });
});

describe('100-continue', () => {
  const head = 'PUT /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n';

  it('is sent once, when the body is missing', async () => {
    const wire = new Wire();
    await wire.send(head);
    assert.equal(wire.text, 'HTTP/1.1 100 Continue\r\n\r\n');
    await wire.send('a');
    await wire.send('bc');
    assert.equal(wire.started[0]?.body.toString(), 'abc');
    await wire.answer('/1');
    assert.equal(wire.outline, '100  200 /1');
  });

  it('is not sent when the body came along', async () => {
    const wire = new Wire();
    await wire.send(`${head}abc`);
    await wire.answer('/1');
    assert.equal(wire.outline, '200 /1');
  });

  it('is not sent for a body over the limit', async () => {
    const wire = new Wire({ bodyBytesMax: 2 });
    await wire.send(head);
    assert.equal(wire.outline, '413 body-too-large');
  });

  it('waits for the answers to what came before', async () => {
    const wire = new Wire();
    await wire.send(get('/0') + head);
    assert.equal(wire.text, '');
    await wire.answer('/0');
    assert.equal(wire.outline, '200 /0 100');
    await wire.send('abc');
    await wire.answer('/1');
    assert.match(wire.outline, /200 \/1$/);
  });
});

describe('a deadline', () => {
  it('closes a connection that sends nothing', async () => {
    const wire = new Wire();
    await wire.wait(9_999);
    assert.equal(wire.server.destroyed, false);
    await wire.wait(2);
    assert.equal(wire.server.destroyed, true);
    assert.equal(wire.text, '');
  });

  it('answers 408 to half a head', async () => {
    const wire = new Wire();
    await wire.send('GET / HTTP/1.1\r\n');
    await wire.wait(10_001);
    assert.equal(wire.outline, '408 timeout');
    assert.equal(wire.hasEnded, true);
  });

  it('is not moved by bytes that trickle in', async () => {
    const wire = new Wire();
    for (const piece of ['G', 'E', 'T', ' ']) {
      await wire.send(piece);
      await wire.wait(3_000);
    }
    assert.equal(wire.outline, '408 timeout');
  });

  it('answers 408 to half a body', async () => {
    const wire = new Wire();
    await wire.send(put('/1', 'abc').slice(0, -1));
    await wire.wait(29_999);
    assert.equal(wire.outline, '');
    await wire.wait(2);
    assert.equal(wire.outline, '408 timeout');
  });

  it('ends a connection that is idle for five minutes', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    await wire.answer('/1');
    await wire.wait(300_000);
    assert.equal(wire.hasEnded, false);
    await wire.wait(1);
    assert.equal(wire.hasEnded, true);
    assert.equal(wire.outline, '200 /1');
  });

  it('starts again with each request', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    await wire.wait(60_000);
    await wire.answer('/1');
    await wire.send('GET');
    await wire.wait(9_000);
    await wire.send(' /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await wire.answer('/2');
    assert.equal(wire.outline, '200 /1 200 /2');
  });

  it('answers 504 for a late handler, and wipes the request only when it is done', async () => {
    const wire = new Wire();
    await wire.send(put('/1', 'abc'));
    await wire.wait(90_001);
    assert.equal(wire.outline, '504 timeout');
    const body = wire.started[0]?.body ?? Buffer.alloc(0);
    assert.equal(body.toString(), 'abc');
    await wire.answer('/1');
    assert.equal(wire.outline, '504 timeout');
    assert(isZero(body));
  });

  it('cuts off a peer that does not take its answer', async () => {
    const wire = new Wire();
    wire.client.pause();
    await wire.send(get('/1'));
    await wire.answer('/1', 'x'.repeat(1024 * 1024));
    await wire.wait(1);
    await wire.wait(60_000);
    assert.equal(wire.server.destroyed, false);
    await wire.wait(1);
    assert.equal(wire.server.destroyed, true);
  });

  it('cuts off a peer that goes on sending after the last answer', async () => {
    const wire = new Wire();
    await wire.send('BAD\r\n');
    assert.equal(wire.outline, '400 request-line-malformed');
    await wire.send('more');
    assert.equal(wire.server.destroyed, false);
    await wire.wait(2_001);
    assert.equal(wire.server.destroyed, true);
  });
});

describe('after the answer', () => {
  it('request and answer are zero, and so is what was written', async () => {
    const wire = new Wire();
    await wire.send(put('/1', 'secret', 'X-Vault-Token: hvs.secret'));
    const [exchange] = wire.started;
    assert(exchange !== undefined);
    const { body } = exchange;
    assert.equal(body.toString(), 'secret');
    const answer = textAnswer('{"secret":1}');
    exchange.answer(answer);
    exchange.release();
    await settle();
    assert.equal(wire.outline, '200 {"secret":1}');
    assert(isZero(body));
    assert(answer.body !== null && isZero(answer.body));
    assert.equal(wire.writtenBuffers.length, 1);
    assert(wire.writtenBuffers.every(isZero));
  });

  it('an answer too long to be copied is zero too', async () => {
    const wire = new Wire();
    await wire.send(get('/1'));
    const answer = { ...textAnswer(''), body: Buffer.alloc(100_000, 'secret') };
    wire.started[0]?.answer(answer);
    await settle();
    assert.equal(wire.writes.join('').length > 100_000, true);
    assert(isZero(answer.body));
  });
});

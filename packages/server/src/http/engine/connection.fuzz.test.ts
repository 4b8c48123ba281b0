// Whatever a client sends and however handlers dawdle: every started request is answered once and
// in order, no byte of the budget is lost, nothing hangs, and nothing of ours breaks.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Exchange } from './exchange.js';
import { isZero } from './testing/is-zero.js';
import { get, put, settle, textAnswer, Wire } from './testing/wire.js';

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.nat(999).map((n) => get(`/g${n}`)) },
  { weight: 3, arbitrary: fc.nat(999).map((n) => put(`/p${n}`, 'x'.repeat(n % 50))) },
  { weight: 2, arbitrary: fc.nat(999).map((n) => put(`/c${n}`, 'abc', 'Expect: 100-continue')) },
  { weight: 1, arbitrary: fc.constant(get('/last', 'Connection: close')) },
  { weight: 1, arbitrary: fc.constant('GET /old HTTP/1.0\r\n\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\n', 'BAD\r\n', 'GET / HTTP/1.1\r\n\r\n', '\0') },
  { weight: 1, arbitrary: fc.string({ maxLength: 5, unit: 'binary-ascii' }) },
);

type Delay = 'at once' | 'microtask' | 'turn';
const delay = fc.constantFrom<Delay>('at once', 'microtask', 'turn');

function answerAfter(when: Delay, exchange: Exchange): void {
  const work = (): void => {
    exchange.answer(textAnswer(`<${exchange.head.target}>`));
    exchange.release();
  };
  if (when === 'at once') work();
  else if (when === 'microtask') queueMicrotask(work);
  else setImmediate(work);
}

describe('HttpConnection', () => {
  it('keeps its promises to any client', async () => {
    const scripts = fc.array(piece, { minLength: 1, maxLength: 8 });
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        scripts,
        cuts,
        fc.array(delay, { minLength: 1 }),
        async (all, at, delays) => {
          const targets: string[] = [];
          const wire = new Wire({ pipelineMax: 3 }, (exchange) => {
            answerAfter(delays[targets.length % delays.length] ?? 'at once', exchange);
            targets.push(`<${exchange.head.target}>`);
          });
          const text = all.join('');
          const ends = [...at.map((cut) => Math.floor(cut * text.length)), text.length];
          ends.sort((a, b) => a - b);
          let start = 0;
          for (const end of ends) {
            if (end > start) await wire.send(text.slice(start, end));
            start = end;
          }
          wire.client.end();
          for (let i = 0; i < 20 && !wire.hasEnded; i += 1) await settle();
          assert.deepEqual(wire.faults, []);
          assert.deepEqual(wire.text.match(/<[^>]*>/g) ?? [], targets);
          assert.equal(wire.context.bodyBytes, 0);
          assert.equal(wire.hasEnded, true, 'the connection hangs');
          assert(wire.writtenBuffers.every((bytes) => isContinue(bytes) || isZero(bytes)));
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** '100 Continue' is a constant and not wiped. */
function isContinue(bytes: Buffer): boolean {
  return bytes.toString('latin1') === 'HTTP/1.1 100 Continue\r\n\r\n';
}

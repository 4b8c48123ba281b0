// The engine for tests keeps the same rules as the durable ones.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { storageConformance } from './conformance.js';
import { compareUtf8, MemoryEngine } from './memory.js';

storageConformance('inmem', async () => {
  const engine = new MemoryEngine();
  return { engine, release: () => engine.close() };
});

it('orders any two texts as their UTF-8 bytes', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const want = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareUtf8(a, b)), want);
    }),
    { numRuns: 2000 },
  );
  assert.ok(compareUtf8('\u{1f511}', '\uffee') > 0);
});

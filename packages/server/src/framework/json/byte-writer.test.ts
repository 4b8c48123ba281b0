import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.js';

type Step =
  | { readonly kind: 'text' | 'string' | 'bytes' | 'ascii'; readonly value: string }
  | { readonly kind: 'repeat'; readonly from: number; readonly to: number };

const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 120 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('text' as const, 'string' as const, 'bytes' as const),
    value: fc.string({ unit: 'grapheme', maxLength: 120 }),
  }),
  fc.record({ kind: fc.constant('string' as const), value: fc.string({ maxLength: 60 }) }),
  fc.record({ kind: fc.constant('ascii' as const), value: ascii }),
  fc.record({ kind: fc.constant('repeat' as const), from: fc.nat(), to: fc.nat() }),
);

function take(out: ByteWriter, step: Step, before: Buffer): Buffer {
  if (step.kind === 'repeat') {
    const [start, end] = [step.from, step.to]
      .map((each) => each % (before.length + 1))
      .sort((a, b) => a - b) as [number, number];
    out.repeat(start, end);
    return Buffer.concat([before, before.subarray(start, end)]);
  }
  const { kind, value } = step;
  if (kind === 'bytes') out.bytes(Buffer.from(value));
  else out[kind](value);
  return Buffer.concat([before, Buffer.from(kind === 'string' ? JSON.stringify(value) : value)]);
}

test('what is written is there, in order, however it was written', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 12 }), (all) => {
      const out = new ByteWriter(0);
      let expected: Buffer = Buffer.alloc(0);
      for (const step of all) expected = take(out, step, expected);
      assert.equal(out.length, expected.length);
      assert.deepEqual(Buffer.from(out.view()), expected);
    }),
    { numRuns: 2000 },
  );
});

test('a string is its JSON text, whatever is in it', () => {
  for (const value of [
    '',
    'plain',
    'a"b',
    'a\\b',
    '\n',
    '\x7f',
    'é',
    '\u2028',
    '😀',
    '\ud800',
    'x'.repeat(49),
  ]) {
    const out = new ByteWriter(0);
    out.string(value);
    assert.equal(out.view().toString(), JSON.stringify(value));
  }
});

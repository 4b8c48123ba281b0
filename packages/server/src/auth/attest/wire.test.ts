// What arrives at the door, as text that anybody made up: it is read, or refused with an ApiError, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../../framework/errors.js';
import { RawJson } from '../../framework/json/value.js';
import { type LoginEvidence, parseLoginEvidence, parseOffered } from './wire.js';

const raw = (value: unknown) => new RawJson(Buffer.from(JSON.stringify(value)));

const record = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('tdx-dcap', 'nvidia-gpu', 'tpm2-quote', 'ear', 'x') },
  { weight: 1, arbitrary: fc.string() },
);
const item = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(record, fc.uint8Array({ maxLength: 8 }), fc.constantFrom(null, 2, 4, 6, 64))
      .map(([format, bytes, indicator]) => [
        `application/vnd.vouchsafe.${format}`,
        Buffer.from(bytes).toString('base64url'),
        ...(indicator === null ? [] : [indicator]),
      ]),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const name = fc.oneof(fc.constantFrom('lead', 'gpu0', 'gpu1', 'tpm'), fc.string());
const evidence = fc.oneof(item, fc.dictionary(name, item, { maxKeys: 20 }));

function readOrRefuse<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code !== '', true);
    return null;
  }
}

test('evidence is read with a lead and bounded parts, or refused', () => {
  let accepted = 0;
  fc.assert(
    fc.property(evidence, (value) => {
      const found = readOrRefuse(() => parseLoginEvidence(raw(value)));
      if (found === null) return;
      accepted += 1;
      assert.ok(found.parts.has('lead'));
      assert.ok(found.isComposite ? found.parts.size >= 2 : found.parts.size === 1);
      assert.ok(found.parts.size <= 16);
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted > 50, `${accepted}`);
});

test('endorsements are read for parts that there are, or refused', () => {
  const piece = { format: 'tdx-dcap', bytes: Buffer.alloc(1) } as const;
  const whole: LoginEvidence = {
    isComposite: true,
    parts: new Map([
      ['lead', piece],
      ['gpu0', piece],
    ]),
    received: Buffer.alloc(0),
  };
  const lists = fc.array(item, { maxLength: 10 });
  const offered = fc.oneof(lists, fc.dictionary(name, lists, { maxKeys: 4 }), fc.jsonValue());
  fc.assert(
    fc.property(offered, (value) => {
      const found = readOrRefuse(() => parseOffered(raw(value), whole));
      for (const [part, records] of found ?? []) {
        assert.ok(whole.parts.has(part));
        assert.ok(records.length <= 8);
      }
    }),
    { numRuns: 1000 },
  );
});

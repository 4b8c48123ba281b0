// Composite evidence in a collection of wrappers: read part by part, and refused where a part is not plain.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { DcapCa } from '../testing/dcap-ca.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import { createSoftwareNvidia, mintGpuReport } from '../testing/nvidia-gpu.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import { parseComposite } from './parse-composite.js';

const now = new Date('2026-05-01T12:00:00Z');
const quote = mintTdxQuote(DcapCa.create({ now }), { version: 5, report: {} });
const nvidia = createSoftwareNvidia({ notBefore: now, notAfter: now });
const report = mintGpuReport(nvidia, { nonce: new Uint8Array(32) });

const record = (format: string, bytes: Uint8Array, ...indicator: number[]) => [
  `application/vnd.vouchsafe.${format}`,
  Buffer.from(bytes).toString('base64url'),
  ...indicator,
];
const good = { lead: record('tdx-dcap', quote), gpu0: record('nvidia-gpu', report, 4) };
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

it('a collection is read to evidence by name', () => {
  const parts = parseComposite(encode(good));
  assert.deepEqual(
    [...parts].map(([name, { format }]) => [name, format]),
    [
      ['lead', 'tdx-dcap'],
      ['gpu0', 'nvidia-gpu'],
    ],
  );
});

const rows: readonly (readonly [string, EvidenceErrorCode, unknown])[] = [
  ['one record', 'malformed', good.lead],
  ['a collection within it', 'malformed', { ...good, more: { gpu1: good.gpu0 } }],
  ['endorsements for a part', 'malformed', { ...good, gpu0: record('nvidia-gpu', report, 2) }],
  ['a media type that nobody knows', 'unsupported-format', { ...good, x: ['text/plain', 'AAAA'] }],
  [
    'a part that is none of its format',
    'unsupported-version',
    { ...good, gpu0: record('tdx-dcap', report) },
  ],
  [
    'a part of another format’s bytes',
    'unsupported-version',
    { ...good, lead: record('nvidia-gpu', quote) },
  ],
];
const nested = (depth: number): unknown => (depth === 0 ? good.gpu0 : { a: nested(depth - 1) });
const many = Array.from({ length: 33 }, (_, index) => [`gpu${index}`, good.gpu0]);
const text = JSON.stringify(good);
const textRows: readonly (readonly [string, EvidenceErrorCode, string])[] = [
  ['nothing', 'malformed', ''],
  ['an empty collection', 'malformed', '{}'],
  ['a part twice', 'malformed', text.replace('{', `{"gpu0":${JSON.stringify(good.gpu0)},`)],
  [
    'a part twice under two spellings',
    'malformed',
    text.replace('{', '{"\\u0067pu0":["a/b","AA"],'),
  ],
  ['more parts than any machine has', 'malformed', JSON.stringify(Object.fromEntries(many))],
  ['collections nested five deep', 'malformed', JSON.stringify({ a: nested(5) })],
  ['lists nested a thousand deep', 'malformed', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ['a name of 129 characters', 'malformed', text.replace('gpu0', 'g'.repeat(129))],
  ['a part without a name', 'malformed', text.replace('gpu0', '')],
  ['a value with padding', 'malformed', text.replace(/"\]/, '="]')],
  ['text behind it', 'malformed', `${text} {}`],
  ['a megabyte and a half', 'malformed', `${text}${' '.repeat(1_500_000)}`],
];
for (const [sentence, code, value] of textRows) {
  it(`refuses ${sentence}`, () => {
    assert.throws(() => parseComposite(new TextEncoder().encode(value)), {
      name: 'EvidenceError',
      code,
    });
  });
}

it('refuses a collection cut at any length', () => {
  const whole = encode(good);
  for (let end = 0; end < whole.length; end += 1) {
    assert.throws(() => parseComposite(whole.subarray(0, end)), EvidenceError, `${end}`);
  }
});

for (const [sentence, code, value] of rows) {
  it(`refuses ${sentence}`, () => {
    assert.throws(
      () => parseComposite(encode(value)),
      (error) => {
        assert.ok(error instanceof EvidenceError, String(error));
        assert.equal(error.code, code, error.message);
        return true;
      },
    );
  });
}

it('no input crashes the reader', () => {
  assertRefusesCleanly(mutationsOf(encode(good)), parseComposite, 1000);
});

// Composite evidence in a collection of wrappers: read part by part, and refused where a part is not plain.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { DcapCa } from '../testing/dcap-ca.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import { createSoftwareNvidia, mintGpuReport } from '../testing/nvidia-gpu.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import { parseRequiredComposition } from './appraise-composite.js';
import { isComposite, parseComposite } from './parse-composite.js';

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

for (const [sentence, value, expected] of [
  ['a lead and a GPU', good, true],
  ['a lead that lacks the others', { lead: good.lead }, true],
  ['a lead with something in its place', { lead: { x: good.lead } }, true],
  ['parts without a lead', { gpu0: good.gpu0, gpu1: good.gpu0 }, false],
  ['one record', good.lead, false],
  ['what is no wrapper', { lead: 1 }, false],
] as const) {
  it(`${sentence}: ${expected ? 'composite evidence' : 'none'}`, () => {
    assert.equal(isComposite(encode(value)), expected);
  });
}

it('bytes that are nothing are no composite evidence', () => {
  for (const bytes of [new Uint8Array(), quote, report, Uint8Array.of(0x7b)]) {
    assert.equal(isComposite(bytes), false);
  }
});

const asked = { lead: ['tdx-dcap', 'sev-snp'], gpu0: ['nvidia-gpu'] };
it('a composition that is asked for is read as it is written', () => {
  assert.deepEqual(parseRequiredComposition(asked), {
    lead: ['tdx-dcap', 'sev-snp'],
    gpu0: ['nvidia-gpu'],
  });
});

const tooMany = Object.fromEntries(Array.from({ length: 16 }, (_, at) => [`gpu${at}`, asked.gpu0]));
for (const [sentence, value] of [
  ['nothing', null],
  ['a list', [asked]],
  ['text', 'lead'],
  ['no parts', {}],
  ['no lead', { gpu0: asked.gpu0, gpu1: asked.gpu0 }],
  ['a lead alone', { lead: asked.lead }],
  ['a TPM that may lead', { ...asked, lead: ['tdx-dcap', 'tpm2-quote'] }],
  ['a part of no format', { ...asked, gpu0: [] }],
  ['a part of an unknown format', { ...asked, gpu0: ['nvidia-gpu', 'gpu'] }],
  ['a format twice', { ...asked, gpu0: ['nvidia-gpu', 'nvidia-gpu'] }],
  ['a format that is no list', { ...asked, gpu0: 'nvidia-gpu' }],
  ['a name that is none', { ...asked, 'GPU 0': asked.gpu0 }],
  ['a name of all objects', { ...asked, toString: asked.gpu0 }],
  ['seventeen parts', { ...asked, ...tooMany }],
] as const) {
  it(`no composition can be asked for that is ${sentence}`, () => {
    assert.throws(() => parseRequiredComposition(value), {
      name: 'EvidenceError',
      code: 'input-invalid',
    });
  });
}

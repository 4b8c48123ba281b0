// `attest verify` and `attest show` over genuine evidence as it lies in files, and over everything that is wrong with it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { formatDcapEndorsements } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral, mintTdxQuote } from '@vouchsafe/verifier/testing';
import { judge, put, skip, vector, verify } from '../../testing/evidence.js';
import { newFolder, runVouchsafe } from '../../testing/stub-server.js';

interface VectorSet {
  readonly name: string;
  readonly quote: string;
  readonly collateral: string;
  readonly check_at: string;
  readonly status: string;
  readonly computed: {
    readonly advisory_ids: readonly string[];
    readonly tdx_module: unknown;
  };
}
const sets: readonly VectorSet[] = skip
  ? []
  : (JSON.parse(readFileSync(vector('facts.json'), 'utf8')) as { sets: VectorSet[] }).sets;
const wholeSets = sets.filter(
  (set) => set.computed.tdx_module !== null && set.collateral.endsWith('.collateral.json'),
);

/** Where a quote lies inside a JSON file, it is taken out; every other file is read as it is. */
function quoteFile(set: VectorSet): string {
  const [path = ''] = set.quote.split(' ');
  if (!path.endsWith('.json')) return vector(path);
  const { tdx_quote_base64: text } = JSON.parse(readFileSync(vector(path), 'utf8')) as {
    tdx_quote_base64: string;
  };
  return put('quote.base64', text);
}

describe('genuine TDX quotes', { skip }, () => {
  test('there are at least ten sets with all of their collateral', () => {
    assert.ok(wholeSets.length >= 10, `${wholeSets.length}`);
  });
  for (const set of wholeSets) {
    test(`${set.name}: ${set.status}`, async () => {
      const args = [`-collateral=${vector(set.collateral)}`, `-at=${set.check_at}`];
      const [code, verdict] = await judge(...args, quoteFile(set));
      assert.deepEqual(Object.keys(verdict), [
        'verdict',
        'genuine',
        'format',
        'tcb_status',
        'advisories',
        'debug',
        'claims',
        'faults',
      ]);
      assert.equal(verdict.format, 'tdx-dcap');
      assert.equal(verdict.genuine, true);
      const accepted = set.status === 'UpToDate';
      assert.equal(code, accepted ? 0 : 3);
      assert.equal(verdict.verdict, accepted ? 'accepted' : 'refused');
      if (set.status === 'NoMatchingLevel') {
        assert.equal(verdict.faults[0]?.code, 'tcb-no-matching-level');
        return;
      }
      assert.equal(verdict.tcb_status, set.status);
      assert.deepEqual([...verdict.advisories].sort(), set.computed.advisory_ids);
      assert.equal(verdict.faults.length > 0, !accepted);
      assert.equal(verdict.debug, false);
    });
  }
});

type SnpRow = readonly [report: string, key: string, at: string, code: number, fault?: string];
const snp: readonly SnpRow[] = [
  ['trustee/snp-v2-milan.report', 'trustee/snp-v2-milan.vcek.der', '2025-06-01', 0],
  ['trustee/snp-v3-milan-vlek.report', 'trustee/snp-v3-milan-vlek.vlek.der', '2025-06-01', 0],
  ['oak/snp-v3-milan.report', 'oak/snp-v3-milan.vcek.der', '2025-06-01', 0],
  ['oak/snp-v5-genoa.report', 'oak/snp-v5-genoa.vcek.der', '2026-01-01', 0],
  ['oak/snp-v5-turin.report', 'oak/snp-v5-turin.vcek.der', '2026-01-01', 0],
  ['virtee-sev/snp-v2-milan.report.hex', 'virtee-sev/snp-v2-milan.vcek.der', '2025-06-01', 0],
  [
    'confidential-sidecar/snp-v2-milan-aci.report',
    'confidential-sidecar/snp-v2-milan-aci.vcek-chain.pem',
    '2025-06-01',
    0,
  ],
  [
    'go-sev-guest/snp-v2-milan-debug.report',
    'go-sev-guest/snp-v2-milan-debug.vcek.der',
    '2025-06-01',
    3,
    'debug',
  ],
  [
    'trustee/snp-v2-milan.report',
    'virtee-sev/snp-v2-milan.vcek.der',
    '2025-06-01',
    4,
    'chip-mismatch',
  ],
  ['oak/snp-v5-genoa.report', 'oak/snp-v5-turin.vcek.der', '2026-01-01', 4, 'product-mismatch'],
  [
    'trustee/snp-v3-milan-vlek.report',
    'trustee/snp-v3-milan-vlek.vlek.der',
    '2026-06-01',
    4,
    'certificate-expired',
  ],
];

describe('genuine SEV-SNP reports', { skip }, () => {
  for (const [report, key, at, want, fault] of snp) {
    test(`${report} with ${key} at ${at}: ${fault ?? 'accepted'}`, async () => {
      const args = [`-certs=${vector(`snp/${key}`)}`, `-at=${at}T00:00:00Z`];
      const [code, verdict] = await judge(...args, vector(`snp/${report}`));
      assert.equal(verdict.faults[0]?.code, fault, JSON.stringify(verdict.faults));
      assert.equal(code, want);
      assert.equal(verdict.format, 'sev-snp');
      assert.equal(verdict.genuine, want !== 4);
    });
  }

  test('the chain may be given beside the key, in a file of its own', async () => {
    const debug = vector('snp/go-sev-guest/snp-v2-milan-debug');
    const [code] = await judge(
      `-certs=${debug}.vcek.der`,
      `-certs=${vector('snp/go-sev-guest/milan-vcek-chain.pem')}`,
      '-at=2025-06-01T00:00:00Z',
      `${debug}.report`,
    );
    assert.equal(code, 3);
  });

  test('the table says what was not checked', async () => {
    const path = vector('snp/trustee/snp-v3-milan-vlek');
    const args = [`-certs=${path}.vlek.der`, '-at=2025-06-01T00:00:00Z'];
    const { code, out } = await verify(...args, `${path}.report`);
    assert.equal(code, 0);
    assert.match(out, /Verdict +accepted\n/);
    assert.match(out, /not checked: whom the evidence was made for/);
    assert.match(out, /not checked: revocation/);
    assert.match(out, /asked for at VMPL 1\n/);
  });
});

const phala = 'tdx/phala-dcap-qvl/tdx-v4-production';
const at = '-at=2025-07-04T10:16:31Z';

function changed(offset: number, change: (byte: number) => number): string {
  const bytes = readFileSync(vector(`${phala}.quote`));
  bytes[offset] = change(bytes[offset] ?? 0);
  return put('changed.quote', bytes);
}

const collateral = (path = phala): string => `-collateral=${vector(`${path}.collateral.json`)}`;
const refused: Readonly<Record<string, readonly [() => string[], string]>> = {
  'a changed measurement': [
    () => [collateral(), at, changed(200, (byte) => byte ^ 1)],
    'signature-invalid',
  ],
  'a changed signature': [
    () => [collateral(), at, changed(640, (byte) => byte ^ 1)],
    'signature-invalid',
  ],
  'a quote that is cut': [
    () => [collateral(), at, put('x', readFileSync(vector(`${phala}.quote`)).subarray(0, 1000))],
    'malformed',
  ],
  'a quote with text behind it': [
    () => [collateral(), at, vector('tdx/go-tdx-guest/tdx-v4-production-spr-e4.quote')],
    'trailing-data',
  ],
  'collateral of another platform': [
    () => [
      collateral('tdx/automata/tdx-v4-production-00806f050000'),
      '-at=2025-07-10T00:00:00Z',
      vector(`${phala}.quote`),
    ],
    'collateral-mismatch',
  ],
  'collateral that has expired': [
    () => [collateral(), '-at=2025-12-01T00:00:00Z', vector(`${phala}.quote`)],
    'crl-expired',
  ],
  'no collateral': [() => [at, vector(`${phala}.quote`)], 'collateral-missing'],
  'a report without certificates': [
    () => [at, vector('snp/oak/snp-v3-milan.report')],
    'collateral-missing',
  ],
  'a report with two keys': [
    () => [
      at,
      `-certs=${vector('snp/oak/snp-v3-milan.vcek.der')}`,
      `-certs=${vector('snp/trustee/snp-v2-milan.vcek.der')}`,
      vector('snp/oak/snp-v3-milan.report'),
    ],
    'collateral-missing',
  ],
  'a key whose bytes were changed': [
    () => [
      at,
      `-certs=${vector('bad/trustee/snp-vcek-corrupted-new.der')}`,
      vector('snp/trustee/snp-v2-milan.report'),
    ],
    'chain-invalid',
  ],
  'a README': [() => [at, vector('README.md')], 'malformed'],
};
describe('evidence that is not genuine ends with 4', { skip }, () => {
  for (const [name, [args, code]] of Object.entries(refused)) {
    test(`refuses ${name}`, async () => {
      const [exit, verdict] = await judge(...args());
      assert.equal(verdict.faults[0]?.code, code, JSON.stringify(verdict.faults));
      assert.equal(exit, 4);
      assert.equal(verdict.verdict, 'refused');
      assert.equal(verdict.genuine, false);
      assert.deepEqual(verdict.claims, {});
    });
  }
});

describe('a policy decides', { skip }, () => {
  const policy = (formats: unknown, more = {}): string =>
    `-policy=${put('policy.json', JSON.stringify({ name: 'p', formats, ...more }))}`;
  const quote = vector(`${phala}.quote`);
  const debug = vector('snp/go-sev-guest/snp-v2-milan-debug');
  const snpArgs = [`-certs=${debug}.vcek.der`, at, `${debug}.report`];

  test('a debuggable guest passes where the policy says so', async () => {
    const [code, verdict] = await judge(
      policy({ 'sev-snp': {} }, { allow_debug: true }),
      ...snpArgs,
    );
    assert.deepEqual([code, verdict.debug], [0, true]);
  });

  const rows: Readonly<Record<string, readonly [string, string]>> = {
    'a required value that differs': [
      policy({ 'tdx-dcap': { require: { rtmr0: ['00'] } } }),
      'requirement',
    ],
    'a format it does not name': [policy({ 'sev-snp': {} }), 'format-not-accepted'],
    'a TCB status it does not list': [
      policy({ 'tdx-dcap': { tcb_statuses: ['OutOfDate'] } }),
      'tcb-status',
    ],
  };
  for (const [name, [flag, fault]] of Object.entries(rows)) {
    test(`genuine evidence with ${name} ends with 3`, async () => {
      const [code, verdict] = await judge(flag, collateral(), at, quote);
      assert.equal(verdict.faults[0]?.code, fault, JSON.stringify(verdict.faults));
      assert.deepEqual([code, verdict.genuine, verdict.verdict], [3, true, 'refused']);
    });
  }
});

test('what the simulated TEE signs is not genuine', async () => {
  const now = new Date();
  const ca = DcapCa.create({ now });
  const quote = put('quote', mintTdxQuote(ca, { version: 4, report: {} }));
  const text = formatDcapEndorsements(mintDcapCollateral(ca, { now }));
  const [code, verdict] = await judge(`-collateral=${put('c.json', text)}`, quote);
  assert.deepEqual([code, verdict.faults[0]?.code], [4, 'chain-untrusted']);
});

const broken: Readonly<Record<string, readonly [() => string[], number, RegExp]>> = {
  'no file': [() => [], 2, /Not enough arguments/],
  'two files': [() => ['a', 'b'], 2, /Too many arguments/],
  'an unknown flag': [() => ['-colateral=x', 'a'], 2, /did you mean -collateral/],
  'a time that is none': [() => ['-at=yesterday', 'a'], 2, /want a time/],
  'a day without a time': [() => ['-at=2025-01-01', 'a'], 2, /want a time/],
  'a file that is not there': [() => ['/nosuch/quote'], 1, /ENOENT/],
  'a folder': [() => [newFolder()], 1, /no file/],
  'a policy that is no JSON': [
    () => [`-policy=${put('p', '{')}`, put('q', 'x')],
    1,
    /no appraisal policy: policy: /,
  ],
  'a policy that says the same thing twice': [
    () => [
      `-policy=${put('p', '{"name":"p","allow_debug":false,"allow_debug":true,"formats":{}}')}`,
      put('q', 'x'),
    ],
    1,
    /no appraisal policy: policy: /,
  ],
  'a policy with an unknown member': [
    () => [`-policy=${put('p', '{"name":"p","formats":{},"x":1}')}`, put('q', 'x')],
    1,
    /no appraisal policy/,
  ],
  'an empty file': [() => [put('q', '')], 4, /^$/],
  'random bytes': [() => [put('q', Buffer.alloc(500, 0xa5))], 4, /^$/],
};
for (const [name, [args, code, err]] of Object.entries(broken)) {
  test(`attest verify of ${name} ends with ${code}`, async () => {
    const outcome = await verify(...args());
    assert.match(outcome.err, err);
    assert.equal(outcome.code, code, outcome.err);
  });
}

test('attest show decodes and says that it did not verify', { skip }, async () => {
  const path = vector(`${phala}.quote`);
  const table = await runVouchsafe(['attest', 'show', path]);
  assert.match(table.out, /^NOT VERIFIED/);
  assert.match(table.out, /\nmrTd +91eb2b44d141d4ec/);
  const json = await runVouchsafe(['attest', 'show', '-format=json', path]);
  const shown = JSON.parse(json.out) as { verified: boolean; format: string };
  assert.deepEqual([shown.verified, shown.format], [false, 'tdx-dcap']);
  const nothing = await runVouchsafe(['attest', 'show', vector('README.md')]);
  assert.equal(nothing.code, 4);
});

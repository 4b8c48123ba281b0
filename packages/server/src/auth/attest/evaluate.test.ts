import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type DcapEndorsements,
  type EvidenceFormat,
  evidenceFormats,
  parseDcapEndorsements,
  pinnedRootsOf,
  rememberingProvider,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { CACHE_LIMITS, EndorsementCache } from '../../endorsements/cache.js';
import { EndorsementFinder } from '../../endorsements/find.js';
import type { EndorsementSource } from '../../endorsements/source.js';
import { type Answer, servePcs, VendorServer } from '../../endorsements/testing/vendor-server.js';
import { kdsSource } from '../../endorsements/vendor-kds.js';
import { pcsSource } from '../../endorsements/vendor-pcs.js';
import { MemoryStorage } from '../../framework/testing/memory-storage.js';
import { type Attempt, evaluate } from './evaluate.js';

const folder =
  process.env.VOUCHSAFE_VECTORS ??
  fileURLToPath(new URL('../../../../../../shared/vectors', import.meta.url));
const skip = existsSync(`${folder}/README.md`)
  ? false
  : 'no vectors: set VOUCHSAFE_VECTORS to their folder';
const read = (path: string): Buffer => readFileSync(`${folder}/${path}`);

const SET = 'tdx/flashbots-attested-tls/tdx-v4-gcp-2026-06';
const WITHIN = new Date('2026-07-15T08:03:03Z');
const PLATFORM = { fmspc: '00806f050000', ca: 'platform' } as const;
const TCB = '/tdx/certification/v4/tcb?fmspc=00806f050000';
/** REPORT_DATA of a v4 quote: header 48, and 520 into the body. */
const reportDataOf = (quote: Buffer): Buffer => quote.subarray(48 + 520, 48 + 584);

let server: VendorServer;
before(async () => {
  server = await VendorServer.start('https');
});
after(async () => server.close());

function scene(own: readonly DcapEndorsements[] = []) {
  server.asked.length = 0;
  server.answers.clear();
  const storage = new MemoryStorage();
  const faults: string[] = [];
  const local: EndorsementSource = {
    name: 'bundle',
    findDcap: async () => own,
    findSnpKeys: async () => [],
    findSnpCrls: async () => [],
  };
  let now = WITHIN;
  const client = server.client({ clock: () => now.getTime(), timeoutMs: 2000 });
  const onFault = (source: string): void => void faults.push(source);
  const trust = {
    roots: Object.fromEntries(evidenceFormats.map((format) => [format, pinnedRootsOf(format)])),
    endorsements: new EndorsementFinder({
      local: [local],
      cache: new EndorsementCache(() => storage, CACHE_LIMITS),
      vendors: [pcsSource(client, server.url), kdsSource(client, server.url)],
      refreshIntervalMs: 86_400_000,
      onFault,
    }),
    provider: rememberingProvider(nodeProvider, 100),
    onSourceFault: onFault,
  };
  return {
    storage,
    faults,
    async evaluate(at: Date, format: EvidenceFormat, evidence: Buffer, bound: Buffer) {
      now = at;
      const attempts: Attempt[] = [];
      try {
        const found = await evaluate(trust, {
          format,
          evidence,
          offered: [],
          expectedBinding: new Uint8Array(bound),
          now: at,
          onAttempt: (attempt) => attempts.push(attempt),
        });
        return { outcome: found.endorsementSource, claims: found.claims, attempts };
      } catch (error) {
        return { outcome: (error as { code: string }).code, claims: null, attempts };
      }
    },
  };
}

test('a genuine TDX quote is verified with what the service gives, then with what was kept', {
  skip,
}, async () => {
  const { evaluate: judge, storage } = scene();
  const quote = read(`${SET}.quote`);
  const collateral = parseDcapEndorsements(String(read(`${SET}.collateral.json`)));
  servePcs(server, collateral, PLATFORM);
  const first = await judge(WITHIN, 'tdx-dcap', quote, reportDataOf(quote));
  assert.equal(first.outcome, 'pccs');
  assert.equal(first.claims?.tcbStatus, 'UpToDate');
  assert.equal(server.asked.length, 4);
  assert.equal(storage.keys().length, 1);
  server.answers.clear();
  const second = await judge(WITHIN, 'tdx-dcap', quote, reportDataOf(quote));
  assert.equal(second.outcome, 'cache');
  assert.equal(server.asked.length, 4);
});

test('a genuine enclave is verified with what the service gives, then with what was kept', {
  skip,
}, async () => {
  const { evaluate: judge } = scene();
  const set = 'sgx/phala-dcap-qvl/sgx-v3-production';
  const quote = read(`${set}.quote`);
  const collateral = parseDcapEndorsements(String(read(`${set}.collateral.json`)));
  const at = new Date('2025-07-04T10:28:44Z');
  // REPORT_DATA of an enclave: header 48, and 320 into the body.
  const bound = quote.subarray(48 + 320, 48 + 384);
  const refused = await judge(at, 'sgx-dcap', quote, bound);
  assert.equal(refused.outcome, 'collateral-missing');
  servePcs(server, collateral, { fmspc: '00a067110000', ca: 'processor' });
  const next = new Date(at.getTime() + 3_600_000);
  const first = await judge(next, 'sgx-dcap', quote, bound);
  assert.equal(first.outcome, 'pccs');
  assert.equal(first.claims?.tcbStatus, 'ConfigurationAndSWHardeningNeeded');
  server.answers.clear();
  assert.equal((await judge(next, 'sgx-dcap', quote, bound)).outcome, 'cache');
  const other = Buffer.alloc(64, 1);
  assert.equal((await judge(next, 'sgx-dcap', quote, other)).outcome, 'binding-mismatch');
});

const outages: readonly [string, Answer][] = [
  ['is down', { status: 503 }],
  ['asks for less', { status: 429 }],
  ['says nothing', 'silent'],
  ['hangs up', 'cut-short'],
  ['answers with rubbish', { body: '<html>busy</html>' }],
  ['answers with too much', { body: 'x'.repeat(1_000_000) }],
  ['does not know the platform', { status: 404 }],
];
for (const [what, answer] of outages) {
  test(`a service that ${what} leaves what was kept in use, until that runs out`, {
    skip,
  }, async () => {
    const { evaluate: judge } = scene();
    const quote = read(`${SET}.quote`);
    const collateral = parseDcapEndorsements(String(read(`${SET}.collateral.json`)));
    servePcs(server, collateral, PLATFORM);
    await judge(new Date('2026-07-10T00:00:00Z'), 'tdx-dcap', quote, reportDataOf(quote));
    server.answers.set(TCB, answer);
    const later = await judge(WITHIN, 'tdx-dcap', quote, reportDataOf(quote));
    assert.equal(later.outcome, 'cache');
    const after = new Date('2026-08-15T00:00:00Z');
    const late = await judge(after, 'tdx-dcap', quote, reportDataOf(quote));
    assert.match(late.outcome, /^(collateral|crl)-expired$/);
  });
}

test('a service that gives another platform’s collateral is overruled by what the server has', {
  skip,
}, async () => {
  const own = parseDcapEndorsements(String(read(`${SET}.collateral.json`)));
  const other = parseDcapEndorsements(
    String(read('tdx/phala-dcap-qvl/tdx-v5-azure-no-matching-tcb.collateral.json')),
  );
  const { evaluate: judge, storage } = scene([own]);
  const quote = read(`${SET}.quote`);
  servePcs(server, { ...own, tcbInfo: other.tcbInfo }, PLATFORM);
  // A day before it runs out the service is asked, and its answer does not hold.
  const at = new Date('2026-07-29T12:00:00Z');
  const { outcome, attempts } = await judge(at, 'tdx-dcap', quote, reportDataOf(quote));
  assert.equal(outcome, 'bundle');
  assert.deepEqual(attempts.at(-1), { source: 'bundle', outcome: 'verified' });
  assert.deepEqual(storage.keys(), []);
});

test('a forged answer is refused and not kept', { skip }, async () => {
  const { evaluate: judge, storage } = scene();
  const quote = read(`${SET}.quote`);
  const collateral = parseDcapEndorsements(String(read(`${SET}.collateral.json`)));
  const tcbInfo = collateral.tcbInfo.replace('"UpToDate"', '"OutOfDate"');
  assert.notEqual(tcbInfo, collateral.tcbInfo);
  servePcs(server, { ...collateral, tcbInfo }, PLATFORM);
  const { outcome } = await judge(WITHIN, 'tdx-dcap', quote, reportDataOf(quote));
  assert.equal(outcome, 'signature-invalid');
  assert.deepEqual(storage.keys(), []);
});

test('a genuine quote that answers another challenge is refused', { skip }, async () => {
  const own = parseDcapEndorsements(String(read(`${SET}.collateral.json`)));
  const { evaluate: judge } = scene([own]);
  const { outcome } = await judge(WITHIN, 'tdx-dcap', read(`${SET}.quote`), Buffer.alloc(64, 1));
  assert.equal(outcome, 'binding-mismatch');
});

test('evidence that is wrong in itself asks the service at most once a minute', {
  skip,
}, async () => {
  const own = parseDcapEndorsements(String(read(`${SET}.collateral.json`)));
  const { evaluate: judge } = scene([own]);
  servePcs(server, own, PLATFORM);
  const quote = Buffer.from(read(`${SET}.quote`));
  quote[200] = (quote[200] ?? 0) ^ 1;
  for (let time = 0; time < 5; time += 1) {
    const { outcome } = await judge(WITHIN, 'tdx-dcap', quote, reportDataOf(quote));
    assert.equal(outcome, 'signature-invalid');
  }
  assert.equal(server.asked.length, 4);
});

for (const [name, path] of [
  ['v3-milan', '/vcek/v1/Milan/'],
  ['v5-genoa', '/vcek/v1/Genoa/'],
  ['v5-turin', '/vcek/v1/Turin/'],
] as const) {
  test(`a genuine SNP report (${name}) is verified with the key that the service has for it`, {
    skip,
  }, async () => {
    const { evaluate: judge, storage } = scene();
    const report = read(`snp/oak/snp-${name}.report`);
    const vcek = read(`snp/oak/snp-${name}.vcek.der`);
    const at = new Date('2026-03-01T00:00:00Z');
    const bound = report.subarray(0x50, 0x90);
    assert.equal((await judge(at, 'sev-snp', report, bound)).outcome, 'collateral-missing');
    const asked = server.asked.find((each) => each.startsWith(`${path}`) && each.includes('SPL='));
    assert.ok(asked !== undefined, server.asked.join(' '));
    const { amdCertificates } = await import('@vouchsafe/verifier');
    const product = name.slice(3) as 'milan' | 'genoa' | 'turin';
    const pem = Buffer.from(amdCertificates[product].ask)
      .toString('base64')
      .replace(/.{64}/g, '$&\n');
    const chain = `-----BEGIN CERTIFICATE-----\n${pem.trimEnd()}\n-----END CERTIFICATE-----\n`;
    server.answers.set(asked, { body: vcek });
    server.answers.set(`${path}cert_chain`, { body: chain });
    // "Not found" is remembered for ten minutes.
    const later = new Date(at.getTime() + 600_000);
    const second = await judge(later, 'sev-snp', report, bound);
    assert.equal(second.outcome, 'kds');
    assert.equal(second.claims?.values.revocation_checked, false);
    assert.equal(storage.keys().length, 1);
    server.answers.clear();
    assert.equal((await judge(later, 'sev-snp', report, bound)).outcome, 'cache');
  });
}

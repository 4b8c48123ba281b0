// Evidence with a TPM in it, evaluated as at a login: quotes by a certified key, and Azure's VMs with collateral from a
// bundle. Everything comes from software vendors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EvidenceFormat, sessionNonce, type TrustedRoot } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  azureContainer,
  createSoftwareAk,
  createSoftwareAkCa,
  DcapCa,
  mintAttest,
  mintDcapCollateral,
  mintHclReport,
  mintTdxQuote,
  mintTpmQuote,
  runtimeData,
  runtimeReportData,
  signAttest,
  tdReportBytes,
} from '@vouchsafe/verifier/testing';
import { CACHE_LIMITS, EndorsementCache } from '../../endorsements/cache.js';
import { EndorsementFinder } from '../../endorsements/find.js';
import { MemoryStorage } from '../../framework/testing/memory-storage.js';
import { evaluate } from './evaluate.js';

const now = new Date('2026-05-01T12:00:00Z');
const dates = { notBefore: new Date('2025-01-01'), notAfter: new Date('2040-01-01') };
const bound = new Uint8Array(64).fill(7);
const nonce = await sessionNonce(bound, nodeProvider);
const intel = DcapCa.create({ now });
const ca = createSoftwareAkCa(dates);
const ak = createSoftwareAk({ kind: 'rsassa' });
const pcrs = new Map(Array.from({ length: 24 }, (_, pcr) => [pcr, new Uint8Array(32)]));

function quoteOver(extraData: Uint8Array) {
  const message = mintAttest({ bank: 'sha256', pcrs, extraData }, 'sha256');
  return { message, numbers: signAttest(ak, message) };
}

function tpmEvidence(extraData: Uint8Array, certified = true): object {
  const container = mintTpmQuote({ ak, ca, ...dates }, { pcrs, extraData });
  return certified ? container : { ...container, ak_certificates: [] };
}

function azureEvidence(extraData: Uint8Array): object {
  const { message, numbers } = quoteOver(extraData);
  const runtime = runtimeData(ak);
  const reportData = runtimeReportData(runtime);
  return azureContainer({
    hclReport: mintHclReport({ hardwareReport: tdReportBytes(reportData), runtime, type: 4 }),
    message,
    signature: numbers[0] ?? new Uint8Array(),
    pcrs: [...pcrs.values()],
    tdQuote: mintTdxQuote(intel, { version: 4, report: { reportData } }),
  });
}

const roots: Partial<Record<EvidenceFormat, readonly TrustedRoot[]>> = {
  'tpm2-quote': [{ kind: 'certificate', der: ca.root.der }],
  'azure-tdx-vtpm': intel.roots,
};

async function judge(format: EvidenceFormat, evidence: object, trusted = roots) {
  const storage = new MemoryStorage();
  const bundle = {
    name: 'bundle',
    findDcap: async () => [mintDcapCollateral(intel, { now })],
    findSnpKeys: async () => [],
    findSnpCrls: async () => [],
  };
  const trust = {
    roots: trusted,
    endorsements: new EndorsementFinder({
      local: [bundle],
      cache: new EndorsementCache(() => storage, CACHE_LIMITS),
      vendors: [],
      refreshIntervalMs: 86_400_000,
      onFault: (source) => assert.fail(source),
    }),
    provider: nodeProvider,
    onSourceFault: (source: string) => assert.fail(source),
  };
  return evaluate(trust, {
    format,
    evidence: Buffer.from(JSON.stringify(evidence)),
    offered: [],
    expectedBinding: bound,
    now,
    onAttempt: () => undefined,
  });
}

test('a TPM quote is believed for the certificate that its key brings', async () => {
  const { claims, endorsementSource } = await judge('tpm2-quote', tpmEvidence(nonce));
  assert.equal(endorsementSource, 'evidence');
  assert.equal(claims.binding, 'checked');
  assert.equal(claims.values.revocation_checked, false);
});

test('a VM on Azure is verified with the collateral of its hardware', async () => {
  const { claims, endorsementSource } = await judge('azure-tdx-vtpm', azureEvidence(nonce));
  assert.equal(endorsementSource, 'bundle');
  assert.equal(claims.binding, 'checked');
  assert.equal(claims.tcbStatus, 'UpToDate');
});

const refusals: readonly [string, string, () => ReturnType<typeof judge>][] = [
  [
    'a quote for another session',
    'binding-mismatch',
    () => judge('tpm2-quote', tpmEvidence(new Uint8Array(32))),
  ],
  [
    'a key that nobody certified',
    'attestation-key-unproven',
    () => judge('tpm2-quote', tpmEvidence(nonce, false)),
  ],
  [
    'a quote where no root is trusted',
    'chain-untrusted',
    () => judge('tpm2-quote', tpmEvidence(nonce), {}),
  ],
  ['a quote as another format', 'malformed', () => judge('azure-tdx-vtpm', tpmEvidence(nonce))],
  [
    'a VM for another session',
    'binding-mismatch',
    () => judge('azure-tdx-vtpm', azureEvidence(bound.subarray(0, 32))),
  ],
  [
    'a VM where no root is trusted',
    'chain-untrusted',
    () => judge('azure-tdx-vtpm', azureEvidence(nonce), {}),
  ],
  ['a TD as an SNP guest', 'malformed', () => judge('azure-snp-vtpm', azureEvidence(nonce))],
];
for (const [name, code, run] of refusals) {
  test(`refuses ${name}`, () => assert.rejects(run, { code }));
}

// Genuine evidence of Azure's confidential VMs, and parts of two of them put together.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDcapEndorsements } from '../dcap/endorsements.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { parseCertificatesPem } from '../pki/certificate.js';
import { nodeProvider } from '../provider-node.js';
import { snpEndorsementsFromKey } from '../snp/endorsements.js';
import { pinnedAmdRoots } from '../snp/roots/roots.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { parseTpmAttest } from '../tpm/attest.js';
import type { VerifiedClaims } from '../types.js';
import { findFormat } from '../verify.js';
import { parseHclReport } from './hcl-report.js';
import { parseAzureSnpEvidence, parseAzureTdxEvidence } from './parse.js';
import { parseRuntimeData } from './runtime-data.js';
import { verifyAzureSnp, verifyAzureTdx } from './verify.js';

const text = (path: string) => new TextDecoder().decode(readVector(path));
const encode = (value: object) => new TextEncoder().encode(JSON.stringify(value));
type Container = Record<string, unknown> & { tpm_quote: Record<string, unknown> };
const load = (path: string) => JSON.parse(text(path)) as Container;
const notChecked = { binding: 'not-checked' } as const;

async function verifySnp(
  container: object,
  product: 'milan' | 'genoa' = 'milan',
): Promise<VerifiedClaims> {
  const evidence = parseAzureSnpEvidence(encode(container));
  assert.ok(evidence.endorsementKey);
  return verifyAzureSnp({
    evidence,
    endorsements: snpEndorsementsFromKey(
      evidence.endorsementKey,
      { product, signer: 'vcek' },
      { kind: 'not-checked' },
    ),
    roots: pinnedAmdRoots,
    expectedBinding: notChecked,
    now: new Date('2026-01-01T00:00:00Z'),
    provider: nodeProvider,
  });
}

async function verifyTdx(
  container: object,
  collateral: string,
  now: string,
): Promise<VerifiedClaims> {
  return verifyAzureTdx({
    evidence: parseAzureTdxEvidence(encode(container)),
    endorsements: parseDcapEndorsements(text(collateral)),
    roots: pinnedIntelRoots,
    expectedBinding: notChecked,
    now: new Date(now),
    provider: nodeProvider,
  });
}

const milanV0 = 'tpm/trustee/azure-snp-vtpm-milan-v0.evidence.json';
const milanV1 = 'tpm/trustee/azure-snp-vtpm-milan-v1.evidence.json';
const milanV2 = 'tpm/trustee/azure-snp-vtpm-milan-v2-userdata.evidence.json';
const genoa = 'tpm/trustee/azure-snp-vtpm-genoa.evidence.json';
const challenge = Buffer.from('challenge').toString('hex');

describe('SNP behind a paravisor', { skip: skipWithoutVectors }, () => {
  const rows: readonly [string, 'milan' | 'genoa', RegExp, RegExp][] = [
    [milanV0, 'milan', new RegExp(`^${challenge}$`), /^e15c4479.*dced$/],
    [milanV1, 'milan', new RegExp(`^${challenge}$`), /^e15c4479.*dced$/],
    [milanV2, 'milan', /^982f5c6e.*19ef$/, /^84275b2f.*a6a7$/],
    [genoa, 'genoa', /^0218488b.*950f$/, /^afd689d0.*3338$/],
  ];
  for (const [path, product, extraData, pcr0] of rows) {
    it(`${path}: hardware, runtime data, key and PCRs`, async () => {
      const { values, format } = await verifySnp(load(path), product);
      assert.equal(findFormat(readVector(path)), 'azure-snp-vtpm');
      assert.equal(format, 'azure-snp-vtpm');
      assert.equal(values.product, product);
      assert.equal(values.vmpl, 0);
      assert.equal(values.ak_provenance, 'tee');
      assert.match(String(values.extra_data), extraData);
      assert.match(String(values.pcr0), pcr0);
      assert.equal(typeof values.azure_secure_boot, 'boolean');
      assert.match(String(values.azure_vm_unique_id), /^[0-9A-F-]{36}$/);
    });
  }

  it('states what the guest had written into its user data', async () => {
    const { values } = await verifySnp(load(milanV2));
    const nonce = String(values.extra_data);
    assert.equal(values.azure_user_data, nonce.padEnd(128, '0'));
  });

  it('refuses a report of one VM with the quote of another', async () => {
    const [first, second] = [load(milanV1), load(milanV2)];
    const swapped: readonly [object, string][] = [
      [{ ...first, tpm_quote: second.tpm_quote }, 'signature-invalid'],
      [{ ...first, hcl_report: second.hcl_report }, 'chip-mismatch'],
      [{ ...first, hcl_report: second.hcl_report, vcek: second.vcek }, 'signature-invalid'],
      [
        { ...first, tpm_quote: { ...first.tpm_quote, pcrs: second.tpm_quote.pcrs } },
        'pcr-mismatch',
      ],
    ];
    for (const [container, code] of swapped) await assert.rejects(verifySnp(container), { code });
  });

  it('refuses the pair that its publisher calls loose: report of one VM, quote of another', async () => {
    const hex = (path: string) => Buffer.from(readVector(path)).toString('hex');
    const first = load('tpm/trustee/azure-snp-loose-tpm-quote-v1.json');
    const container = (message: string, signature: string) => ({
      version: 1,
      hcl_report: Buffer.from(readVector('tpm/trustee/azure-snp-loose-hcl-report.bin')).toString(
        'base64url',
      ),
      tpm_quote: { message, signature, pcrs: first.pcrs },
      vcek: Buffer.from(
        parseCertificatesPem(readVector('tpm/trustee/azure-snp-loose-vcek.pem'))[0]?.raw ?? [],
      ).toString('base64'),
    });
    const own = await verifySnp(container(String(first.message), String(first.signature)));
    assert.equal(own.values.ak_provenance, 'tee');
    const other = container(
      hex('tpm/trustee/azure-snp-loose-tpm-quote.msg'),
      hex('tpm/trustee/azure-snp-loose-tpm-quote.sig'),
    );
    await assert.rejects(verifySnp(other), { code: 'signature-invalid' });
  });

  it("refuses another chip's endorsement key, and a report without any", async () => {
    const other = parseCertificatesPem(String(load(genoa).vcek))[0]?.raw ?? new Uint8Array();
    const vcek = Buffer.from(other).toString('base64');
    await assert.rejects(verifySnp({ ...load(milanV1), vcek }, 'genoa'), {
      code: 'product-mismatch',
    });
    await assert.rejects(verifySnp({ ...load(milanV1), vcek }), { code: 'chain-invalid' });
  });
});

describe('TDX behind a paravisor', { skip: skipWithoutVectors }, () => {
  const sets = ['2026-06', '2025-12'].map((name) => {
    const path = `tpm/flashbots-attested-tls/azure-tdx-vtpm-${name}`;
    return { container: `${path}.evidence.json`, collateral: `${path}.collateral.json` };
  });
  const [june, december] = sets;
  assert.ok(june && december);
  const juneTime = '2026-06-23T11:56:35Z';
  const decemberTime = '2026-03-05T10:50:03Z';

  for (const [set, time] of [
    [june, juneTime],
    [december, decemberTime],
  ] as const) {
    it(`${set.container}: quote, runtime data, key and PCRs`, async () => {
      const claims = await verifyTdx(load(set.container), set.collateral, time);
      assert.equal(findFormat(readVector(set.container)), 'azure-tdx-vtpm');
      assert.equal(claims.tcbStatus, 'UpToDate');
      assert.equal(claims.values.extra_data, '00'.repeat(32));
      assert.equal(claims.values.ak_provenance, 'tee');
      assert.equal(claims.values.pcr_selection, `sha256:${[...Array(24).keys()].join(',')}`);
    });
  }

  it('trustee’s: the nonce is in the quote by the virtual TPM', () => {
    const path = 'tpm/trustee/azure-tdx-vtpm-v1.evidence.json';
    const evidence = parseAzureTdxEvidence(readVector(path));
    assert.equal(Buffer.from(evidence.attest.extraData).toString(), 'challenge');
    assert.equal(findFormat(readVector(path)), 'azure-tdx-vtpm');
  });

  it('refuses a quote of one VM with the HCL report, or the TPM quote, of another', async () => {
    const [a, b] = [load(june.container), load(december.container)];
    const swapped: readonly [object, string][] = [
      [{ ...a, hcl_report_base64: b.hcl_report_base64 }, 'runtime-data-mismatch'],
      [{ ...a, tpm_attestation: b.tpm_attestation }, 'signature-invalid'],
      [
        { ...b, hcl_report_base64: a.hcl_report_base64, tpm_attestation: a.tpm_attestation },
        'runtime-data-mismatch',
      ],
    ];
    for (const [container, code] of swapped) {
      await assert.rejects(verifyTdx(container, june.collateral, juneTime), { code });
    }
  });
});

describe('HCL reports', { skip: skipWithoutVectors }, () => {
  for (const [path, hardware, secureBoot] of [
    ['tpm/azure-cvm-tooling/hcl-report-snp.bin', 'snp', true],
    ['tpm/azure-cvm-tooling/hcl-report-tdx.bin', 'tdx', false],
    ['tpm/flashbots-attested-tls/azure-tdx-hcl-report.bin', 'tdx', true],
  ] as const) {
    it(`${path} is read`, () => {
      const report = parseHclReport(readVector(path));
      const { configuration, attestationKey } = parseRuntimeData(report.runtimeData);
      assert.equal(report.hardware, hardware);
      assert.equal(configuration.azure_secure_boot, secureBoot);
      assert.equal(attestationKey.kind, 'rsa');
    });
  }

  it('of which only the quote was kept beside: it parses', () => {
    const message = readVector('tpm/trustee/azure-snp-loose-tpm-quote.msg');
    assert.equal(parseTpmAttest(message).bank, 'sha256');
  });
});

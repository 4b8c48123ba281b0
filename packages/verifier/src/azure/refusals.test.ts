// A good VM of each kind behind a software paravisor, and everything that can be wrong with one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import { concatBytes } from '../encoding/bytes.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { jwkOf, runtimeData, runtimeReportData } from '../testing/azure.js';
import { extendAll, writeAgileLog } from '../testing/event-log.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import { flipBit, written } from '../testing/snp-scene.js';
import { createSoftwareAk, somePcrs } from '../testing/tpm.js';
import { akOf, binding } from '../testing/tpm-scene.js';
import {
  type AzureScene,
  every,
  playAzureSnp,
  playAzureTdx,
  refusesAzure,
  stageAzureSnp,
  stageAzureTdx,
} from './azure-scene.test.js';
import { parseHclReport } from './hcl-report.js';
import { parseAzureSnpEvidence, parseAzureTdxEvidence } from './parse.js';
import { parseRuntimeData } from './runtime-data.js';
import { verifyAzureSnp } from './verify.js';

const ak = akOf('rsassa');
const other = createSoftwareAk({ kind: 'rsassa' });
const good = runtimeData(ak);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (value: string) => new TextEncoder().encode(value);
const key = jwkOf('HCLAkPub', ak.privateKey);
const withKeys = (...keys: Record<string, unknown>[]): AzureScene => ({
  runtime: runtimeData(ak, { keys }),
});
const withRuntime = (change: (json: string) => string): AzureScene => ({
  runtime: bytesOf(change(text(good))),
});
const quoteOf = (container: Record<string, unknown>) =>
  container.tpm_quote as Record<string, unknown>;

type Row = readonly [string, EvidenceErrorCode, AzureScene];

/** Wrong with either kind of hardware. */
const both: readonly Row[] = [
  [
    'runtime data that the hardware does not vouch for',
    'runtime-data-mismatch',
    { reportData: runtimeReportData(runtimeData(other)) },
  ],
  [
    'runtime data whose hash is not followed by zeros',
    'runtime-data-mismatch',
    {
      reportData: concatBytes(runtimeReportData(good).subarray(0, 32), new Uint8Array(32).fill(1)),
    },
  ],
  [
    'runtime data with a space more than was hashed',
    'runtime-data-mismatch',
    { ...withRuntime((json) => `${json} `), reportData: runtimeReportData(good) },
  ],
  ['a quote by another key than the hardware vouches for', 'signature-invalid', { signer: other }],
  [
    'runtime data without an attestation key',
    'malformed',
    withKeys(jwkOf('HCLEkPub', ak.privateKey)),
  ],
  ['runtime data without keys', 'malformed', withKeys()],
  [
    'two attestation keys, the right one first',
    'malformed',
    withKeys(key, jwkOf('HCLAkPub', other.privateKey)),
  ],
  [
    'two attestation keys, the right one last',
    'malformed',
    withKeys(jwkOf('HCLAkPub', other.privateKey), key),
  ],
  [
    'a list of keys that is there twice',
    'malformed',
    withRuntime((json) => json.replace('{', '{"keys":[],')),
  ],
  [
    'a modulus that is there twice',
    'malformed',
    withRuntime((json) => json.replace('"n":', '"n":"AQAB","n":')),
  ],
  ['an attestation key that is not RSA', 'unsupported-algorithm', withKeys({ ...key, kty: 'EC' })],
  [
    'an attestation key of 1024 bits',
    'public-key-invalid',
    withKeys(jwkOf('HCLAkPub', createSoftwareAk({ kind: 'rsassa', modulusBits: 1024 }).privateKey)),
  ],
  ['an attestation key with exponent 1', 'public-key-invalid', withKeys({ ...key, e: 'AQ' })],
  ['seventeen keys', 'malformed', withKeys(...new Array<Record<string, unknown>>(17).fill(key))],
  ['runtime data that ends too soon', 'malformed', withRuntime((json) => json.slice(0, -1))],
  ['text behind the runtime data', 'malformed', withRuntime((json) => `${json}{}`)],
  [
    'runtime data that is not UTF-8',
    'malformed',
    { runtime: concatBytes(good.subarray(0, -1), Uint8Array.of(0xff)) },
  ],
  [
    'user data of 63 bytes',
    'malformed',
    { runtime: runtimeData(ak, { userData: '00'.repeat(63) }) },
  ],
  [
    'secure boot as a text',
    'malformed',
    { runtime: runtimeData(ak, { configuration: { 'secure-boot': 'true' } }) },
  ],
  [
    'a configuration that is a list',
    'malformed',
    { runtime: runtimeData(ak, { configuration: [] }) },
  ],
  ['an HCL report with another signature', 'malformed', { hcl: { signature: 'HCLB' } }],
  ['an HCL report of version 3', 'unsupported-version', { hcl: { version: 3 } }],
  ['an HCL report of a size that is not its own', 'malformed', { hcl: { size: 2_000 } }],
  ['an HCL report that says it failed', 'malformed', { hcl: { status: 1 } }],
  ['an HCL report of another request', 'malformed', { hcl: { requestType: 1 } }],
  [
    'an HCL report with runtime data of version 2',
    'unsupported-version',
    { hcl: { dataVersion: 2 } },
  ],
  ['an HCL report hashed by SHA-384', 'unsupported-algorithm', { hcl: { hashType: 2 } }],
  ['an HCL report of other hardware', 'unsupported-format', { hcl: { type: 3 } }],
  [
    'an HCL report with bytes behind it',
    'trailing-data',
    { hcl: { trailing: Uint8Array.of(0, 1) } },
  ],
  ['runtime data longer than the HCL report', 'malformed', { hcl: { runtimeSize: 60_000 } }],
  [
    'a quote that was changed',
    'signature-invalid',
    { spoilQuote: (quote) => flipBit(quote, 8 * 70) },
  ],
  [
    'a signature that was changed',
    'signature-invalid',
    { spoilSignature: (bytes) => flipBit(bytes, 9) },
  ],
  ['a signature cut short', 'signature-invalid', { spoilSignature: (bytes) => bytes.subarray(1) }],
  ['a quote that is none', 'unsupported-format', { quote: { type: 0x8017 } }],
  [
    'PCR values that were not quoted',
    'pcr-mismatch',
    { container: { pcrs: [...somePcrs('sha256', every).values()].reverse() } },
  ],
  [
    'a PCR of another length',
    'pcr-mismatch',
    { container: { pcrs: every.map(() => new Uint8Array(20)) } },
  ],
  [
    'a PCR less',
    'malformed',
    { container: { pcrs: every.slice(1).map(() => new Uint8Array(32)) } },
  ],
  ['the binding of another session', 'binding-mismatch', { expectedBinding: flipBit(binding, 3) }],
  ['a binding that nobody expects', 'input-invalid', { expectedBinding: {} as never }],
  ['a root that nobody trusts', 'chain-untrusted', { noRoots: true }],
  ['a container of version 3', 'unsupported-version', { spoil: (all) => ({ ...all, version: 3 }) }],
  [
    'a container with a member nobody knows',
    'malformed',
    { spoil: (all) => ({ ...all, test_mode: true }) },
  ],
  ['a container without a quote', 'malformed', { spoil: ({ tpm_quote: _, ...rest }) => rest }],
  [
    'a quote with a member nobody knows',
    'malformed',
    { spoil: (all) => ({ ...all, tpm_quote: { ...quoteOf(all), key: '' } }) },
  ],
  [
    'a log that does not lead to the PCRs',
    'event-log-mismatch',
    {
      container: {
        eventLog: writeAgileLog([{ index: 0, type: 4, data: new Uint8Array(4) }], ['sha256']),
      },
    },
  ],
];

const snpOnly: readonly Row[] = [
  ['the HCL report of a TD', 'unsupported-format', { hcl: { type: 4 } }],
  ['a TD quote beside it', 'malformed', { container: { tdQuote: Uint8Array.of(4) } }],
  [
    'a report that was changed after it was signed',
    'signature-invalid',
    { snp: { spoil: (report) => flipBit(report, 8 * 0x90) } },
  ],
  [
    'a report with reserved bytes set',
    'reserved-bits',
    { snp: { spoil: (report) => flipBit(report, 8 * 0x4c) } },
  ],
  [
    'a report that the host asked for',
    'report-not-from-guest',
    { snp: written(0x30, 0xff, 0xff, 0xff, 0xff) },
  ],
  [
    'an endorsement key that has expired',
    'certificate-expired',
    { now: new Date('2033-01-01T00:00:00Z') },
  ],
];
const tdxOnly: readonly Row[] = [
  ['the HCL report of an SNP guest', 'unsupported-format', { hcl: { type: 2 } }],
  ['a VCEK beside it', 'malformed', { container: { vcek: Uint8Array.of(0x30) } }],
  ['no TD quote', 'malformed', { spoil: ({ td_quote: _, ...rest }) => rest }],
  [
    'a TDREPORT about other runtime data than the quote',
    'runtime-data-mismatch',
    { tdReportData: new Uint8Array(64) },
  ],
  ['a TD quote of zeros', 'unsupported-version', { container: { tdQuote: new Uint8Array(100) } }],
  ['collateral that has expired', 'crl-expired', { now: new Date('2026-08-01T00:00:00Z') }],
];

for (const [name, play, own] of [
  ['SNP', playAzureSnp, snpOnly],
  ['TDX', playAzureTdx, tdxOnly],
] as const) {
  describe(`an ${name} VM on Azure`, () => {
    it('is verified: hardware, runtime data, key, quote and log', async () => {
      const events = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
        index,
        type: 4,
        data: new Uint8Array(4),
      }));
      const pcrs = somePcrs('sha256', every);
      for (const [pcr, value] of extendAll(events, 'sha256')) pcrs.set(pcr, value);
      const eventLog = writeAgileLog(events, ['sha256']);
      const { values, binding: seen } = await play({
        quote: { pcrs },
        container: { pcrs: [...pcrs.values()], eventLog },
      });
      assert.equal(seen, 'checked');
      assert.equal(values.azure_secure_boot, true);
      assert.equal(values.ak_provenance, 'tee');
      assert.equal(values.event_log_events, 8);
      assert.equal(values.azure_user_data, '00'.repeat(64));
    });

    it('is judged by the policy of its hardware and by its PCRs', async () => {
      const format = name === 'SNP' ? 'azure-snp-vtpm' : 'azure-tdx-vtpm';
      const policy = (change: object) =>
        parseAppraisalPolicy({ name: 'p', formats: { [format]: change } });
      const codes = (claims: Parameters<typeof appraise>[0], change: object) =>
        appraise(claims, policy(change), []).faults.map(({ code }) => code);
      const claims = await play({});
      assert.deepEqual(codes(claims, {}), []);
      assert.deepEqual(codes(claims, { pcr_selection: 'sha256:0,7' }), ['pcr-selection']);
      assert.deepEqual(codes(claims, { require: { pcr7: ['00'] } }), ['requirement']);
      assert.deepEqual(codes(claims, { require: { secure_boot: [true] } }), ['requirement']);
      assert.throws(() => policy({ pcr_selection: 'sha256:7,0' }), { code: 'input-invalid' });
      assert.throws(() => policy({ pcr_selection: 'sha256:24' }), { code: 'input-invalid' });
      assert.throws(() => policy({ pcr_select: null }), { code: 'input-invalid' });
    });

    for (const [row, code, scene] of [...both, ...own]) {
      it(`is refused with ${row}`, () => refusesAzure(play, code, scene));
    }
  });
}

describe('evidence of Azure', () => {
  it('is refused with any bit of report, quote or signature flipped', async () => {
    const { bytes, input } = stageAzureSnp({});
    const container = JSON.parse(text(bytes)) as {
      hcl_report: string;
      tpm_quote: Record<string, string>;
    };
    const verify = async (changed: object) =>
      verifyAzureSnp({
        ...input,
        evidence: parseAzureSnpEvidence(bytesOf(JSON.stringify(changed))),
        expectedBinding: binding,
      });
    const hcl = new Uint8Array(Buffer.from(container.hcl_report, 'base64url'));
    // What is not covered: the paravisor's own header, whose every field is fixed, but for the
    // version, 1 or 2; the rest of an SNP report is signed or must be zero.
    for (let bit = 64; bit < 8 * (hcl.length - 64); bit += 29) {
      const hcl_report = Buffer.from(flipBit(hcl, bit)).toString('base64url');
      await assert.rejects(verify({ ...container, hcl_report }), EvidenceError, `HCL bit ${bit}`);
    }
    for (const part of ['message', 'signature'] as const) {
      const whole = new Uint8Array(Buffer.from(container.tpm_quote[part] ?? '', 'hex'));
      for (let bit = 0; bit < 8 * whole.length; bit += 7) {
        const changed = Buffer.from(flipBit(whole, bit)).toString('hex');
        const tpm_quote = { ...container.tpm_quote, [part]: changed };
        await assert.rejects(verify({ ...container, tpm_quote }), EvidenceError, `${part} ${bit}`);
      }
    }
  });

  it('is refused at every length of its HCL report but the whole', () => {
    const { bytes } = stageAzureSnp({});
    const { hcl_report } = JSON.parse(text(bytes)) as { hcl_report: string };
    const whole = new Uint8Array(Buffer.from(hcl_report, 'base64url'));
    for (let length = 0; length < whole.length - 64; length += 1) {
      assert.throws(() => parseHclReport(whole.subarray(0, length)), EvidenceError);
    }
    assert.equal(parseHclReport(whole).hardware, 'snp');
  });

  it('crashes no reader', () => {
    const snp = stageAzureSnp({}).bytes;
    assertRefusesCleanly(fc.oneof(randomBytes, mutationsOf(snp)), parseAzureSnpEvidence, 1_000);
    assertRefusesCleanly(mutationsOf(stageAzureTdx({})), parseAzureTdxEvidence, 500);
    assertRefusesCleanly(mutationsOf(good), parseRuntimeData, 5_000);
  });
});

// Verifies an Azure confidential VM: the hardware vouches for the runtime data, that for the virtual
// TPM's key, and that key for PCRs and the session. Must never use a key, or believe a setting, that
// the hardware's report does not cover.

import { checkNonce } from '../binding.js';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import { eventLogClaims } from '../eventlog/verify-event-log.js';
import { joinClaims } from '../join-claims.js';
import { mint } from '../mint.js';
import type { CryptoProvider } from '../provider.js';
import { type SnpEndorsements, verifySnpReport } from '../snp/verify.js';
import { verifyTdx } from '../tdx/verify.js';
import { quoteClaims } from '../tpm/claims.js';
import { checkPcrDigest, checkQuoteSignature } from '../tpm/quote.js';
import type { VerifiedClaims, VerifyInput } from '../types.js';
import type { AzureSnpEvidence, AzureTdxEvidence } from './parse.js';
import { runtimeClaims } from './runtime-data.js';

/** TDREPORT: REPORTDATA in its REPORTMACSTRUCT (Intel TDX Module 1.5 ABI). */
const tdReportDataOffset = 128;

/**
 * What the hardware's report must state: SHA-256 of the runtime data as it lies there, and zeros.
 * @throws EvidenceError 'runtime-data-mismatch'
 */
async function checkRuntimeData(
  runtimeData: Uint8Array,
  stated: readonly Uint8Array[],
  provider: CryptoProvider,
): Promise<Uint8Array> {
  const digest = await provider.digest('sha256', runtimeData);
  const expected = concatBytes(digest, new Uint8Array(32));
  if (stated.every((reportData) => equalBytes(reportData, expected))) return expected;
  throw new EvidenceError(
    'runtime-data-mismatch',
    "Azure: the hardware's report is about other runtime data",
  );
}

/** The rest of the chain, once the hardware has vouched for the runtime data. */
async function composeClaims(
  input: VerifyInput<AzureSnpEvidence | AzureTdxEvidence, SnpEndorsements | DcapEndorsements>,
  hardware: VerifiedClaims,
): Promise<VerifiedClaims> {
  const { evidence, expectedBinding, provider } = input;
  const { attest, signature, pcrs, runtime, eventLog, hcl } = evidence;
  await checkQuoteSignature(attest, signature, runtime.attestationKey, provider);
  await checkPcrDigest(attest, pcrs, signature.hash, provider);
  const binding = await checkNonce(attest.extraData, expectedBinding, provider);
  const quoted = { kind: 'pcr', bank: attest.bank, values: pcrs } as const;
  return mint({
    ...hardware,
    format: evidence.format,
    binding,
    values: joinClaims(
      hardware.values,
      quoteClaims(attest, signature, runtime.attestationKey, pcrs),
      { ak_provenance: 'tee', hcl_report_version: hcl.version },
      runtimeClaims(runtime),
      eventLog === null ? {} : await eventLogClaims(eventLog, quoted, provider),
    ),
  });
}

/** @throws EvidenceError at the first fault, as verifySnpReport and verifyTpmQuote */
export async function verifyAzureSnp(
  input: VerifyInput<AzureSnpEvidence, SnpEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence, provider } = input;
  const { report, hcl } = evidence;
  const bound = await checkRuntimeData(hcl.runtimeData, [report.reportData], provider);
  const hardware = await verifySnpReport({ ...input, evidence: report, expectedBinding: bound });
  return composeClaims(input, hardware);
}

/** @throws EvidenceError at the first fault, as verifyTdx and verifyTpmQuote */
export async function verifyAzureTdx(
  input: VerifyInput<AzureTdxEvidence, DcapEndorsements>,
): Promise<VerifiedClaims> {
  const { evidence, provider } = input;
  const { td, hcl } = evidence;
  const inReport = hcl.hardwareReport.subarray(tdReportDataOffset, tdReportDataOffset + 64);
  const stated = [td.report.reportData, inReport];
  const bound = await checkRuntimeData(hcl.runtimeData, stated, provider);
  const hardware = await verifyTdx({ ...input, evidence: td, expectedBinding: bound });
  return composeClaims(input, hardware);
}

// Is this quote genuine? The chain of custody from a vendor root down to the signed body: root, PCK,
// quoting enclave, attestation key, body. What the body says is for sgx/ and tdx/ to read.

import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { ecSpki } from '../pki/algorithm.js';
import type { Certificate } from '../pki/certificate.js';
import { type TrustContext, type VerifiedCollateral, verifyCollateral } from './collateral.js';
import type { DcapEndorsements } from './endorsements.js';
import { type PckExtensions, parsePckExtensions } from './pck-extensions.js';
import { checkQeIdentity } from './qe-identity.js';
import type { Quote } from './quote.js';

/** A quote whose body the platform's hardware vouches for, and what it was checked against. */
export interface VerifiedQuote {
  readonly platform: PckExtensions;
  readonly collateral: VerifiedCollateral;
  /** Lower-case hex SHA-256 of the root certificate that anchors it all. */
  readonly rootFingerprint: string;
}

/**
 * Checks everything between the root and the body, and that the collateral is for this platform and
 * this kind of TEE. Does not look at the TCB status or into the body.
 * @throws EvidenceError with the codes of verifyCollateral, and 'collateral-mismatch' |
 *   'signature-invalid' | 'qe-identity-mismatch' | 'public-key-invalid'
 */
export async function verifyQuote(
  quote: Quote,
  pckChain: readonly Certificate[],
  endorsements: DcapEndorsements,
  trust: TrustContext,
): Promise<VerifiedQuote> {
  const collateral = await verifyCollateral(pckChain, endorsements, trust);
  const platform = parsePckExtensions(collateral.pck.extensions);
  checkCollateralFits(collateral, platform);
  await checkQuotingEnclave(quote, collateral, trust);
  await checkSignature(
    'quote',
    ecSpki('p256', quote.attestationKey),
    quote.signature,
    quote.signedPart,
    trust,
  );
  const digest = await trust.provider.digest('sha256', collateral.root.raw);
  return { platform, collateral, rootFingerprint: encodeHex(digest) };
}

function checkCollateralFits(collateral: VerifiedCollateral, platform: PckExtensions): void {
  const { tcbInfo, qeIdentity } = collateral;
  const mismatch = (what: string): EvidenceError => new EvidenceError('collateral-mismatch', what);
  if (tcbInfo.id !== 'TDX') throw mismatch('TCB info: about SGX, want TDX');
  if (!equalBytes(tcbInfo.fmspc, platform.fmspc)) {
    const [seen, want] = [encodeHex(tcbInfo.fmspc), encodeHex(platform.fmspc)];
    throw mismatch(`TCB info: FMSPC ${seen}, the platform's is ${want}`);
  }
  if (!equalBytes(tcbInfo.pceId, platform.pceId)) {
    const [seen, want] = [encodeHex(tcbInfo.pceId), encodeHex(platform.pceId)];
    throw mismatch(`TCB info: PCEID ${seen}, the platform's is ${want}`);
  }
  if (qeIdentity.id !== 'TD_QE') throw mismatch('QE identity: of the SGX enclave, want TD_QE');
}

async function checkQuotingEnclave(
  quote: Quote,
  collateral: VerifiedCollateral,
  trust: TrustContext,
): Promise<void> {
  const { qeReport } = quote;
  await checkSignature(
    'QE report',
    collateral.pck.publicKey.spki,
    quote.qeReportSignature,
    qeReport.raw,
    trust,
  );
  // This is what makes the attestation key the quoting enclave's: SHA-256, then zeros.
  const keyAndData = concatBytes(quote.attestationKey, quote.qeAuthData);
  const digest = await trust.provider.digest('sha256', keyAndData);
  if (!equalBytes(qeReport.reportData, concatBytes(digest, new Uint8Array(32)))) {
    throw new EvidenceError('signature-invalid', 'QE report: of another attestation key');
  }
  checkQeIdentity(qeReport, collateral.qeIdentity);
}

async function checkSignature(
  what: string,
  spki: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
  trust: TrustContext,
): Promise<void> {
  if (await trust.provider.verify('ecdsa-p256-sha256', spki, signature, data)) return;
  throw new EvidenceError('signature-invalid', `${what}: signature does not verify`);
}

// Is this quote genuine? The chain of custody from a vendor root down to the signed body: root, PCK,
// quoting enclave, attestation key, body. What the body says is for sgx/ and tdx/ to read.

import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import { spkiOf } from '../pki/raw-key.js';
import {
  readChain,
  type TrustContext,
  type VerifiedCollateral,
  verifyCollateral,
} from './collateral.js';
import type { DcapEndorsements } from './endorsements.js';
import type { DcapEvidence } from './evidence.js';
import { type PckExtensions, parsePckExtensions } from './pck-extensions.js';
import { checkQeIdentity } from './qe-identity.js';
import type { Quote, Tee } from './quote.js';

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
 * @throws EvidenceError with the codes of verifyCollateral, and 'collateral-missing' |
 *   'collateral-mismatch' | 'signature-invalid' | 'qe-identity-mismatch' | 'public-key-invalid'
 */
export async function verifyQuote(
  evidence: DcapEvidence,
  endorsements: DcapEndorsements,
  trust: TrustContext,
): Promise<VerifiedQuote> {
  const { quote } = evidence;
  const pckChain = choosePckChain(evidence, endorsements);
  const collateral = await verifyCollateral(pckChain, endorsements, trust);
  const platform = parsePckExtensions(collateral.pck.extensions);
  checkPlatformName(quote, platform);
  checkCollateralFits(quote.tee, collateral, platform);
  await checkQuotingEnclave(quote, collateral, trust);
  await checkSignature(
    'quote',
    spkiOf('p256', quote.attestationKey),
    quote.signature,
    quote.signedPart,
    trust,
  );
  const digest = await trust.provider.digest('sha256', collateral.root.raw);
  return { platform, collateral, rootFingerprint: encodeHex(digest) };
}

/** The quote's own chain if it has one, else the one that was fetched for it. */
function choosePckChain(
  { quote, pckChain }: DcapEvidence,
  { pckCertificateChain }: DcapEndorsements,
): readonly Certificate[] {
  if (quote.certification.kind === 'pck-chain') return pckChain;
  if (pckCertificateChain === null) {
    const why = 'the quote does not carry it, and none is given';
    throw new EvidenceError('collateral-missing', `PCK certificate chain: ${why}`);
  }
  const chain = readChain(pckCertificateChain, 'PCK chain');
  const [own] = pckChain;
  if (own !== undefined && !equalBytes(own.raw, chain[0]?.raw ?? new Uint8Array())) {
    throw new EvidenceError('collateral-mismatch', 'PCK certificate: not the one in the quote');
  }
  return chain;
}

/** Of a platform that the quote names, the certificate that was fetched must be. */
function checkPlatformName({ certification }: Quote, platform: PckExtensions): void {
  if (certification.kind !== 'platform-name') return;
  const { encryption, ppid, pceId } = certification;
  const isOther =
    !equalBytes(pceId, platform.pceId) ||
    (encryption === 'none' && !equalBytes(ppid, platform.ppid));
  if (isOther) {
    const what = 'PCK certificate: of another platform than the quote names';
    throw new EvidenceError('collateral-mismatch', what);
  }
}

const qeIds: Readonly<Record<Tee, string>> = { SGX: 'QE', TDX: 'TD_QE' };

function checkCollateralFits(
  tee: Tee,
  collateral: VerifiedCollateral,
  platform: PckExtensions,
): void {
  const { tcbInfo, qeIdentity } = collateral;
  const mismatch = (what: string): EvidenceError => new EvidenceError('collateral-mismatch', what);
  if (tcbInfo.id !== tee) throw mismatch(`TCB info: about ${tcbInfo.id}, want ${tee}`);
  if (!equalBytes(tcbInfo.fmspc, platform.fmspc)) {
    const [seen, want] = [encodeHex(tcbInfo.fmspc), encodeHex(platform.fmspc)];
    throw mismatch(`TCB info: FMSPC ${seen}, the platform's is ${want}`);
  }
  if (!equalBytes(tcbInfo.pceId, platform.pceId)) {
    const [seen, want] = [encodeHex(tcbInfo.pceId), encodeHex(platform.pceId)];
    throw mismatch(`TCB info: PCEID ${seen}, the platform's is ${want}`);
  }
  if (qeIdentity.id !== qeIds[tee]) {
    throw mismatch(`QE identity: of ${qeIdentity.id}, want ${qeIds[tee]}`);
  }
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

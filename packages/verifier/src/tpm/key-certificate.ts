// A certificate that somebody who knows a TPM issued for one of its keys: what is the same for attestation keys and
// endorsement keys. What each may be used for is for ak-certificate.ts and ek-certificate.ts.

import { equalBytes } from '../encoding/bytes.js';
import { EvidenceError } from '../errors.js';
import type { PublicKey } from '../pki/algorithm.js';
import { type Certificate, parseCertificate } from '../pki/certificate.js';
import {
  type ChainRoot,
  type RevocationPolicy,
  type VerifiedChain,
  verifyChain,
} from '../pki/chain.js';
import { parseCrl } from '../pki/crl.js';
import type { CryptoProvider } from '../provider.js';

/** Whether certificates were looked up, in lists as DER; or the caller's word that nobody did. */
export type GivenRevocation =
  | { readonly kind: 'crls'; readonly crls: readonly Uint8Array[] }
  | { readonly kind: 'not-checked' };

export interface KeyCertificateInput {
  /** The key's certificate first, then its issuers. */
  readonly chain: readonly Certificate[];
  readonly key: PublicKey;
  readonly roots: readonly ChainRoot[];
  readonly revocation: RevocationPolicy;
  readonly now: Date;
  readonly provider: CryptoProvider;
}

const crlsMax = 8;
const certificatesMax = 6;
/** A certificate with an empty subject states the TPM's in a critical subjectAltName (RFC 5280). */
const subjectAltName = '2.5.29.17';

/** @throws EvidenceError 'crl-invalid' for too many, and as parseCrl */
export function readRevocation(
  given: GivenRevocation,
  requiredFor: 'every-link' | 'intermediates',
): RevocationPolicy {
  if (given.kind === 'not-checked') return given;
  if (given.crls.length > crlsMax) {
    throw new EvidenceError('crl-invalid', `CRLs: more than ${crlsMax}`);
  }
  return { kind: 'crls', crls: given.crls.map(parseCrl), requiredFor };
}

/** When the oldest of the lists was issued; null if there is none. */
export function oldestIssue(revocation: RevocationPolicy): Date | null {
  const issued = revocation.kind === 'crls' ? revocation.crls.map((crl) => crl.thisUpdate) : [];
  return issued.length === 0 ? null : new Date(Math.min(...issued.map((date) => date.getTime())));
}

/** DER, at most 6. @throws EvidenceError 'attestation-key-unproven' for more, and as parseCertificate */
export function readCertificates(certificates: readonly Uint8Array[]): readonly Certificate[] {
  if (certificates.length > certificatesMax) {
    throw new EvidenceError('attestation-key-unproven', 'TPM key: too many certificates');
  }
  return certificates.map(parseCertificate);
}

/**
 * That the chain holds, and that it begins with a certificate for this very key and not for an authority.
 * @param understood critical extensions that the caller acts on
 * @throws EvidenceError as verifyChain, 'attestation-key-unproven' if it certifies another key
 */
export async function verifyKeyCertificate(
  what: 'AK' | 'EK',
  input: KeyCertificateInput,
  understood: readonly string[] = [],
): Promise<VerifiedChain> {
  const verified = await verifyChain({
    chain: input.chain,
    trustedRoots: input.roots,
    revocation: input.revocation,
    now: input.now,
    provider: input.provider,
    understoodOfLeaf: new Set([subjectAltName, ...understood]),
  });
  const { leaf } = verified;
  if (verified.path.length < 2 || leaf.basicConstraints?.ca === true) {
    throw new EvidenceError('chain-invalid', `${what} certificate: is an authority`);
  }
  if (!equalBytes(leaf.publicKey.spki, input.key.spki)) {
    throw new EvidenceError('attestation-key-unproven', `${what} certificate: of another key`);
  }
  return verified;
}

// Whose TPM an endorsement key is in: the certificate that its maker, or who runs it, issued (TCG EK Credential
// Profile 2.5, section 3.2). Must never take a certificate that was issued for another use.

import { certificateDerLimits, DerReader } from '../encoding/der.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import type { VerifiedChain } from '../pki/chain.js';
import { type KeyCertificateInput, verifyKeyCertificate } from './key-certificate.js';

const extendedKeyUsage = '2.5.29.37';
/** tcg-kp-EKCertificate. */
const ekPurpose = '2.23.133.8.1';
const purposesMax = 16;

/** The purposes of a certificate; null if it does not narrow them. */
function findPurposes(leaf: Certificate): readonly string[] | null {
  const extension = leaf.extensions.get(extendedKeyUsage);
  if (extension === undefined) return null;
  const outer = DerReader.open(extension.value, 'extendedKeyUsage', certificateDerLimits);
  const reader = outer.sequence('purposes');
  outer.end();
  const purposes: string[] = [];
  while (!reader.done && purposes.length < purposesMax) purposes.push(reader.oid('purpose'));
  reader.end();
  return purposes;
}

/**
 * @throws EvidenceError as verifyChain; 'chain-invalid' if the certificate is not for encrypting to this kind of key,
 *   or for purposes of which this is none; 'attestation-key-unproven' if it certifies another key; 'malformed'
 */
export async function verifyEkCertificate(input: KeyCertificateInput): Promise<VerifiedChain> {
  const verified = await verifyKeyCertificate('EK', input, [extendedKeyUsage]);
  const { leaf } = verified;
  const use = input.key.kind === 'rsa' ? 'keyEncipherment' : 'keyAgreement';
  if (leaf.keyUsage?.has(use) !== true) {
    throw new EvidenceError('chain-invalid', `EK certificate: not for ${use}`);
  }
  if (findPurposes(leaf)?.includes(ekPurpose) === false) {
    throw new EvidenceError('chain-invalid', 'EK certificate: for other purposes');
  }
  return verified;
}

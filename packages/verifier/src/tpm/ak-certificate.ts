// Whose key signed a quote: a certificate that somebody who knows the TPM issued for it (TCG EK
// Credential Profile 2.5; TCG AK certificates of cloud providers). What the issuer checked before it did is not told.

import { certificateDerLimits, DerReader } from '../encoding/der.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import type { VerifiedChain } from '../pki/chain.js';
import type { ClaimValue } from '../types.js';
import { type KeyCertificateInput, verifyKeyCertificate } from './key-certificate.js';

const gceInstance = '1.3.6.1.4.1.11129.2.1.21';

/** @throws EvidenceError as verifyChain, 'attestation-key-unproven' if it certifies another key */
export async function verifyAkCertificate(input: KeyCertificateInput): Promise<VerifiedChain> {
  const verified = await verifyKeyCertificate('AK', input);
  const { keyUsage } = verified.leaf;
  if (keyUsage !== null && !keyUsage.has('digitalSignature')) {
    throw new EvidenceError('chain-invalid', 'AK certificate: its key may not sign');
  }
  return verified;
}

function utf8(reader: DerReader, field: string): string {
  const { tag, contents } = reader.next(field);
  const printable = contents.every((byte) => byte >= 0x20 && byte < 0x7f);
  if (tag !== 0x0c || contents.length > 256 || !printable) {
    throw new EvidenceError('malformed', `GCE instance: ${field} is not text`);
  }
  return String.fromCharCode(...contents);
}

/** Decimal, because ids are larger than numbers are exact. */
function decimal(reader: DerReader, field: string): string {
  const bytes = reader.unsignedInteger(field);
  if (bytes.length > 8) throw new EvidenceError('malformed', `GCE instance: ${field}`);
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n).toString();
}

/**
 * Which machine Google issued the certificate to, by its own extension: zone, project number, project
 * id, instance id, instance name. Empty for certificates without it.
 * @throws EvidenceError 'malformed'
 */
export function gceInstanceClaims(leaf: Certificate): Readonly<Record<string, ClaimValue>> {
  const extension = leaf.extensions.get(gceInstance);
  if (extension === undefined) return {};
  const outer = DerReader.open(extension.value, 'GCE instance', certificateDerLimits);
  const reader = outer.sequence('instance');
  outer.end();
  // Security properties may follow; nothing here rests on them.
  return {
    gce_zone: utf8(reader, 'zone'),
    gce_project_number: decimal(reader, 'project number'),
    gce_project_id: utf8(reader, 'project id'),
    gce_instance_id: decimal(reader, 'instance id'),
    gce_instance_name: utf8(reader, 'instance name'),
  };
}

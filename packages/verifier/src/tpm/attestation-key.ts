// The public area of an attestation key. Whether it is a key that can only quote is checked here; whether it is in a
// TPM is for ak-certificate.ts and credential-exchange.ts.

import type { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { PublicKey } from '../pki/algorithm.js';
import type { DigestAlgorithm } from '../provider.js';
import { type SignatureScheme, schemeOf, strongHashOf, tpmAlgorithm } from './algorithm.js';
import { attribute, openPublicArea, type PublicAreaHead, readPublicKey } from './public-area.js';

export interface AttestationKey extends PublicAreaHead {
  /** What the key signs with, and nothing else: a restricted key has its scheme fixed. */
  readonly scheme: SignatureScheme;
  readonly hash: Exclude<DigestAlgorithm, 'sha1'>;
  readonly publicKey: PublicKey;
}

const wanted = ['fixedTpm', 'fixedParent', 'sensitiveDataOrigin', 'restricted', 'sign'] as const;

function unfit(why: string): EvidenceError {
  return new EvidenceError('attestation-key-unfit', `TPM attestation key: ${why}`);
}

/** A signing key has no symmetric algorithm, and a restricted one has its scheme. */
function readScheme(reader: ByteReader) {
  if (reader.u16be('symmetric') !== tpmAlgorithm.null) throw unfit('it is a storage key');
  const id = reader.u16be('scheme');
  if (id === tpmAlgorithm.null) throw unfit('it signs by any scheme');
  return { scheme: schemeOf(id), hash: strongHashOf(reader.u16be('scheme hash')) };
}

/**
 * Reads exactly one public area of a key that can only sign what its TPM made: restricted, signing,
 * not decrypting, made in the TPM and bound to it; RSA of 2048 bits and up, P-256 or P-384.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm' |
 *   'public-key-invalid' | 'attestation-key-unfit'
 */
export function parseAttestationKey(input: Uint8Array): AttestationKey {
  const { head, reader } = openPublicArea(input);
  for (const name of wanted) {
    if ((head.attributes & attribute[name]) === 0) throw unfit(`${name} is not set`);
  }
  if ((head.attributes & attribute.decrypt) !== 0) throw unfit('decrypt is set');
  const scheme = readScheme(reader);
  return { ...head, ...scheme, publicKey: readPublicKey(reader, head.kind) };
}

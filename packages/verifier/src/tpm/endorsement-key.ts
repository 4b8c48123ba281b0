// The public area of an endorsement key (TCG EK Credential Profile 2.5, annex B: its templates, but for P-521 and
// SM2). The attributes are its bearer's word: a certificate covers the public key alone, and it is the certificate's
// issuer who knows that the key was made by such a template.

import type { ByteReader } from '../encoding/reader.js';
import { EvidenceError } from '../errors.js';
import type { PublicKey } from '../pki/algorithm.js';
import { tpmAlgorithm } from './algorithm.js';
import { attribute, openPublicArea, type PublicAreaHead, readPublicKey } from './public-area.js';

export interface EndorsementKey extends PublicAreaHead {
  /** Of the AES with which this key's TPM protects what it wraps. */
  readonly symmetricBits: 128 | 256;
  readonly publicKey: PublicKey;
}

const wanted = ['fixedTpm', 'fixedParent', 'sensitiveDataOrigin', 'restricted', 'decrypt'] as const;

function unfit(why: string): EvidenceError {
  return new EvidenceError('endorsement-key-unfit', `TPM endorsement key: ${why}`);
}

/** A storage key has a symmetric algorithm, which is AES in CFB here, and no scheme. */
function readSymmetric(reader: ByteReader): EndorsementKey['symmetricBits'] {
  if (reader.u16be('symmetric') !== tpmAlgorithm.aes) throw unfit('it does not wrap with AES');
  const bits = reader.u16be('symmetric bits');
  if (bits !== 128 && bits !== 256) throw unfit(`AES of ${bits} bits`);
  if (reader.u16be('symmetric mode') !== tpmAlgorithm.cfb) throw unfit('its AES is not in CFB');
  if (reader.u16be('scheme') !== tpmAlgorithm.null) throw unfit('it has a scheme of its own');
  return bits;
}

/**
 * Reads exactly one public area of a key that decrypts nothing but what a TPM is asked to unwrap: restricted,
 * decrypting, not signing, made in the TPM and bound to it; RSA of 2048 bits and up, P-256 or P-384.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm' |
 *   'public-key-invalid' | 'endorsement-key-unfit'
 */
export function parseEndorsementKey(input: Uint8Array): EndorsementKey {
  const { head, reader } = openPublicArea(input);
  for (const name of wanted) {
    if ((head.attributes & attribute[name]) === 0) throw unfit(`${name} is not set`);
  }
  if ((head.attributes & attribute.sign) !== 0) throw unfit('sign is set');
  const symmetricBits = readSymmetric(reader);
  return { ...head, symmetricBits, publicKey: readPublicKey(reader, head.kind) };
}

// What certificates and revocation lists are on the outside (RFC 5280 sections 4.1.1 and 5.1.1): something to be signed,
// an algorithm and a signature. Trusts nothing and verifies nothing: see chain.ts.

import { copyBytes } from '../encoding/bytes.js';
import { type DerLimits, DerReader, derTag } from '../encoding/der.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { readSignatureAlgorithm, type X509SignatureAlgorithm } from './algorithm.js';

/** All byte strings are views on `raw`. */
export interface X509Signed {
  readonly raw: Uint8Array;
  /** What the signature covers. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: X509SignatureAlgorithm;
  readonly signature: Uint8Array;
}

/** What the signed part holds, and the signature algorithm that it names, as DER. */
export interface SignedFields<F> {
  readonly algorithmRaw: Uint8Array;
  readonly fields: F;
}

/**
 * Reads exactly one. The input is copied first.
 * @param what for error texts
 * @param readFields reads the signed part to its end
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm', and what `readFields` throws
 */
export function parseSigned<F>(
  der: Uint8Array,
  what: 'certificate' | 'CRL',
  limits: DerLimits,
  readFields: (reader: DerReader) => SignedFields<F>,
): X509Signed & F {
  if (der.length > limits.bytesMax) throw new EvidenceError('malformed', `${what}: too large`);
  const raw = copyBytes(der);
  const outer = DerReader.open(raw, what, limits);
  const reader = outer.sequence('signed');
  outer.end();
  const tbs = reader.expect(derTag.sequence, 'to be signed');
  const algorithm = reader.expect(derTag.sequence, 'signatureAlgorithm');
  const signature = reader.bitStringBytes('signatureValue');
  reader.end();
  const { algorithmRaw, fields } = readFields(reader.inside(tbs, 'to be signed'));
  // RFC 5280 sections 4.1.1.2 and 5.1.1.2: both must be the same, or the outer one could be swapped.
  if (encodeHex(algorithmRaw) !== encodeHex(algorithm.raw)) {
    throw new EvidenceError('malformed', `${what}: names two signature algorithms`);
  }
  const signatureAlgorithm = readSignatureAlgorithm(reader.inside(algorithm, 'algorithm'));
  return { raw, tbs: tbs.raw, ...fields, signatureAlgorithm, signature };
}

// The only thing of the platform that this package uses: hashes and signature checks.
// Must never generate, hold or use a private key.

/** SHA-1 is for banks of event logs only: nothing may rest on it alone, and no signature uses it. */
export type DigestAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/**
 * ECDSA signatures are r || s, each big-endian and as long as the curve's order.
 * RSA-PSS uses MGF1 with the same hash and a salt as long as the hash. Ed25519 is that of RFC 8032,
 * without prehashing or context.
 */
export type SignatureAlgorithm =
  | 'ecdsa-p256-sha256'
  | 'ecdsa-p384-sha384'
  | 'ecdsa-p521-sha512'
  | 'ed25519'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-pss-sha512'
  | 'rsa-pkcs1-sha256'
  | 'rsa-pkcs1-sha384'
  | 'rsa-pkcs1-sha512';

/** Hash and signature primitives. Every implementation passes the same table of tests. */
export interface CryptoProvider {
  digest(algorithm: DigestAlgorithm, data: Uint8Array): Promise<Uint8Array>;

  /**
   * Whether `signature` over `data` was made with the key in `spki` (DER SubjectPublicKeyInfo).
   * A signature of the wrong length is false.
   * @throws EvidenceError 'public-key-invalid' if `spki` is not a key for `algorithm`; for ECDSA, unless it
   *   is an uncompressed point (RFC 5480 section 2.2) with coordinates below the field's prime that is on
   *   the algorithm's curve
   */
  verify(
    algorithm: SignatureAlgorithm,
    spki: Uint8Array,
    signature: Uint8Array,
    data: Uint8Array,
  ): Promise<boolean>;
}

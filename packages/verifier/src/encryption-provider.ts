// What it takes to encrypt to somebody's public key. Apart from CryptoProvider, because that one never holds a private
// key and answers the same to the same question, and verifying must not need more: here are ephemeral keys and the
// platform's randomness, and only who makes a challenge (tpm/make-credential.ts) asks for it.

import type { Curve } from './pki/algorithm.js';

/** Encryption primitives. Every implementation passes the same table of tests. */
export interface EncryptionProvider {
  /**
   * RSAES-OAEP (RFC 8017) with the platform's randomness; MGF1 with the same hash.
   * @param label includes whatever terminates it
   * @throws EvidenceError 'public-key-invalid' if `spki` is no RSA key that takes `message`
   */
  encryptOaep(
    hash: 'sha256' | 'sha384' | 'sha512',
    spki: Uint8Array,
    label: Uint8Array,
    message: Uint8Array,
  ): Promise<Uint8Array>;

  /**
   * One-pass ECDH (SP 800-56A, C(1e, 1s)): a key pair made for this call and forgotten, its public point x || y, and
   * the x-coordinate shared with `spki`; all numbers as long as the curve's field.
   * @throws EvidenceError 'public-key-invalid' if `spki` is no point of the curve
   */
  agree(curve: Curve, spki: Uint8Array): Promise<{ point: Uint8Array; shared: Uint8Array }>;

  /** One block through AES (FIPS 197), key of 16 or 32 bytes: from it any mode can be made. */
  encryptBlock(key: Uint8Array, block: Uint8Array): Promise<Uint8Array>;
}

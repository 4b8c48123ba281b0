// CryptoProvider on node:crypto. The one file of this package, outside testing/, that needs Node.

import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { EvidenceError } from './errors.js';
import type { CryptoProvider, SignatureAlgorithm } from './provider.js';

const curves: Partial<Record<SignatureAlgorithm, { name: string; signatureBytes: number }>> = {
  'ecdsa-p256-sha256': { name: 'prime256v1', signatureBytes: 64 },
  'ecdsa-p384-sha384': { name: 'secp384r1', signatureBytes: 96 },
  'ecdsa-p521-sha512': { name: 'secp521r1', signatureBytes: 132 },
};

function fits(algorithm: SignatureAlgorithm, key: KeyObject): boolean {
  const curve = curves[algorithm];
  if (curve === undefined) return key.asymmetricKeyType === algorithm.split('-')[0];
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve.name;
}

function importKey(algorithm: SignatureAlgorithm, spki: Uint8Array): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    throw new EvidenceError('public-key-invalid', `public key: not usable for ${algorithm}`);
  }
  if (!fits(algorithm, key)) {
    throw new EvidenceError('public-key-invalid', `public key: of another kind than ${algorithm}`);
  }
  return key;
}

export const nodeProvider: CryptoProvider = {
  async digest(algorithm, data) {
    return new Uint8Array(createHash(algorithm).update(data).digest());
  },

  async verify(algorithm, spki, signature, data) {
    const key = importKey(algorithm, spki);
    if (algorithm === 'ed25519') return verify(null, data, key, signature);
    const hash = algorithm.slice(algorithm.lastIndexOf('-') + 1);
    const curve = curves[algorithm];
    if (curve !== undefined) {
      if (signature.length !== curve.signatureBytes) return false;
      return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
    }
    // OpenSSL takes a PSS signature whose leading zeros are left out for the same number.
    const modulusBits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (signature.length !== Math.ceil(modulusBits / 8)) return false;
    if (algorithm.startsWith('rsa-pss-')) {
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      return verify(hash, data, { key, padding, saltLength }, signature);
    }
    return verify(hash, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
  },
};

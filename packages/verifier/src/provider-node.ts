// CryptoProvider and EncryptionProvider on node:crypto. The one file of this package, outside testing/, that needs Node.

import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  verify,
} from 'node:crypto';
import type { EncryptionProvider } from './encryption-provider.js';
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

function readKey(spki: Uint8Array, use: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    throw new EvidenceError('public-key-invalid', `public key: not usable for ${use}`);
  }
}

function importKey(algorithm: SignatureAlgorithm, spki: Uint8Array): KeyObject {
  const key = readKey(spki, algorithm);
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

const exchangeCurves = { p256: 'prime256v1', p384: 'secp384r1' } as const;

export const nodeEncryption: EncryptionProvider = {
  async encryptOaep(hash, spki, label, message) {
    const key = readKey(spki, 'RSA-OAEP');
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    if (key.asymmetricKeyType === 'rsa') {
      try {
        const options = { key, padding, oaepHash: hash, oaepLabel: label };
        return new Uint8Array(publicEncrypt(options, message));
      } catch {
        // Falls to the refusal below: the message is too long for the key.
      }
    }
    throw new EvidenceError('public-key-invalid', 'public key: not usable for RSA-OAEP');
  },

  async agree(curve, spki) {
    const theirs = readKey(spki, 'ECDH');
    const namedCurve = exchangeCurves[curve];
    if (theirs.asymmetricKeyDetails?.namedCurve !== namedCurve) {
      throw new EvidenceError('public-key-invalid', `public key: not on ${curve}`);
    }
    const ours = generateKeyPairSync('ec', { namedCurve });
    const shared = diffieHellman({ privateKey: ours.privateKey, publicKey: theirs });
    const point = ours.publicKey.export({ type: 'spki', format: 'der' });
    return {
      point: new Uint8Array(point.subarray(-2 * shared.length)),
      shared: new Uint8Array(shared),
    };
  },

  async encryptBlock(key, block) {
    const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    const encrypted = new Uint8Array(cipher.update(block));
    cipher.final();
    return encrypted;
  },
};

// CryptoProvider and EncryptionProvider on node:crypto. The one file of this package, outside testing/, that needs Node.

import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  publicEncrypt,
  verify,
} from 'node:crypto';
import { encodeBase64Url } from './encoding/base64.js';
import { certificateDerLimits, DerReader, derTag } from './encoding/der.js';
import { encodeHex } from './encoding/hex.js';
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

const ecPrefixes = [
  { crv: 'P-256', bytes: 32, hex: '3059301306072a8648ce3d020106082a8648ce3d03010703420004' },
  { crv: 'P-384', bytes: 48, hex: '3076301006072a8648ce3d020106052b8104002203620004' },
] as const;
const rsaPrefix = '300d06092a864886f70d0101010500';

/** Numbers of an RSA key in the usual form, or null: then OpenSSL is asked to read it. */
function readRsaNumbers(spki: Uint8Array): { n: Uint8Array; e: Uint8Array } | null {
  try {
    const outer = DerReader.open(spki, 'public key', certificateDerLimits);
    const reader = outer.sequence('key info');
    outer.end();
    const algorithm = reader.expect(derTag.sequence, 'algorithm');
    if (encodeHex(algorithm.raw) !== rsaPrefix) return null;
    const key = reader.nested(reader.bitStringBytes('key'), 'RSA key');
    reader.end();
    const numbers = key.sequence('numbers');
    key.end();
    const n = numbers.unsignedInteger('modulus');
    const e = numbers.unsignedInteger('exponent');
    numbers.end();
    return { n, e };
  } catch (error) {
    if (error instanceof EvidenceError) return null;
    throw error;
  }
}

/** The same key as JWK: OpenSSL 3 takes a twentieth of the time for it that it takes for DER. */
function jwkOf(spki: Uint8Array): JsonWebKey | null {
  for (const { crv, bytes, hex } of ecPrefixes) {
    const start = hex.length / 2;
    if (spki.length !== start + 2 * bytes) continue;
    if (encodeHex(spki.subarray(0, start)) !== hex) continue;
    const x = encodeBase64Url(spki.subarray(start, start + bytes));
    return { kty: 'EC', crv, x, y: encodeBase64Url(spki.subarray(start + bytes)) };
  }
  const numbers = readRsaNumbers(spki);
  if (numbers === null) return null;
  return { kty: 'RSA', n: encodeBase64Url(numbers.n), e: encodeBase64Url(numbers.e) };
}

function readKey(spki: Uint8Array, use: string): KeyObject {
  try {
    const jwk = jwkOf(spki);
    return jwk === null
      ? createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      : createPublicKey({ key: jwk, format: 'jwk' });
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

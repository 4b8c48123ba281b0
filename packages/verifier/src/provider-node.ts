// CryptoProvider and EncryptionProvider on node:crypto. The one file of this package, outside testing/, that needs Node.

import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  KeyObject,
  publicEncrypt,
  verify,
  webcrypto,
} from 'node:crypto';
import { equalBytes } from './encoding/bytes.js';
import type { EncryptionProvider } from './encryption-provider.js';
import { EvidenceError } from './errors.js';
import { parseRsaNumbers, spkiPrefixes } from './pki/algorithm.js';
import type { CryptoProvider, SignatureAlgorithm } from './provider.js';

/** A public key that was read, and how long any signature by it is. */
interface ImportedKey {
  readonly kind: 'p256' | 'p384' | 'p521' | 'ed25519' | 'rsa';
  readonly key: KeyObject;
  readonly signatureBytes: number;
}

const curves = [
  { kind: 'p256', namedCurve: 'P-256', bytes: 64 },
  { kind: 'p384', namedCurve: 'P-384', bytes: 96 },
  { kind: 'p521', namedCurve: 'P-521', bytes: 132 },
] as const;

function startsWith(spki: Uint8Array, prefix: Uint8Array, restBytes: number): boolean {
  return (
    spki.length === prefix.length + restBytes && equalBytes(spki.subarray(0, prefix.length), prefix)
  );
}

/**
 * An EC key by its bare point, which OpenSSL checks to be on the curve. Of a JWK it would also multiply it by the
 * curve's order: that shows nothing more where the cofactor is 1, and takes as long as to check a signature.
 */
async function findEcKey(spki: Uint8Array): Promise<ImportedKey | null> {
  for (const { kind, namedCurve, bytes } of curves) {
    const prefix = spkiPrefixes[kind];
    if (!startsWith(spki, prefix, bytes)) continue;
    // The last byte of the prefix says that the point is uncompressed, and is part of it.
    const point = spki.subarray(prefix.length - 1);
    const algorithm = { name: 'ECDSA', namedCurve };
    const key = await webcrypto.subtle.importKey('raw', point, algorithm, true, ['verify']);
    return { kind, key: KeyObject.from(key), signatureBytes: bytes };
  }
  return null;
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function findEd25519Key(spki: Uint8Array): ImportedKey | null {
  const prefix = spkiPrefixes.ed25519;
  if (!startsWith(spki, prefix, 32)) return null;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64Url(spki.subarray(prefix.length)) };
  return {
    kind: 'ed25519',
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    signatureBytes: 64,
  };
}

function readRsaKey(spki: Uint8Array): ImportedKey {
  const { modulus, exponent } = parseRsaNumbers(spki);
  const jwk = { kty: 'RSA', n: base64Url(modulus), e: base64Url(exponent) };
  return {
    kind: 'rsa',
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    signatureBytes: modulus.length,
  };
}

/** Not by OpenSSL's reader of DER: it takes a tenth of a millisecond for any key, and takes odd forms of keys too. */
async function readKey(spki: Uint8Array, use: string): Promise<ImportedKey> {
  try {
    return (await findEcKey(spki)) ?? findEd25519Key(spki) ?? readRsaKey(spki);
  } catch {
    throw new EvidenceError('public-key-invalid', `public key: not usable for ${use}`);
  }
}

async function importKey(algorithm: SignatureAlgorithm, spki: Uint8Array): Promise<ImportedKey> {
  const imported = await readKey(spki, algorithm);
  if (algorithm.split('-').includes(imported.kind)) return imported;
  throw new EvidenceError('public-key-invalid', `public key: of another kind than ${algorithm}`);
}

export const nodeProvider: CryptoProvider = {
  async digest(algorithm, data) {
    return new Uint8Array(createHash(algorithm).update(data).digest());
  },

  async verify(algorithm, spki, signature, data) {
    const { kind, key, signatureBytes } = await importKey(algorithm, spki);
    // OpenSSL takes a PSS signature whose leading zeros are left out for the same number.
    if (signature.length !== signatureBytes) return false;
    if (kind === 'ed25519') return verify(null, data, key, signature);
    const hash = algorithm.slice(algorithm.lastIndexOf('-') + 1);
    if (kind !== 'rsa') return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
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
    const { kind, key } = await readKey(spki, 'RSA-OAEP');
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    if (kind === 'rsa') {
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
    const theirs = await readKey(spki, 'ECDH');
    if (theirs.kind !== curve) {
      throw new EvidenceError('public-key-invalid', `public key: not on ${curve}`);
    }
    const ours = generateKeyPairSync('ec', { namedCurve: exchangeCurves[curve] });
    const shared = diffieHellman({ privateKey: ours.privateKey, publicKey: theirs.key });
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

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
import { concatBytes } from './encoding/bytes.js';
import type { EncryptionProvider } from './encryption-provider.js';
import { EvidenceError } from './errors.js';
import { parseRsaNumbers } from './pki/algorithm.js';
import { curveNames, type EcCurve, ecCurves, findBareKey } from './pki/raw-key.js';
import type { CryptoProvider, SignatureAlgorithm } from './provider.js';

/** A public key that was read, and how long any signature by it is. */
interface ImportedKey {
  readonly kind: EcCurve | 'ed25519' | 'rsa';
  readonly key: KeyObject;
  readonly signatureBytes: number;
}

/** What stands before an uncompressed point. */
const uncompressed = Uint8Array.of(4);

/**
 * An EC key by its bare point, which OpenSSL checks to be on the curve. Of a JWK it would also multiply it by the
 * curve's order: that shows nothing more where the cofactor is 1, and takes as long as to check a signature.
 */
async function findEcKey(spki: Uint8Array): Promise<ImportedKey | null> {
  for (const kind of ecCurves) {
    const bare = findBareKey(spki, kind);
    if (bare === null) continue;
    const point = concatBytes(uncompressed, bare);
    const algorithm = { name: 'ECDSA', namedCurve: curveNames[kind] };
    const key = await webcrypto.subtle.importKey('raw', point, algorithm, true, ['verify']);
    return { kind, key: KeyObject.from(key), signatureBytes: bare.length };
  }
  return null;
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function findEd25519Key(spki: Uint8Array): ImportedKey | null {
  const bare = findBareKey(spki, 'ed25519');
  if (bare === null) return null;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64Url(bare) };
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
    const ours = generateKeyPairSync('ec', { namedCurve: curveNames[curve] });
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

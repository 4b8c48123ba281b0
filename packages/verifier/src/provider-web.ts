// CryptoProvider and EncryptionProvider on WebCrypto, for browsers and every other runtime that has `crypto.subtle`.

import type { EncryptionProvider } from './encryption-provider.js';
import { EvidenceError } from './errors.js';
import {
  coordinateBytes,
  curveNames,
  type EcCurve,
  findBareKey,
  findCurve,
} from './pki/raw-key.js';
import type { CryptoProvider, SignatureAlgorithm } from './provider.js';

const hashNames = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
} as const;
const saltBytes = { sha256: 32, sha384: 48, sha512: 64 } as const;

interface WebAlgorithm {
  readonly import: { readonly name: string; readonly hash?: string; readonly namedCurve?: string };
  readonly verify: { readonly name: string; readonly hash?: string; readonly saltLength?: number };
}

function describe(algorithm: SignatureAlgorithm): WebAlgorithm {
  if (algorithm === 'ed25519') return { import: { name: 'Ed25519' }, verify: { name: 'Ed25519' } };
  const digest = algorithm.slice(algorithm.lastIndexOf('-') + 1) as keyof typeof saltBytes;
  const hash = hashNames[digest];
  const curve = findCurve(algorithm);
  if (curve !== null) {
    const name = 'ECDSA';
    return { import: { name, namedCurve: curveNames[curve] }, verify: { name, hash } };
  }
  if (algorithm.startsWith('rsa-pss-')) {
    const name = 'RSA-PSS';
    return { import: { name, hash }, verify: { name, saltLength: saltBytes[digest] } };
  }
  const name = 'RSASSA-PKCS1-v1_5';
  return { import: { name, hash }, verify: { name } };
}

// WebCrypto refuses views on shared memory, and its types say so; a copy is always plain memory.
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

type WebKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function importKey(
  spki: Uint8Array,
  algorithm: WebAlgorithm['import'],
  uses: readonly ('verify' | 'encrypt')[],
  use: string,
): Promise<WebKey> {
  try {
    return await crypto.subtle.importKey('spki', plain(spki), algorithm, false, [...uses]);
  } catch {
    throw new EvidenceError('public-key-invalid', `public key: not usable for ${use}`);
  }
}

/** Some read points in other forms too. */
function checkForm(spki: Uint8Array, curve: EcCurve): void {
  if (findBareKey(spki, curve) !== null) return;
  const want = `want an uncompressed point of ${curveNames[curve]}`;
  throw new EvidenceError('public-key-invalid', `public key: ${want}`);
}

export const webProvider: CryptoProvider = {
  async digest(algorithm, data) {
    return new Uint8Array(await crypto.subtle.digest(hashNames[algorithm], plain(data)));
  },

  async verify(algorithm, spki, signature, data) {
    const web = describe(algorithm);
    const curve = findCurve(algorithm);
    if (curve !== null) checkForm(spki, curve);
    const key = await importKey(spki, web.import, ['verify'], algorithm);
    // Some take an RSA signature whose leading zeros are left out for the same number.
    const { modulusLength: modulusBits } = key.algorithm as { readonly modulusLength?: number };
    if (modulusBits !== undefined && signature.length !== Math.ceil(modulusBits / 8)) return false;
    try {
      return await crypto.subtle.verify(web.verify, key, plain(signature), plain(data));
    } catch {
      // An RSA key too short for the hash and its salt, which cannot have signed.
      return false;
    }
  },
};

export const webEncryption: EncryptionProvider = {
  async encryptOaep(hash, spki, label, message) {
    const name = 'RSA-OAEP';
    const key = await importKey(spki, { name, hash: hashNames[hash] }, ['encrypt'], name);
    try {
      const encrypted = await crypto.subtle.encrypt(
        { name, label: plain(label) },
        key,
        plain(message),
      );
      return new Uint8Array(encrypted);
    } catch {
      throw new EvidenceError('public-key-invalid', 'public key: not usable for RSA-OAEP');
    }
  },

  async agree(curve, spki) {
    const algorithm = { name: 'ECDH', namedCurve: curveNames[curve] };
    checkForm(spki, curve);
    const theirs = await importKey(spki, algorithm, [], 'ECDH');
    const ours = await crypto.subtle.generateKey(algorithm, false, ['deriveBits']);
    const exchange = { name: 'ECDH', public: theirs };
    const bits = 8 * coordinateBytes[curve];
    const shared = await crypto.subtle.deriveBits(exchange, ours.privateKey, bits);
    // An uncompressed point begins with a byte that says so.
    const point = new Uint8Array(await crypto.subtle.exportKey('raw', ours.publicKey)).subarray(1);
    return { point, shared: new Uint8Array(shared) };
  },

  async encryptBlock(key, block) {
    // WebCrypto has no bare AES. CTR encrypts its counter, here the block, and adds the data, here none.
    const imported = await crypto.subtle.importKey('raw', plain(key), 'AES-CTR', false, [
      'encrypt',
    ]);
    const counter = { name: 'AES-CTR', counter: plain(block), length: 64 };
    return new Uint8Array(await crypto.subtle.encrypt(counter, imported, new Uint8Array(16)));
  },
};

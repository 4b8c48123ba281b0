// CryptoProvider on WebCrypto, for browsers and every other runtime that has `crypto.subtle`.

import { EvidenceError } from './errors.js';
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
  if (algorithm.startsWith('ecdsa-')) {
    const namedCurve = `P-${algorithm.slice('ecdsa-p'.length, 'ecdsa-p256'.length)}`;
    return { import: { name: 'ECDSA', namedCurve }, verify: { name: 'ECDSA', hash } };
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

export const webProvider: CryptoProvider = {
  async digest(algorithm, data) {
    return new Uint8Array(await crypto.subtle.digest(hashNames[algorithm], plain(data)));
  },

  async verify(algorithm, spki, signature, data) {
    const web = describe(algorithm);
    let key: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
    try {
      key = await crypto.subtle.importKey('spki', plain(spki), web.import, false, ['verify']);
    } catch {
      throw new EvidenceError('public-key-invalid', `public key: not usable for ${algorithm}`);
    }
    // Some take an RSA signature whose leading zeros are left out for the same number.
    const { modulusLength: modulusBits } = key.algorithm as { readonly modulusLength?: number };
    if (modulusBits !== undefined && signature.length !== Math.ceil(modulusBits / 8)) return false;
    return crypto.subtle.verify(web.verify, key, plain(signature), plain(data));
  },
};

// Numbers of algorithms in TPM 2.0 structures (TPM 2.0 Library part 2, table 9) and what they mean here.
// Everything that is not in a table is refused by name.

import { EvidenceError } from '../errors.js';
import type { Bank } from '../eventlog/event-log.js';
import type { DigestAlgorithm, SignatureAlgorithm } from '../provider.js';

export const tpmAlgorithm = {
  rsa: 0x0001,
  aes: 0x0006,
  null: 0x0010,
  rsassa: 0x0014,
  rsapss: 0x0016,
  ecdsa: 0x0018,
  ecc: 0x0023,
  cfb: 0x0043,
} as const;

const hashes: ReadonlyMap<number, DigestAlgorithm> = new Map([
  [0x0004, 'sha1'],
  [0x000b, 'sha256'],
  [0x000c, 'sha384'],
  [0x000d, 'sha512'],
]);

export const signatureSchemes = ['rsassa', 'rsapss', 'ecdsa'] as const;
export type SignatureScheme = (typeof signatureSchemes)[number];

function unsupported(what: string, id: number): EvidenceError {
  return new EvidenceError('unsupported-algorithm', `TPM: ${what} 0x${id.toString(16)}`);
}

/** The bank of PCRs that an algorithm's number names. @throws EvidenceError 'unsupported-algorithm' */
export function bankOf(id: number): Bank {
  const bank = hashes.get(id);
  if (bank === undefined) throw unsupported('bank', id);
  return bank;
}

/** A hash that something may rest on: not SHA-1. @throws EvidenceError 'unsupported-algorithm' */
export function strongHashOf(id: number): Exclude<DigestAlgorithm, 'sha1'> {
  const hash = hashes.get(id);
  if (hash === undefined || hash === 'sha1') throw unsupported('hash', id);
  return hash;
}

/** @throws EvidenceError 'unsupported-algorithm' */
export function schemeOf(id: number): SignatureScheme {
  const scheme = signatureSchemes.find((name) => tpmAlgorithm[name] === id);
  if (scheme === undefined) throw unsupported('signature scheme', id);
  return scheme;
}

/** How the provider calls a signature of this scheme and hash by a key of this kind. */
export function signatureAlgorithmOf(
  scheme: SignatureScheme,
  hash: Exclude<DigestAlgorithm, 'sha1'>,
  curve: 'p256' | 'p384' | null,
): SignatureAlgorithm {
  if (scheme !== 'ecdsa' && curve === null) {
    return `${scheme === 'rsassa' ? 'rsa-pkcs1' : 'rsa-pss'}-${hash}`;
  }
  if (scheme === 'ecdsa' && curve === 'p256' && hash === 'sha256') return 'ecdsa-p256-sha256';
  if (scheme === 'ecdsa' && curve === 'p384' && hash === 'sha384') return 'ecdsa-p384-sha384';
  throw new EvidenceError('unsupported-algorithm', `TPM: ${scheme} with ${hash} by this key`);
}

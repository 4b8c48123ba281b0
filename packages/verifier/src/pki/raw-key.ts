// Keys in the one form that is taken: uncompressed points of named curves (RFC 5480 section 2) and Ed25519 (RFC 8410
// section 4), bare and as SubjectPublicKeyInfo. Does not know whether a point is on its curve: providers do.

import { concatBytes, equalBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import type { SignatureAlgorithm } from '../provider.js';

export const ecCurves = ['p256', 'p384', 'p521'] as const;
export type EcCurve = (typeof ecCurves)[number];

/** Of a coordinate, and as much of each half of a signature. */
export const coordinateBytes = { p256: 32, p384: 48, p521: 66 } as const;

/** As JWK and WebCrypto call them. */
export const curveNames = { p256: 'P-256', p384: 'P-384', p521: 'P-521' } as const;

const algorithmCurves: Partial<Record<SignatureAlgorithm, EcCurve>> = {
  'ecdsa-p256-sha256': 'p256',
  'ecdsa-p384-sha384': 'p384',
  'ecdsa-p521-sha512': 'p521',
};

/** Null if it is not ECDSA. */
export function findCurve(algorithm: SignatureAlgorithm): EcCurve | null {
  return algorithmCurves[algorithm] ?? null;
}

/** SubjectPublicKeyInfo up to the key; of points with the byte that says that they are uncompressed. */
const prefixes = {
  p256: decodeHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
  p384: decodeHex('3076301006072a8648ce3d020106052b8104002203620004'),
  p521: decodeHex('30819b301006072a8648ce3d020106052b810400230381860004'),
  ed25519: decodeHex('302a300506032b6570032100'),
} as const;
const keyBytes = { p256: 64, p384: 96, p521: 132, ed25519: 32 } as const;

/**
 * SubjectPublicKeyInfo of a bare key: x || y, as quotes carry it, or the 32 bytes of Ed25519.
 * @throws EvidenceError 'public-key-invalid' for a key of another length
 */
export function spkiOf(kind: EcCurve | 'ed25519', key: Uint8Array): Uint8Array {
  if (key.length !== keyBytes[kind]) {
    throw new EvidenceError('public-key-invalid', `public key: want ${keyBytes[kind]} bytes`);
  }
  return concatBytes(prefixes[kind], key);
}

/**
 * The bare key, as a view, or null if it is said to be of another kind. Compressed and hybrid points and the one at
 * infinity are of no kind: platforms differ on them.
 */
export function findBareKey(spki: Uint8Array, kind: EcCurve | 'ed25519'): Uint8Array | null {
  const prefix = prefixes[kind];
  const isOfKind =
    spki.length === prefix.length + keyBytes[kind] &&
    equalBytes(spki.subarray(0, prefix.length), prefix);
  return isOfKind ? spki.subarray(prefix.length) : null;
}

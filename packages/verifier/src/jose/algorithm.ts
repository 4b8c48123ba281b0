// The JWS algorithms (RFC 7518 section 3.1, RFC 8037) that a token may be signed with, and the keys that fit them.
// Only digital signatures: no `none`, and no MAC, whose key would be a public one.

import { EvidenceError } from '../errors.js';
import type { SignatureAlgorithm } from '../provider.js';
import type { TokenKey } from './jwk.js';

export const jwsAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type JwsAlgorithm = (typeof jwsAlgorithms)[number];

type TokenKeyKind = 'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519';

interface Meaning {
  readonly algorithm: SignatureAlgorithm;
  /** The one kind of key that signs so: each ECDSA algorithm has its own curve (section 3.4). */
  readonly key: TokenKeyKind;
}

const meanings: Readonly<Record<JwsAlgorithm, Meaning>> = {
  RS256: { algorithm: 'rsa-pkcs1-sha256', key: 'rsa' },
  RS384: { algorithm: 'rsa-pkcs1-sha384', key: 'rsa' },
  RS512: { algorithm: 'rsa-pkcs1-sha512', key: 'rsa' },
  PS256: { algorithm: 'rsa-pss-sha256', key: 'rsa' },
  PS384: { algorithm: 'rsa-pss-sha384', key: 'rsa' },
  PS512: { algorithm: 'rsa-pss-sha512', key: 'rsa' },
  ES256: { algorithm: 'ecdsa-p256-sha256', key: 'p256' },
  ES384: { algorithm: 'ecdsa-p384-sha384', key: 'p384' },
  ES512: { algorithm: 'ecdsa-p521-sha512', key: 'p521' },
  // Ed25519 only: RFC 8037's other curve is not among the keys.
  EdDSA: { algorithm: 'ed25519', key: 'ed25519' },
};

/** @throws EvidenceError 'unsupported-algorithm' unless `alg` is one of `allowed`, letter by letter */
export function acceptAlgorithm(alg: string, allowed: readonly JwsAlgorithm[]): JwsAlgorithm {
  const found = allowed.find((accepted) => accepted === alg);
  if (found !== undefined) return found;
  throw new EvidenceError(
    'unsupported-algorithm',
    `token: signed with ${alg.slice(0, 16)}, want ${allowed.join(' or ')}`,
  );
}

/**
 * How a key of this kind checks such a signature.
 * @throws EvidenceError 'unsupported-algorithm' if it is of another kind or curve
 */
export function algorithmFor(alg: JwsAlgorithm, key: TokenKey): SignatureAlgorithm {
  const meaning = meanings[alg];
  const kind: TokenKeyKind = key.kind === 'ec' ? key.curve : key.kind;
  if (kind === meaning.key) return meaning.algorithm;
  throw new EvidenceError('unsupported-algorithm', `token: ${alg} with a key of another kind`);
}

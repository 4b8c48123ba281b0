// The JWS algorithms (RFC 7518 section 3.1) that a token may be signed with, and the keys that fit them.
// Only digital signatures: no `none`, and no MAC, whose key would be a public one.

import { EvidenceError } from '../errors.js';
import type { Curve, PublicKey } from '../pki/algorithm.js';
import type { SignatureAlgorithm } from '../provider.js';

export const jwsAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
] as const;
export type JwsAlgorithm = (typeof jwsAlgorithms)[number];

interface Meaning {
  readonly algorithm: SignatureAlgorithm;
  /** The one curve whose keys may sign so (RFC 7518 section 3.4); null for RSA. */
  readonly curve: Curve | null;
}

const meanings: Readonly<Record<JwsAlgorithm, Meaning>> = {
  RS256: { algorithm: 'rsa-pkcs1-sha256', curve: null },
  RS384: { algorithm: 'rsa-pkcs1-sha384', curve: null },
  RS512: { algorithm: 'rsa-pkcs1-sha512', curve: null },
  PS256: { algorithm: 'rsa-pss-sha256', curve: null },
  PS384: { algorithm: 'rsa-pss-sha384', curve: null },
  PS512: { algorithm: 'rsa-pss-sha512', curve: null },
  ES256: { algorithm: 'ecdsa-p256-sha256', curve: 'p256' },
  ES384: { algorithm: 'ecdsa-p384-sha384', curve: 'p384' },
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
export function algorithmFor(alg: JwsAlgorithm, key: PublicKey): SignatureAlgorithm {
  const { algorithm, curve } = meanings[alg];
  const fits = key.kind === 'rsa' ? curve === null : key.kind === 'ec' && key.curve === curve;
  if (fits) return algorithm;
  throw new EvidenceError('unsupported-algorithm', `token: ${alg} with a key of another kind`);
}

// CoRIM's values as requirements on claims. One value, one requirement: what cannot be said exactly is refused.

import { encodeHex } from '../encoding/hex.js';
import type { Requirement } from '../types.js';
import { malformed, unsupported } from './fields.js';
import type { CorimDigests, CorimMeasurement, CorimValue } from './measurement.js';

export type Claims = Readonly<Record<string, Requirement>>;

/** The only value of a measurement, of the kind that its key calls for. */
export function onlyValue<K extends CorimValue['kind']>(
  { key, values }: CorimMeasurement,
  kind: K,
): Extract<CorimValue, { readonly kind: K }> {
  const [value, ...more] = values;
  if (value?.kind !== kind || more.length > 0) {
    throw unsupported(`measurement ${key}: want ${kind} and nothing else`);
  }
  return value as Extract<CorimValue, { readonly kind: K }>;
}

/** Bytes in hex, or with a mask the bits that it covers. */
export function bytesRequirement(
  { value, mask }: Extract<CorimValue, { readonly kind: 'raw' }>,
  length: number | null,
): Requirement {
  if (length !== null && value.length !== length)
    throw malformed(`raw value of ${value.length} bytes`);
  if (mask === null) return [encodeHex(value)];
  if (mask.every((byte) => byte === 0)) throw unsupported('mask that asks for nothing');
  return {
    set: encodeHex(value.map((byte, i) => byte & (mask[i] ?? 0))),
    clear: encodeHex(value.map((byte, i) => ~byte & (mask[i] ?? 0))),
  };
}

/** A security version number as a claim that is a number. */
export function svnRequirement({
  svn,
  isMinimum,
}: Extract<CorimValue, { readonly kind: 'svn' }>): Requirement {
  const number = Number(svn);
  if (!Number.isSafeInteger(number)) throw unsupported('svn beyond what a claim holds');
  return isMinimum ? { min: number } : [number];
}

/** The digest by one algorithm, which must be there. */
export function digestRequirement(digests: CorimDigests, algorithm: number): Requirement {
  const digest = digests.get(algorithm);
  if (digest === undefined || digests.size > 1) {
    throw unsupported(`digests: want one, by hash algorithm ${algorithm}`);
  }
  return [encodeHex(digest)];
}

/** Joins what several measurements ask. Two words on one claim are refused. */
export function joinClaims(parts: readonly Claims[]): Claims {
  const joined: Record<string, Requirement> = {};
  for (const [claim, requirement] of parts.flatMap(Object.entries<Requirement>)) {
    if (Object.hasOwn(joined, claim)) throw malformed(`${claim} is stated twice`);
    joined[claim] = requirement;
  }
  return joined;
}

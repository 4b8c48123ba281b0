// Faults of claims that have to have one of a few values. A claim that is missing has none of them.
import type { Fault, VerifiedClaims } from '../types.js';
import { describeClaim } from './requirement.js';

/** No fault if the claim has one of the `accepted` values. */
export function findUnaccepted(
  claims: VerifiedClaims,
  fault: Pick<Fault, 'code' | 'message' | 'claim'>,
  accepted: readonly (string | boolean)[],
): readonly Fault[] {
  const seen = claims.values[fault.claim];
  if (accepted.some((value) => value === seen)) return [];
  return [{ ...fault, expected: accepted.join(' or '), seen: describeClaim(seen) }];
}

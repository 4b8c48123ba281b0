// The only place that turns claims into VerifiedClaims. Never exported from the package: whoever could
// call this could forge the outcome of a verification.
import { EvidenceError } from './errors.js';
import type { ClaimSet, ClaimValue, VerifiedClaims } from './types.js';

const minted = new WeakSet<object>();

/** Seals what a format's verify() has established: copied, frozen through and through, remembered. */
export function mint(claims: ClaimSet): VerifiedClaims {
  const values: Record<string, ClaimValue> = Object.create(null);
  for (const name of Object.keys(claims.values)) {
    const value = claims.values[name];
    if (value === undefined) continue;
    values[name] = typeof value === 'object' ? Object.freeze([...value]) : value;
  }
  const sealed = Object.freeze({
    format: claims.format,
    debug: claims.debug,
    binding: claims.binding,
    tcbStatus: claims.tcbStatus,
    advisories: Object.freeze([...claims.advisories]),
    endorsementAges: Object.freeze({ ...claims.endorsementAges }),
    verifiedAt: claims.verifiedAt,
    values: Object.freeze(values),
  });
  minted.add(sealed);
  return sealed as VerifiedClaims;
}

/** Refuses claims that verify() did not make. @throws EvidenceError 'input-invalid'. */
export function assertVerified(claims: VerifiedClaims): void {
  if (minted.has(claims)) return;
  throw new EvidenceError('input-invalid', 'claims: not made by verify()');
}

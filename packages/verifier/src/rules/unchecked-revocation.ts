// The member of policies about formats whose certificates nobody may have looked up in revocation lists: left out, it
// refuses such evidence. Reads the claim `revocation_checked`.
import type { Fault, TrustVector, VerifiedClaims } from '../types.js';
import { findUnaccepted } from './accepted-values.js';
import { readFlag, readOr } from './fields.js';

export interface UncheckedRevocationPolicy {
  /** Whether evidence may pass whose certificates nobody looked up. */
  readonly allow_unchecked_revocation: boolean;
}

export const uncheckedRevocationMember = 'allow_unchecked_revocation';

export const uncheckedRevocationTrust = {
  'revocation-not-checked': 'hardware',
} as const satisfies Record<string, keyof TrustVector>;

/** @throws EvidenceError 'input-invalid' naming the place */
export function parseUncheckedRevocation(
  document: Readonly<Record<string, unknown>>,
  path: string,
): UncheckedRevocationPolicy {
  return {
    allow_unchecked_revocation: readOr(document, uncheckedRevocationMember, path, false, readFlag),
  };
}

export function findUncheckedRevocation(
  claims: VerifiedClaims,
  policy: UncheckedRevocationPolicy,
): readonly Fault[] {
  if (policy.allow_unchecked_revocation) return [];
  const fault = {
    code: 'revocation-not-checked',
    message: 'nobody looked up whether the certificates were revoked',
    claim: 'revocation_checked',
  };
  return findUnaccepted(claims, fault, [true]);
}

// What policies say of evidence whose certificates nobody looked up in revocation lists: left out, it is refused. Rules
// to be spread into those of the formats that can go without lists. Reads the claim `revocation_checked`.
import type { FormatPolicy, PolicyRules } from '../types.js';
import { findUnaccepted } from './accepted-values.js';
import { readFlag, readOr } from './fields.js';

export interface UncheckedRevocationPolicy extends FormatPolicy {
  /** Whether evidence may pass whose certificates nobody looked up. */
  readonly allow_unchecked_revocation: boolean;
}

const member = 'allow_unchecked_revocation';
const fault = {
  code: 'revocation-not-checked',
  message: 'nobody looked up whether the certificates were revoked',
  claim: 'revocation_checked',
};

export const uncheckedRevocation: PolicyRules<UncheckedRevocationPolicy> = {
  members: [member],
  parse: (document, path) => ({ [member]: readOr(document, member, path, false, readFlag) }),
  findFaults: (claims, policy) => (policy[member] ? [] : findUnaccepted(claims, fault, [true])),
  trust: { [fault.code]: 'hardware' },
};

// What a policy can say of TDX evidence beyond its claims: members of the document, their stricter
// defaults, and the faults. Reads claims by the names of tdx/claims.ts.

import {
  type DcapPolicy,
  dcapMembers,
  dcapTrust,
  findDcapFaults,
  parseDcapMembers,
} from '../dcap/policy.js';
import { readFlag, readOr } from '../rules/fields.js';
import { describeClaim } from '../rules/requirement.js';
import type { Fault, PolicyRules, VerifiedClaims } from '../types.js';

export interface TdxPolicy extends DcapPolicy {
  /** Whether a service TD (migration) may be bound to this one: MR_SERVICETD not zero. */
  readonly allow_service_td: boolean;
}

export const tdxPolicyRules: PolicyRules<TdxPolicy> = {
  members: [...dcapMembers, 'allow_service_td'],
  parse: (document, path) => ({
    ...parseDcapMembers(document, path),
    allow_service_td: readOr(document, 'allow_service_td', path, false, readFlag),
  }),
  findFaults: (claims, policy) => [
    ...findDcapFaults(claims, policy),
    ...findAttributeFaults(claims),
    ...findServiceTdFaults(claims, policy),
  ],
  trust: {
    ...dcapTrust,
    'reserved-attributes': 'configuration',
    'service-td': 'configuration',
  },
};

function findAttributeFaults(claims: VerifiedClaims): Fault[] {
  if (claims.values.td_attributes_reserved === false) return [];
  return [
    {
      code: 'reserved-attributes',
      message: 'TD attributes are set whose meaning is not known',
      claim: 'td_attributes',
      expected: 'reserved bits zero',
      seen: describeClaim(claims.values.td_attributes),
    },
  ];
}

function findServiceTdFaults(claims: VerifiedClaims, policy: TdxPolicy): Fault[] {
  const service = claims.values.mr_servicetd;
  // TD 1.0 reports have no such field: no service TD can be bound.
  if (policy.allow_service_td || service === undefined) return [];
  if (typeof service === 'string' && /^0+$/.test(service)) return [];
  return [
    {
      code: 'service-td',
      message: 'a service TD is bound, which can move or change this TD',
      claim: 'mr_servicetd',
      expected: 'zero',
      seen: describeClaim(service),
    },
  ];
}

// What a TDX policy refuses beyond its reference values. Reads claims by the names of tdx/claims.ts.
import type { Fault, TdxPolicy, VerifiedClaims } from '../types.js';
import { describeClaim } from './requirement.js';

export function findTdxFaults(claims: VerifiedClaims, policy: TdxPolicy): Fault[] {
  return [
    ...findTcbFaults(claims, policy),
    ...findAttributeFaults(claims),
    ...findServiceTdFaults(claims, policy),
  ];
}

function findTcbFaults(claims: VerifiedClaims, policy: TdxPolicy): Fault[] {
  const faults: Fault[] = [];
  const status = claims.tcbStatus;
  // Revoked is no acceptable status whatever a hand-made policy object lists.
  if (status === null || status === 'Revoked' || !policy.tcb_statuses.includes(status)) {
    faults.push({
      code: 'tcb-status',
      message: 'the platform, its TDX module or its quoting enclave is not at an accepted level',
      claim: 'tcb_status',
      expected: policy.tcb_statuses.join(' or '),
      seen: String(status),
    });
  }
  const refused = claims.advisories.filter((id) => !(policy.advisories?.includes(id) ?? true));
  if (refused.length > 0) {
    faults.push({
      code: 'advisory',
      message: 'advisories apply that the policy does not accept',
      claim: 'advisories',
      expected: policy.advisories?.join(', ') || 'none',
      seen: refused.join(', '),
    });
  }
  const number = claims.values.tcb_evaluation_number;
  if (typeof number !== 'number' || number < policy.min_tcb_evaluation_number) {
    faults.push({
      code: 'tcb-evaluation-number',
      message: 'the endorsements are older than the TCB recovery that the policy asks for',
      claim: 'tcb_evaluation_number',
      expected: `at least ${policy.min_tcb_evaluation_number}`,
      seen: describeClaim(number),
    });
  }
  return faults;
}

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

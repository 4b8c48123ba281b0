// What a policy can say of TDX evidence beyond its claims: members of the document, their stricter defaults, and the
// faults. Reads claims by the names of tdx/claims.ts.
import {
  readCount,
  readFlag,
  readList,
  readNullable,
  readOneOf,
  readOr,
  readText,
  refuse,
} from '../appraise/fields.js';
import { describeClaim } from '../appraise/requirement.js';
import {
  type Fault,
  type FormatPolicy,
  type PolicyRules,
  type TcbStatus,
  tcbStatuses,
  type VerifiedClaims,
} from '../types.js';

export interface TdxPolicy extends FormatPolicy {
  readonly tcb_statuses: readonly TcbStatus[];
  /** Advisories that may apply; null leaves them to the TCB status. */
  readonly advisories: readonly string[] | null;
  readonly min_tcb_evaluation_number: number;
  /** Whether a service TD (migration) may be bound to this one: MR_SERVICETD not zero. */
  readonly allow_service_td: boolean;
}

export const tdxPolicyRules: PolicyRules<TdxPolicy> = {
  members: ['tcb_statuses', 'advisories', 'min_tcb_evaluation_number', 'allow_service_td'],
  parse: (document, path) => ({
    tcb_statuses: readOr(document, 'tcb_statuses', path, ['UpToDate'], readStatuses),
    advisories: readOr(document, 'advisories', path, null, (value, at) =>
      readNullable(value, at, readNames),
    ),
    min_tcb_evaluation_number: readOr(document, 'min_tcb_evaluation_number', path, 0, readCount),
    allow_service_td: readOr(document, 'allow_service_td', path, false, readFlag),
  }),
  findFaults: (claims, policy) => [
    ...findTcbFaults(claims, policy),
    ...findAttributeFaults(claims),
    ...findServiceTdFaults(claims, policy),
  ],
  trust: {
    'tcb-status': 'hardware',
    advisory: 'hardware',
    'tcb-evaluation-number': 'hardware',
    'reserved-attributes': 'configuration',
    'service-td': 'configuration',
  },
};

function readStatuses(value: unknown, path: string): readonly TcbStatus[] {
  return readList(value, path, (item, at) => {
    const status = readOneOf(item, at, tcbStatuses);
    if (status === 'Revoked') throw refuse(at, 'a revoked TCB cannot be accepted');
    return status;
  });
}

function readNames(value: unknown, path: string): readonly string[] {
  return readList(value, path, readText);
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

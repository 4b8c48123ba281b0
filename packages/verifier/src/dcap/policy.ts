// What a policy can say of any quote's platform beyond its claims: members of the document, their
// stricter defaults, and the faults. Reads claims by the names of dcap/claims.ts.
import {
  readCount,
  readList,
  readNullable,
  readOneOf,
  readOr,
  readText,
  refuse,
} from '../rules/fields.js';
import { describeClaim } from '../rules/requirement.js';
import {
  type Fault,
  type FormatPolicy,
  type TcbStatus,
  type TrustVector,
  tcbStatuses,
  type VerifiedClaims,
} from '../types.js';

export interface DcapPolicy extends FormatPolicy {
  readonly tcb_statuses: readonly TcbStatus[];
  /** Advisories that may apply; null leaves them to the TCB status. */
  readonly advisories: readonly string[] | null;
  readonly min_tcb_evaluation_number: number;
}

export const dcapMembers: readonly string[] = [
  'tcb_statuses',
  'advisories',
  'min_tcb_evaluation_number',
];

export const dcapTrust: Readonly<Record<string, keyof TrustVector>> = {
  'tcb-status': 'hardware',
  advisory: 'hardware',
  'tcb-evaluation-number': 'hardware',
};

/** @throws EvidenceError 'input-invalid' naming the place */
export function parseDcapMembers(
  document: Readonly<Record<string, unknown>>,
  path: string,
): Omit<DcapPolicy, keyof FormatPolicy> {
  return {
    tcb_statuses: readOr(document, 'tcb_statuses', path, ['UpToDate'], readStatuses),
    advisories: readOr(document, 'advisories', path, null, (value, at) =>
      readNullable(value, at, readNames),
    ),
    min_tcb_evaluation_number: readOr(document, 'min_tcb_evaluation_number', path, 0, readCount),
  };
}

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

export function findDcapFaults(claims: VerifiedClaims, policy: DcapPolicy): Fault[] {
  const faults: Fault[] = [];
  const status = claims.tcbStatus;
  // Revoked is no acceptable status whatever a hand-made policy object lists.
  if (status === null || status === 'Revoked' || !policy.tcb_statuses.includes(status)) {
    faults.push({
      code: 'tcb-status',
      message: 'the platform, its quoting enclave or its TDX module is not at an accepted level',
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

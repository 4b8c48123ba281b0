// A TCB status that an issuer states instead of proving it: its spellings, and the policy member that judges it.

import { EvidenceError } from '../errors.js';
import type { ListKnob } from '../rules/list-policy.js';
import { type TcbStatus, type TrustVector, tcbStatuses, type VerifiedClaims } from '../types.js';

const bySpelling: ReadonlyMap<string, TcbStatus> = new Map(
  tcbStatuses.map((status) => [status.toLowerCase(), status]),
);

/**
 * Intel's word, also as older tokens spell it (`OUT_OF_DATE`).
 * @throws EvidenceError 'claim-invalid' for any other word, 'tcb-revoked' for the one nobody may accept
 */
export function parseTcbStatus(text: string): TcbStatus {
  const status = bySpelling.get(text.replaceAll('_', '').toLowerCase());
  if (status === undefined) {
    throw new EvidenceError('claim-invalid', 'token: TCB status that is not one of Intel’s');
  }
  if (status === 'Revoked') throw new EvidenceError('tcb-revoked', 'token: TCB level is revoked');
  return status;
}

/** The claim `tcb_status` of Intel TEEs. An issuer that does not state it leaves `unstated`. */
export function tcbClaim(status: TcbStatus | null): { readonly tcb_status: string } {
  return { tcb_status: status ?? 'unstated' };
}

/** Whoever does not state the status of an Intel TEE is silent on its hardware, also where the policy accepts that. */
export function statedTcbTrust({ values }: VerifiedClaims): Partial<TrustVector> {
  return values.tcb_status === 'unstated' ? { hardware: 0 } : {};
}

/** TEEs of other vendors have no such claim, and pass. */
export const tcbStatusKnob: ListKnob = {
  claim: 'tcb_status',
  code: 'tcb-status',
  message: 'the platform is not at an accepted level, or the issuer does not say at which',
  missing: ['UpToDate'],
  choices: [...tcbStatuses.filter((status) => status !== 'Revoked'), 'unstated'],
  items: 'every',
  absent: 'pass',
  trust: 'hardware',
};

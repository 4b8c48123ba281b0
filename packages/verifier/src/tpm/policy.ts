// What a policy can say of TPM quotes beyond their claims: which PCRs must have been quoted, no more and no fewer, and
// why the key is believed. Reads claims by the names of tpm/claims.ts.

import { type Bank, bankBytes } from '../eventlog/event-log.js';
import { findUnaccepted } from '../rules/accepted-values.js';
import { readList, readNullable, readOneOf, readOr, readText, refuse } from '../rules/fields.js';
import {
  type UncheckedRevocationPolicy,
  uncheckedRevocation,
} from '../rules/unchecked-revocation.js';
import type { Fault, PolicyRules, VerifiedClaims } from '../types.js';
import { selectionText } from './claims.js';

export const akProvenances = ['certificate', 'credential'] as const;
export type AkProvenance = (typeof akProvenances)[number];

export interface TpmPolicy extends UncheckedRevocationPolicy {
  /** 'sha256:0,1,7': exactly these PCRs of this bank; null leaves it to what `require` asks for. */
  readonly pcr_selection: string | null;
  readonly ak_provenance: readonly AkProvenance[];
}

const selectionFault = {
  code: 'pcr-selection',
  message: 'the quote is not about exactly the PCRs that the policy asks for',
  claim: 'pcr_selection',
};
const provenanceFault = {
  code: 'ak-provenance',
  message: 'the attestation key is believed for another reason than the policy accepts',
  claim: 'ak_provenance',
};
const firmwarePcrs = 'sha256:0,1,2,3,4,5,6,7';
const selectionPattern = /^(sha1|sha256|sha384|sha512):(\d{1,2}(?:,\d{1,2})*)$/;

/** In the form in which the claim is spelled. @throws EvidenceError 'input-invalid' */
export function readSelection(value: unknown, path: string): string {
  const [, bank, list] = selectionPattern.exec(readText(value, path)) ?? [];
  const pcrs = (list ?? '').split(',').map(Number);
  const ascending = pcrs.every((pcr, index) => index === 0 || pcr > (pcrs[index - 1] ?? 24));
  if (
    bank === undefined ||
    !Object.hasOwn(bankBytes, bank) ||
    !ascending ||
    pcrs.some((pcr) => pcr > 23)
  ) {
    throw refuse(path, 'want a bank and PCRs in ascending order, such as sha256:0,1,7');
  }
  return selectionText(bank as Bank, pcrs);
}

/** The fault of a quote about other PCRs than the policy asks for; none if it asks for none. */
export function findSelectionFaults(
  claims: VerifiedClaims,
  wanted: string | null,
): readonly Fault[] {
  return wanted === null ? [] : findUnaccepted(claims, selectionFault, [wanted]);
}

export const tpmPolicyRules: PolicyRules<TpmPolicy> = {
  members: ['pcr_selection', 'ak_provenance', ...uncheckedRevocation.members],
  parse: (document, path) => ({
    pcr_selection: readOr(document, 'pcr_selection', path, firmwarePcrs, (value, at) =>
      readNullable(value, at, readSelection),
    ),
    ak_provenance: readOr(document, 'ak_provenance', path, akProvenances, (value, at) =>
      readList(value, at, (item, itemPath) => readOneOf(item, itemPath, akProvenances)),
    ),
    ...uncheckedRevocation.parse(document, path),
  }),
  findFaults: (claims, policy) => [
    ...findSelectionFaults(claims, policy.pcr_selection),
    ...findUnaccepted(claims, provenanceFault, policy.ak_provenance),
    ...uncheckedRevocation.findFaults(claims, policy),
  ],
  trust: {
    'pcr-selection': 'configuration',
    'ak-provenance': 'instance_identity',
    ...uncheckedRevocation.trust,
  },
  // A TPM quotes what was booted; it does not see who reads the machine's memory.
  statedTrust: () => ({ runtime_opaque: 0 }),
};

// What a policy can say of Nitro documents beyond their claims: members of the document, their stricter
// defaults, and the faults. Reads claims by the names of nitro/claims.ts.
import { findUnaccepted } from '../rules/accepted-values.js';
import { readCount, readList, readOneOf, readOr, refuse } from '../rules/fields.js';
import { describeClaim } from '../rules/requirement.js';
import type { Fault, FormatPolicy, PolicyRules, VerifiedClaims } from '../types.js';
import { type NitroDocumentKind, pcrIndex } from './parse.js';

export interface NitroPolicy extends FormatPolicy {
  /** What may have written the document. An instance with a TPM is no enclave: its owner can log in. */
  readonly document_kinds: readonly NitroDocumentKind[];
  /**
   * Registers that must be there and not be zero, for example 3 (the parent's role), 4 (the parent
   * instance) or 8 (who signed the image). What they must be is for reference values to say.
   */
  readonly required_pcrs: readonly number[];
}

const documentKinds: readonly NitroDocumentKind[] = ['enclave', 'nitrotpm'];
const onlyEnclaves: readonly NitroDocumentKind[] = ['enclave'];
const noPcrs: readonly number[] = [];

const kindFault = {
  code: 'document-kind',
  message: 'the document is of a kind that the policy does not accept',
  claim: 'document_kind',
};

function readPcrIndex(value: unknown, path: string): number {
  const index = readCount(value, path);
  if (index > pcrIndex.max) throw refuse(path, `want at most ${pcrIndex.max}`);
  return index;
}

export const nitroPolicyRules: PolicyRules<NitroPolicy> = {
  members: ['document_kinds', 'required_pcrs'],
  parse: (document, path) => ({
    document_kinds: readOr(document, 'document_kinds', path, onlyEnclaves, (value, at) =>
      readList(value, at, (kind, kindPath) => readOneOf(kind, kindPath, documentKinds)),
    ),
    required_pcrs: readOr(document, 'required_pcrs', path, noPcrs, (value, at) =>
      readList(value, at, readPcrIndex),
    ),
  }),
  findFaults: (claims, policy) => [
    ...findUnaccepted(claims, kindFault, policy.document_kinds),
    ...findRegisterFaults(claims, policy),
  ],
  trust: { 'document-kind': 'hardware', 'pcr-missing': 'executables' },
  // A TPM says what was booted. Whether the owner can log in to that is another matter.
  statedTrust: ({ values }) => (values.document_kind === 'nitrotpm' ? { runtime_opaque: 0 } : {}),
};

function findRegisterFaults(claims: VerifiedClaims, policy: NitroPolicy): Fault[] {
  const prefix = claims.values.document_kind === 'nitrotpm' ? 'nitrotpm_pcr' : 'pcr';
  return policy.required_pcrs.flatMap((index): Fault[] => {
    const claim = `${prefix}${index}`;
    const value = claims.values[claim];
    if (typeof value === 'string' && !/^0*$/.test(value)) return [];
    return [
      {
        code: 'pcr-missing',
        message: 'a register that the policy requires was never extended',
        claim,
        expected: 'not zero',
        seen: describeClaim(value),
      },
    ];
  });
}

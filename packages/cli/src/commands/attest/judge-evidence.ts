// One piece of evidence, judged offline: is it genuine, and acceptable? What it takes lies beside it in files, and
// nothing is fetched. Must never call genuine what verify() has refused.
import {
  type AnyEvidence,
  type AppraisalPolicy,
  appraise,
  type CompositePart,
  EvidenceError,
  type EvidenceFormat,
  type ExpectedBinding,
  evidenceFormats,
  type Fault,
  parseAppraisalPolicy,
  type VerifiedClaims,
  verifyEventLog,
  verifyEvidence,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import type { Beside } from './beside.js';
import { readEventLog } from './event-log-file.js';
import { readEndorsements } from './evidence-files.js';
import { readRoots } from './trusted-issuer.js';

export interface ShownFault {
  readonly code: string;
  readonly message: string;
}

/** What -format=json prints, member by member. */
export interface Verdict {
  readonly verdict: 'accepted' | 'refused';
  /** Every signature, chain and list holds. */
  readonly genuine: boolean;
  readonly format: EvidenceFormat | null;
  readonly tcb_status: string | null;
  readonly advisories: readonly string[];
  readonly debug: boolean | null;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly faults: readonly ShownFault[];
}

/** How and when to judge. */
export interface Terms {
  readonly at: Date;
  readonly policy: AppraisalPolicy;
}

export interface Judged {
  readonly verdict: Verdict;
  /** What verify() took; null if it refused, and there are no claims. */
  readonly part: CompositePart | null;
  /** Whether the evidence was made for what its envelope says: a certificate's key. */
  readonly bound: 'checked' | 'not-checked' | 'to-another';
}

const lenientSnp = { vmpl_max: 3, allow_migration_agent: true, allow_unchecked_revocation: true };

/** Genuine, not debuggable, up to date; what else there is to say is said in notes. */
export const inspectionPolicy: AppraisalPolicy = parseAppraisalPolicy({
  name: 'inspection',
  formats: {
    ...Object.fromEntries(evidenceFormats.map((format) => [format, {}])),
    'tdx-dcap': { allow_service_td: true },
    'sev-snp': lenientSnp,
    'azure-snp-vtpm': { ...lenientSnp, pcr_selection: null },
    'azure-tdx-vtpm': { pcr_selection: null },
    'tpm2-quote': { pcr_selection: null, allow_unchecked_revocation: true },
    'aws-nitro': { document_kinds: ['enclave', 'nitrotpm'] },
    'azure-maa': { policy_hashes: null, tcb_statuses: ['UpToDate', 'unstated'] },
    'intel-trust-authority': { policy_ids: null },
    'google-confidential-space': { project_ids: null },
    ear: { policy_ids: null },
    'nvidia-gpu': { allow_unmeasured: true, allow_unchecked_revocation: true },
  },
});

/** True of every offline inspection, so no reason to refuse one: told as notes. */
const inherent = ['binding-not-checked', 'revocation-not-checked'];
/** verify() comes to these when every signature, chain and list has held already. */
const aboutLevels: readonly string[] = ['tcb-no-matching-level', 'tcb-revoked'];

export const unbound: ExpectedBinding = { binding: 'not-checked' };

/** A refusal by verify() or before it. `format` is the one that the bytes are of, if any. */
export function refused(error: EvidenceError, format: EvidenceFormat | null): Judged {
  const verdict: Verdict = {
    verdict: 'refused',
    genuine: aboutLevels.includes(error.code),
    format,
    tcb_status: null,
    advisories: [],
    debug: null,
    claims: {},
    faults: [{ code: error.code, message: error.message }],
  };
  return { verdict, part: null, bound: 'not-checked' };
}

function describeFault({ code, message, expected, seen }: Fault): ShownFault {
  const detail = expected === '' && seen === '' ? '' : ` (expected ${expected}, seen ${seen})`;
  return { code, message: message + detail };
}

/** A log that the quoted registers do not bear out is no part of genuine evidence. */
async function withEventLogs(
  claims: VerifiedClaims,
  paths: readonly string[],
): Promise<VerifiedClaims> {
  let all = claims;
  for (const path of paths) {
    const log = readEventLog(path, claims.format);
    all = await verifyEventLog({ claims: all, log, provider: nodeProvider });
  }
  return all;
}

/** Genuine evidence that was made for something else is refused for that, and stays genuine. */
async function mismatchOf(work: Promise<VerifiedClaims>): Promise<VerifiedClaims | EvidenceError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof EvidenceError && error.code === 'binding-mismatch') return error;
    throw error;
  }
}

/** @throws UsageError or CommandError for what the flags name; never for what evidence says */
export async function judgeEvidence(
  evidence: AnyEvidence,
  binding: ExpectedBinding,
  beside: Beside,
  { at, policy }: Terms,
): Promise<Judged> {
  let part: CompositePart;
  let claims: VerifiedClaims;
  let held: VerifiedClaims | EvidenceError;
  try {
    const endorsements = await readEndorsements(evidence, beside, at);
    part = { evidence, endorsements, roots: readRoots(evidence, beside.issuer) };
    const input = { ...part, now: at, provider: nodeProvider };
    const genuine = await verifyEvidence({ ...input, expectedBinding: unbound });
    held =
      binding instanceof Uint8Array
        ? await mismatchOf(verifyEvidence({ ...input, expectedBinding: binding }))
        : genuine;
    claims = await withEventLogs(held instanceof EvidenceError ? genuine : held, beside.eventLogs);
  } catch (error) {
    if (error instanceof EvidenceError) return refused(error, evidence.format);
    throw error;
  }
  const result = appraise(claims, policy, []);
  const faults = [
    ...(held instanceof EvidenceError ? [{ code: held.code, message: held.message }] : []),
    ...result.faults.filter((fault) => !inherent.includes(fault.code)).map(describeFault),
  ];
  const verdict: Verdict = {
    verdict: faults.length === 0 ? 'accepted' : 'refused',
    genuine: true,
    format: claims.format,
    tcb_status: claims.tcbStatus,
    advisories: claims.advisories,
    debug: claims.debug,
    claims: claims.values,
    faults,
  };
  return { verdict, part, bound: held instanceof EvidenceError ? 'to-another' : claims.binding };
}

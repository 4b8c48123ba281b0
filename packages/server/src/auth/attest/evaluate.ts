// Evidence in, verified claims out: parse, find endorsements, verify. Judging them is the policy's part.
import {
  type AnyEndorsements,
  type AnyEvidence,
  type CryptoProvider,
  EvidenceError,
  type EvidenceErrorCode,
  type EvidenceFormat,
  gpuEndorsementsFromPem,
  noEndorsements,
  parseEvidence,
  type TrustedRoot,
  type VerifiedClaims,
  verifyEvidence,
} from '@vouchsafe/verifier';
import type { Candidate, EndorsementFinder } from '../../endorsements/find.js';
import { offeredSource } from '../../endorsements/offered.js';
import type { OnSourceFault } from '../../endorsements/source.js';
import { type CmwRecord, ENDORSEMENT_TYPES } from './wire.js';

/** Whom to believe and where to look. Made by main, the same for every mount. */
export interface TrustAnchors {
  /** Pinned vendor roots per format; in -dev mode the software vendor's too. None for a format: nobody. */
  readonly roots: Readonly<Partial<Record<EvidenceFormat, readonly TrustedRoot[]>>>;
  readonly endorsements: EndorsementFinder;
  readonly provider: CryptoProvider;
  readonly onSourceFault: OnSourceFault;
}

/** What became of one set of endorsements: 'verified', or the code of its refusal. */
export interface Attempt {
  readonly source: string;
  readonly outcome: EvidenceErrorCode | 'verified';
}

export interface EvaluationInput {
  readonly format: EvidenceFormat;
  readonly evidence: Uint8Array;
  readonly offered: readonly CmwRecord[];
  readonly expectedBinding: Uint8Array;
  readonly now: Date;
  /** Told of every attempt, in order. */
  readonly onAttempt: (attempt: Attempt) => void;
}

/**
 * Verdicts on the evidence itself, by endorsements that are genuine. Final: older endorsements, which perhaps do not
 * know of a revocation yet, are not asked for a second opinion.
 */
const FINAL: ReadonlySet<EvidenceErrorCode> = new Set<EvidenceErrorCode>([
  'binding-mismatch',
  'certificate-revoked',
  'qe-identity-mismatch',
  'report-not-from-guest',
  'tcb-no-matching-level',
  'tcb-revoked',
  'tdx-module-mismatch',
]);

/** Faults of the endorsements alone. Another refusal says more about why a login failed. */
const STALE: ReadonlySet<EvidenceErrorCode> = new Set<EvidenceErrorCode>([
  'certificate-expired',
  'collateral-expired',
  'collateral-not-yet-valid',
  'crl-expired',
  'crl-not-yet-valid',
]);

function candidates(
  evidence: AnyEvidence,
  trust: TrustAnchors,
  { offered, now }: EvaluationInput,
): AsyncGenerator<Candidate<AnyEndorsements>> {
  const of = (type: string): Buffer[] =>
    offered.filter((record) => record.type === type).map((record) => record.value);
  const brought = offeredSource({
    dcapCollateral: of(ENDORSEMENT_TYPES.dcapCollateral),
    snpTables: of(ENDORSEMENT_TYPES.snpCertificates),
  });
  switch (evidence.format) {
    case 'tdx-dcap':
    case 'sgx-dcap':
      return trust.endorsements.findDcap(evidence, brought, now);
    case 'sev-snp':
      return trust.endorsements.findSnp(evidence, brought, now);
    case 'azure-tdx-vtpm':
      return trust.endorsements.findDcap(evidence.td, brought, now);
    case 'azure-snp-vtpm':
      return trust.endorsements.findSnp(evidence.report, brought, now);
    case 'nvidia-gpu':
      return gpuChains(of(ENDORSEMENT_TYPES.gpuCertificates), trust.onSourceFault);
    case 'aws-nitro':
      return selfContained({ format: 'aws-nitro' });
    case 'azure-maa':
    case 'intel-trust-authority':
    case 'google-confidential-space':
    case 'nvidia-nras':
    case 'ear':
      return selfContained(noEndorsements);
    case 'tpm2-quote':
      // Nobody here has seen the key's TPM: only its certificate can speak for it.
      return selfContained({
        format: 'tpm2-quote',
        provenance: {
          kind: 'certificate',
          intermediates: [],
          revocation: { kind: 'not-checked' },
        },
      });
    default:
      throw new EvidenceError('collateral-missing', 'nobody here has endorsements of this format');
  }
}

/** For evidence that brings all there is: nothing has to be found, and nothing is kept. */
async function* selfContained(
  endorsements: AnyEndorsements,
): AsyncGenerator<Candidate<AnyEndorsements>> {
  yield { source: 'evidence', endorsements, keep: null };
}

/** The device hands them out, and nobody else has them. A workload cannot bring a revocation list. */
async function* gpuChains(
  chains: readonly Buffer[],
  onFault: OnSourceFault,
): AsyncGenerator<Candidate<AnyEndorsements>> {
  for (const pem of chains) {
    let endorsements: AnyEndorsements;
    try {
      endorsements = gpuEndorsementsFromPem(new Uint8Array(pem), { kind: 'not-checked' });
    } catch (error) {
      onFault('offered', error);
      continue;
    }
    yield { source: 'offered', endorsements, keep: null };
  }
}

async function keep(candidate: Candidate<AnyEndorsements>, trust: TrustAnchors): Promise<void> {
  try {
    await candidate.keep?.();
  } catch (error) {
    trust.onSourceFault('cache', error);
  }
}

export interface Evaluation {
  readonly claims: VerifiedClaims;
  readonly endorsementSource: string;
}

/** @throws EvidenceError the most telling fault, or 'collateral-missing' when no source had anything */
export async function evaluate(trust: TrustAnchors, input: EvaluationInput): Promise<Evaluation> {
  const { format, expectedBinding, now, onAttempt } = input;
  const evidence = parseEvidence(new Uint8Array(input.evidence), format);
  let fault: EvidenceError | null = null;
  for await (const candidate of candidates(evidence, trust, input)) {
    const { source, endorsements } = candidate;
    try {
      const claims = await verifyEvidence({
        evidence,
        endorsements,
        roots: trust.roots[format] ?? [],
        expectedBinding,
        now,
        provider: trust.provider,
      });
      onAttempt({ source, outcome: 'verified' });
      await keep(candidate, trust);
      return { claims, endorsementSource: source };
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      onAttempt({ source, outcome: error.code });
      if (FINAL.has(error.code)) {
        await keep(candidate, trust);
        throw error;
      }
      if (fault === null || STALE.has(fault.code)) fault = error;
    }
  }
  throw (
    fault ??
    new EvidenceError(
      'collateral-missing',
      'no endorsements for this platform: none in the bundle, none cached, none from the vendor, none offered',
    )
  );
}

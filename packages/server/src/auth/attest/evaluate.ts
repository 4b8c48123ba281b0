// Evidence in, verified claims out: parse, find endorsements, verify. Judging them is the policy's part.
import {
  type AnyEndorsements,
  type AnyEvidence,
  EvidenceError,
  parseEvidence,
  type TrustedRoot,
  type VerifiedClaims,
  verifyEvidence,
} from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { offeredSource } from '../../endorsements/offered.js';
import {
  type EndorsementSource,
  findInOrder,
  type OnSourceFault,
  type SnpRevocation,
} from '../../endorsements/source.js';
import { type CmwRecord, ENDORSEMENT_TYPES, type EvidenceFormatName } from './wire.js';

/** Whom to believe and where to look. Made by main, the same for every mount. */
export interface TrustAnchors {
  /** Pinned vendor roots per format; in -dev mode the software vendor's too. */
  readonly roots: Readonly<Record<EvidenceFormatName, readonly TrustedRoot[]>>;
  /** The server's own sources, in the order in which they are asked; what a workload offers comes last. */
  readonly sources: readonly EndorsementSource[];
  /** Used with the keys that a workload offers. */
  readonly snpRevocation: SnpRevocation;
  readonly onSourceFault: OnSourceFault;
}

export interface Evaluation {
  readonly claims: VerifiedClaims;
  readonly endorsementSource: string;
}

/** Faults of what was found beside the evidence: another source may have better. Anything else is final. */
const TRY_NEXT: ReadonlySet<string> = new Set([
  'collateral-expired',
  'collateral-not-yet-valid',
  'collateral-missing',
  'collateral-invalid',
  'collateral-mismatch',
  'crl-missing',
  'crl-expired',
  'crl-invalid',
  'certificate-expired',
  'chip-mismatch',
  'tcb-mismatch',
]);

async function* candidates(
  evidence: AnyEvidence,
  trust: TrustAnchors,
  offered: readonly CmwRecord[],
  now: Date,
): AsyncGenerator<{ source: string; endorsements: AnyEndorsements }> {
  const of = (type: string): Buffer[] =>
    offered.filter((record) => record.type === type).map((record) => record.value);
  const brought = offeredSource(
    {
      dcapCollateral: of(ENDORSEMENT_TYPES.dcapCollateral),
      snpTables: of(ENDORSEMENT_TYPES.snpCertificates),
    },
    trust.snpRevocation,
  );
  const sources = [...trust.sources, brought];
  if (evidence.format === 'tdx-dcap') {
    yield* findInOrder(sources, (each) => each.findTdx(evidence, now), trust.onSourceFault);
  } else {
    yield* findInOrder(sources, (each) => each.findSnp(evidence, now), trust.onSourceFault);
  }
}

/** @throws EvidenceError the last source's fault, or 'collateral-missing' when no source had anything */
export async function evaluate(
  trust: TrustAnchors,
  input: {
    readonly format: EvidenceFormatName;
    readonly evidence: Uint8Array;
    readonly offered: readonly CmwRecord[];
    readonly expectedBinding: Uint8Array;
    readonly now: Date;
  },
): Promise<Evaluation> {
  const { format, offered, expectedBinding, now } = input;
  const evidence = parseEvidence(new Uint8Array(input.evidence), format);
  let last = new EvidenceError(
    'collateral-missing',
    'no endorsements for this platform: none in the bundle, none cached, none from the vendor',
  );
  for await (const { source, endorsements } of candidates(evidence, trust, offered, now)) {
    try {
      const claims = await verifyEvidence({
        evidence,
        endorsements,
        roots: trust.roots[format],
        expectedBinding,
        now,
        provider: nodeProvider,
      });
      return { claims, endorsementSource: source };
    } catch (error) {
      if (!(error instanceof EvidenceError) || !TRY_NEXT.has(error.code)) throw error;
      last = error;
    }
  }
  throw last;
}

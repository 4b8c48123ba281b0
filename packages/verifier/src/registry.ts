// The list of evidence formats. To add one: its folder, its word in types.ts, one line here.

import { looksLikeTdxQuote } from './dcap/quote.js';
import { EvidenceError } from './errors.js';
import { looksLikeSnpReport } from './snp/parse.js';
import { snpVerifier } from './snp/snp-verifier.js';
import { tdxVerifier } from './tdx/verify.js';
import type {
  EndorsementRef,
  Endorsements,
  Evidence,
  EvidenceFormat,
  EvidenceVerifier,
  VerifiedClaims,
  VerifyInput,
} from './types.js';

/** A format whose own types are hidden: what it is given is checked to be its own first. */
export interface RegisteredFormat {
  readonly format: EvidenceFormat;
  /** A cheap look at the first bytes and the length. Promises nothing. */
  looksLike(bytes: Uint8Array): boolean;
  parse(bytes: Uint8Array): Evidence;
  endorsementsFor(evidence: Evidence): readonly EndorsementRef[];
  verify(input: VerifyInput<Evidence, Endorsements>): Promise<VerifiedClaims>;
}

export const registeredFormats: readonly RegisteredFormat[] = [
  register(tdxVerifier, looksLikeTdxQuote),
  register(snpVerifier, looksLikeSnpReport),
];

function register<E extends Evidence, N extends Endorsements>(
  verifier: EvidenceVerifier<E, N>,
  looksLike: (bytes: Uint8Array) => boolean,
): RegisteredFormat {
  const { format } = verifier;
  return {
    format,
    looksLike,
    parse: (bytes) => verifier.parse(bytes),
    endorsementsFor: (evidence) => verifier.endorsementsFor(own<E>(evidence, format)),
    verify: async (input) =>
      verifier.verify({
        ...input,
        evidence: own<E>(input.evidence, format),
        endorsements: own<N>(input.endorsements, format),
      }),
  };
}

/** The format's word stands for its type: only its own parser makes evidence with that word. */
function own<T extends { readonly format: EvidenceFormat }>(
  value: { readonly format: EvidenceFormat },
  format: EvidenceFormat,
): T {
  if (value.format === format) return value as T;
  throw new EvidenceError('collateral-mismatch', `endorsements: ${value.format}, want ${format}`);
}

// The list of evidence formats. To add one: its folder, its word in types.ts, one line here.

import { azureSnpVerifier, azureTdxVerifier } from './azure/azure-verifiers.js';
import { EvidenceError } from './errors.js';
import { nitroVerifier } from './nitro/nitro-verifier.js';
import { gpuVerifier } from './nvidia-gpu/gpu-verifier.js';
import { sgxVerifier } from './sgx/sgx-verifier.js';
import { snpVerifier } from './snp/snp-verifier.js';
import { tdxVerifier } from './tdx/tdx-verifier.js';
import { maaVerifier } from './tokens/azure-maa/maa-verifier.js';
import { confidentialSpaceVerifier } from './tokens/confidential-space/confidential-space-verifier.js';
import { earVerifier } from './tokens/ear/ear-verifier.js';
import { itaVerifier } from './tokens/intel-trust-authority/ita-verifier.js';
import { nrasVerifier } from './tokens/nvidia-nras/nras-verifier.js';
import { tpmVerifier } from './tpm/tpm-verifier.js';
import type { Endorsements, Evidence, EvidenceVerifier, FormatPolicy } from './types.js';

const verifiers = [
  tdxVerifier,
  sgxVerifier,
  snpVerifier,
  nitroVerifier,
  maaVerifier,
  itaVerifier,
  confidentialSpaceVerifier,
  nrasVerifier,
  earVerifier,
  gpuVerifier,
  tpmVerifier,
  azureSnpVerifier,
  azureTdxVerifier,
] as const;

type Verifier = (typeof verifiers)[number];

/** Evidence of any format: `format` tells which. */
export type AnyEvidence = ReturnType<Verifier['parse']>;
export type AnyEndorsements = Parameters<Verifier['verify']>[0]['endorsements'];

type PolicyOf<V> = V extends EvidenceVerifier<infer _E, infer _N, infer P> ? P : never;
/** Format to its part of a policy. */
export type FormatPolicies = { readonly [V in Verifier as V['format']]?: PolicyOf<V> };

/** A format whose own types are hidden: what it is given is checked to be its own first. */
export type RegisteredFormat = EvidenceVerifier<Evidence, Endorsements, FormatPolicy>;

export const registeredFormats: readonly RegisteredFormat[] = verifiers.map(guard);

function guard(verifier: RegisteredFormat): RegisteredFormat {
  const { format, endorsementFormat } = verifier;
  return {
    ...verifier,
    endorsementsFor(evidence) {
      checkOwn('evidence', evidence.format, format);
      return verifier.endorsementsFor(evidence);
    },
    async verify(input) {
      checkOwn('evidence', input.evidence.format, format);
      checkOwn('endorsements', input.endorsements.format, endorsementFormat);
      return verifier.verify(input);
    },
  };
}

/** The word stands for the type: only a format's own parser makes things with that word. */
function checkOwn(what: string, seen: string, wanted: string): void {
  if (seen === wanted) return;
  throw new EvidenceError('collateral-mismatch', `${what}: ${seen}, want ${wanted}`);
}

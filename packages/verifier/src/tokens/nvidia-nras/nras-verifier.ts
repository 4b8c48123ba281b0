// The NRAS format as the registry knows it.

import type { EvidenceVerifier } from '../../types.js';
import type { NoEndorsements } from '../token-format.js';
import { looksLikeNrasResult, type NrasEvidence, parseNrasResult } from './parse.js';
import { type NrasPolicy, nrasPolicyRules } from './policy.js';
import { verifyNrasResult } from './verify.js';

export const nrasVerifier: EvidenceVerifier<NrasEvidence, NoEndorsements, NrasPolicy> = {
  format: 'nvidia-nras',
  endorsementFormat: 'none',
  encoding: 'text',
  pinnedRoots: [],
  policy: nrasPolicyRules,
  looksLike: looksLikeNrasResult,
  parse: parseNrasResult,
  endorsementsFor: () => [],
  verify: verifyNrasResult,
};

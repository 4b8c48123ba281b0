// The SEV-SNP format as the registry knows it.

import type { EvidenceVerifier } from '../types.js';
import { snpEndorsementsFor } from './endorsements.js';
import { looksLikeSnpReport, parseSnpReport, type SnpReport } from './parse.js';
import { type SnpPolicy, snpPolicyRules } from './policy.js';
import { pinnedAmdRoots } from './roots/roots.js';
import { type SnpEndorsements, verifySnpReport } from './verify.js';

export const snpVerifier: EvidenceVerifier<SnpReport, SnpEndorsements, SnpPolicy> = {
  format: 'sev-snp',
  endorsementFormat: 'sev-snp',
  encoding: 'binary',
  pinnedRoots: pinnedAmdRoots,
  policy: snpPolicyRules,
  looksLike: looksLikeSnpReport,
  parse: parseSnpReport,
  endorsementsFor: snpEndorsementsFor,
  verify: verifySnpReport,
};

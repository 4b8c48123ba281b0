// The SEV-SNP format as the registry knows it.

import type { EvidenceVerifier } from '../types.js';
import { snpEndorsementsFor } from './endorsements.js';
import { parseSnpReport, type SnpReport } from './parse.js';
import { type SnpEndorsements, verifySnpReport } from './verify.js';

export const snpVerifier: EvidenceVerifier<SnpReport, SnpEndorsements> = {
  format: 'sev-snp',
  parse: parseSnpReport,
  endorsementsFor: snpEndorsementsFor,
  verify: verifySnpReport,
};

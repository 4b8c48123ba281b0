// The TDX format as the registry knows it.

import type { DcapEndorsements } from '../dcap/endorsements.js';
import { dcapEndorsementsFor } from '../dcap/evidence.js';
import { looksLikeQuote } from '../dcap/quote.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import type { EvidenceVerifier } from '../types.js';
import { parseTdxEvidence, type TdxEvidence } from './parse.js';
import { type TdxPolicy, tdxPolicyRules } from './policy.js';
import { verifyTdx } from './verify.js';

export const tdxVerifier: EvidenceVerifier<TdxEvidence, DcapEndorsements, TdxPolicy> = {
  format: 'tdx-dcap',
  endorsementFormat: 'dcap',
  encoding: 'binary',
  pinnedRoots: pinnedIntelRoots,
  policy: tdxPolicyRules,
  looksLike: (bytes) => looksLikeQuote(bytes, 'TDX'),
  parse: parseTdxEvidence,
  endorsementsFor: dcapEndorsementsFor,
  verify: verifyTdx,
};

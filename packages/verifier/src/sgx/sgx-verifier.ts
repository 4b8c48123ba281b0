// The SGX format as the registry knows it.

import type { DcapEndorsements } from '../dcap/endorsements.js';
import { dcapEndorsementsFor } from '../dcap/evidence.js';
import { looksLikeQuote } from '../dcap/quote.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import type { EvidenceVerifier } from '../types.js';
import { parseSgxEvidence, type SgxEvidence } from './parse.js';
import { type SgxPolicy, sgxPolicyRules } from './policy.js';
import { verifySgx } from './verify.js';

export const sgxVerifier: EvidenceVerifier<SgxEvidence, DcapEndorsements, SgxPolicy> = {
  format: 'sgx-dcap',
  endorsementFormat: 'dcap',
  encoding: 'binary',
  pinnedRoots: pinnedIntelRoots,
  policy: sgxPolicyRules,
  looksLike: (bytes) => looksLikeQuote(bytes, 'SGX'),
  parse: parseSgxEvidence,
  endorsementsFor: dcapEndorsementsFor,
  verify: verifySgx,
};

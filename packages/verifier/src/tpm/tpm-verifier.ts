// The TPM quote format as the registry knows it.

import type { EvidenceVerifier } from '../types.js';
import {
  looksLikeTpmEvidence,
  parseTpmEvidence,
  type TpmEvidence,
  tpmEndorsementsFor,
} from './parse.js';
import { type TpmPolicy, tpmPolicyRules } from './policy.js';
import { pinnedVtpmRoots } from './roots.js';
import { type TpmEndorsements, verifyTpmQuote } from './verify.js';

export const tpmVerifier: EvidenceVerifier<TpmEvidence, TpmEndorsements, TpmPolicy> = {
  format: 'tpm2-quote',
  endorsementFormat: 'tpm2-quote',
  encoding: 'text',
  pinnedRoots: pinnedVtpmRoots,
  policy: tpmPolicyRules,
  looksLike: looksLikeTpmEvidence,
  parse: parseTpmEvidence,
  endorsementsFor: tpmEndorsementsFor,
  verify: verifyTpmQuote,
};

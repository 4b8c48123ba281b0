// The AWS Nitro format as the registry knows it.

import type { EvidenceVerifier } from '../types.js';
import { looksLikeNitroDocument, type NitroDocument, parseNitroDocument } from './parse.js';
import { type NitroPolicy, nitroPolicyRules } from './policy.js';
import { pinnedNitroRoots } from './roots.js';
import { type NitroEndorsements, verifyNitroDocument } from './verify.js';

export const nitroVerifier: EvidenceVerifier<NitroDocument, NitroEndorsements, NitroPolicy> = {
  format: 'aws-nitro',
  endorsementFormat: 'aws-nitro',
  encoding: 'binary',
  pinnedRoots: pinnedNitroRoots,
  policy: nitroPolicyRules,
  looksLike: looksLikeNitroDocument,
  parse: parseNitroDocument,
  // The document brings its whole chain, and there is nothing else to fetch.
  endorsementsFor: () => [],
  verify: verifyNitroDocument,
};

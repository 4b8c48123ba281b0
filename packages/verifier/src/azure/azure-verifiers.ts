// Azure's two formats as the registry knows them. Endorsements and roots are those of the hardware.

import type { DcapEndorsements } from '../dcap/endorsements.js';
import { dcapEndorsementsFor } from '../dcap/evidence.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { snpEndorsementsFor } from '../snp/endorsements.js';
import { pinnedAmdRoots } from '../snp/roots/roots.js';
import type { SnpEndorsements } from '../snp/verify.js';
import type { EvidenceVerifier } from '../types.js';
import {
  type AzureSnpEvidence,
  type AzureTdxEvidence,
  looksLikeAzureSnp,
  looksLikeAzureTdx,
  parseAzureSnpEvidence,
  parseAzureTdxEvidence,
} from './parse.js';
import {
  type AzureSnpPolicy,
  type AzureTdxPolicy,
  azureSnpPolicyRules,
  azureTdxPolicyRules,
} from './policy.js';
import { verifyAzureSnp, verifyAzureTdx } from './verify.js';

export const azureSnpVerifier: EvidenceVerifier<AzureSnpEvidence, SnpEndorsements, AzureSnpPolicy> =
  {
    format: 'azure-snp-vtpm',
    endorsementFormat: 'sev-snp',
    encoding: 'text',
    pinnedRoots: pinnedAmdRoots,
    policy: azureSnpPolicyRules,
    looksLike: looksLikeAzureSnp,
    parse: parseAzureSnpEvidence,
    endorsementsFor: ({ report }) => snpEndorsementsFor(report),
    verify: verifyAzureSnp,
  };

export const azureTdxVerifier: EvidenceVerifier<
  AzureTdxEvidence,
  DcapEndorsements,
  AzureTdxPolicy
> = {
  format: 'azure-tdx-vtpm',
  endorsementFormat: 'dcap',
  encoding: 'text',
  pinnedRoots: pinnedIntelRoots,
  policy: azureTdxPolicyRules,
  looksLike: looksLikeAzureTdx,
  parse: parseAzureTdxEvidence,
  endorsementsFor: ({ td }) => dcapEndorsementsFor(td),
  verify: verifyAzureTdx,
};

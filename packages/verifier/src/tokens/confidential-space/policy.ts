// What a policy can say of Confidential Space tokens. Google signs them for every customer and for debug images too:
// whose project it is must be pinned, or waived in so many words; what the workload is, by reference values.

import { type ListPolicy, listPolicyRules } from '../../rules/list-policy.js';
import type { Fault, PolicyRules, TrustVector, VerifiedClaims } from '../../types.js';
import { statedTcbTrust, tcbStatusKnob } from '../stated-tcb.js';

export type ConfidentialSpacePolicy = ListPolicy<
  | 'project_ids'
  | 'service_accounts'
  | 'support_attributes'
  | 'hwmodels'
  | 'swnames'
  | 'tcb_statuses'
>;

const lists = listPolicyRules(
  {
    project_ids: {
      claim: 'project_id',
      code: 'project',
      message: 'the workload runs in none of the projects listed',
      missing: [],
      choices: null,
      items: 'every',
      absent: 'fault',
      trust: 'instance_identity',
    },
    service_accounts: {
      claim: 'service_accounts',
      code: 'service-account',
      message: 'the workload runs as none of the service accounts listed',
      missing: null,
      choices: null,
      items: 'some',
      absent: 'fault',
      trust: 'instance_identity',
    },
    support_attributes: {
      claim: 'support_attributes',
      code: 'support-attribute',
      message: 'the Confidential Space image is not supported as the policy asks',
      missing: ['STABLE'],
      choices: ['LATEST', 'STABLE', 'USABLE', 'EXPERIMENTAL'],
      items: 'some',
      absent: 'fault',
      trust: 'executables',
    },
    // AMD SEV without SNP has no integrity: it must be asked for.
    hwmodels: {
      claim: 'hwmodel',
      code: 'hardware-model',
      message: 'other hardware than the policy accepts',
      missing: ['GCP_INTEL_TDX'],
      choices: null,
      items: 'every',
      absent: 'fault',
      trust: 'hardware',
    },
    swnames: {
      claim: 'swname',
      code: 'software-name',
      message: 'other software than the policy accepts',
      missing: ['CONFIDENTIAL_SPACE'],
      choices: null,
      items: 'every',
      absent: 'fault',
      trust: 'executables',
    },
    tcb_statuses: tcbStatusKnob,
  },
  { findFaults: findSecureBootFault, trust: { 'secure-boot': 'configuration' } },
);

export const confidentialSpacePolicyRules: PolicyRules<ConfidentialSpacePolicy> = {
  ...lists,
  statedTrust,
};

/**
 * The token names the hardware, and states a level of TDX alone. SEV and SEV-ES leave memory to be changed from outside, and a
 * shielded VM leaves it to be read.
 */
function statedTrust(claims: VerifiedClaims): Partial<TrustVector> {
  if (claims.values.hwmodel === 'GCP_INTEL_TDX') return statedTcbTrust(claims);
  return { hardware: 0, runtime_opaque: 0 };
}

function findSecureBootFault(claims: VerifiedClaims): readonly Fault[] {
  if (claims.values.secure_boot === true) return [];
  return [
    {
      code: 'secure-boot',
      message: 'the VM did not boot with Secure Boot on',
      claim: 'secure_boot',
      expected: 'true',
      seen: 'false',
    },
  ];
}

// What a policy can say of Azure Attestation tokens. Anybody can run an instance with a policy of their own, so
// which policy was applied must be pinned, or waived in so many words.

import { type ListPolicy, listPolicyRules } from '../../rules/list-policy.js';
import type { PolicyRules } from '../../types.js';
import { statedTcbTrust, tcbStatusKnob } from '../stated-tcb.js';

export type MaaPolicy = ListPolicy<
  'policy_hashes' | 'attestation_types' | 'compliance_statuses' | 'tcb_statuses'
>;

const types = ['sgx', 'tdxvm', 'sevsnpvm', 'azurevm'] as const;

const lists = listPolicyRules({
  policy_hashes: {
    claim: 'policy_hash',
    code: 'policy-hash',
    message: 'the attestation policy that was applied is none of those pinned',
    missing: [],
    choices: null,
    items: 'every',
    absent: 'fault',
    trust: 'configuration',
  },
  attestation_types: {
    claim: 'attestation_type',
    code: 'attestation-type',
    message: 'another kind of TEE than the policy accepts',
    missing: types,
    choices: types,
    items: 'every',
    absent: 'fault',
    trust: 'instance_identity',
  },
  // Enclaves and Intel's flat tokens have none.
  compliance_statuses: {
    claim: 'compliance_status',
    code: 'compliance-status',
    message: 'Azure does not vouch for the VM as the policy asks',
    missing: ['azure-compliant-cvm', 'azure-compliant-uvm'],
    choices: null,
    items: 'every',
    absent: 'pass',
    trust: 'configuration',
  },
  tcb_statuses: tcbStatusKnob,
});

/** Of SNP the token states the levels of the firmware, of Intel's TEEs their status or nothing. */
export const maaPolicyRules: PolicyRules<MaaPolicy> = { ...lists, statedTrust: statedTcbTrust };

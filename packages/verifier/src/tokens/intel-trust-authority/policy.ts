// What a policy can say of Intel Trust Authority tokens. The service signs tokens for evidence that met no policy at
// all, so at least one of the listed policies must be among those it matched.

import { type ListPolicy, listPolicyRules } from '../../rules/list-policy.js';
import type { Fault, PolicyRules, VerifiedClaims } from '../../types.js';
import { statedTcbTrust, tcbStatusKnob } from '../stated-tcb.js';

export type ItaPolicy = ListPolicy<'policy_ids' | 'tees' | 'tcb_statuses'>;

const tees = ['sgx', 'tdx'] as const;

const lists = listPolicyRules(
  {
    policy_ids: {
      claim: 'policy_ids_matched',
      code: 'policy-not-matched',
      message: 'none of the policies that are asked for was matched',
      missing: [],
      choices: null,
      items: 'some',
      absent: 'fault',
      trust: 'configuration',
    },
    tees: {
      claim: 'tee',
      code: 'attestation-type',
      message: 'another kind of TEE than the policy accepts',
      missing: tees,
      choices: tees,
      items: 'every',
      absent: 'fault',
      trust: 'instance_identity',
    },
    tcb_statuses: tcbStatusKnob,
  },
  { findFaults: findUnmatched, trust: { 'policy-unmatched': 'configuration' } },
);

export const itaPolicyRules: PolicyRules<ItaPolicy> = { ...lists, statedTrust: statedTcbTrust };

/** A policy that was asked for and did not hold is a refusal by the service, in the form of a token. */
function findUnmatched(claims: VerifiedClaims): readonly Fault[] {
  const unmatched = claims.values.policy_ids_unmatched;
  if (typeof unmatched === 'object' && unmatched.length === 0) return [];
  return [
    {
      code: 'policy-unmatched',
      message: 'the service says that a policy was not met',
      claim: 'policy_ids_unmatched',
      expected: 'none',
      seen: typeof unmatched === 'object' ? unmatched.join(', ') : 'no such claim',
    },
  ];
}

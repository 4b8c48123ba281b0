// What a policy can say of EARs: whose verdict counts was said by the trusted issuer; here, which verdicts, by
// which of its policies, in which profile, and how old.

import { isWorse, tierOf, vectorElements } from '../../results/ear.js';
import { type ListPolicy, listPolicyRules } from '../../rules/list-policy.js';
import type { Fault, PolicyRules, TrustVector, VerifiedClaims } from '../../types.js';
import { earProfiles } from './claims.js';

export type EarPolicy = ListPolicy<'statuses' | 'policy_ids' | 'profiles' | 'verifier_builds'>;

const lists = listPolicyRules(
  {
    statuses: {
      claim: 'statuses',
      code: 'ear-status',
      message: 'the verifier did not affirm every part',
      missing: ['affirming'],
      choices: ['affirming', 'warning'],
      items: 'every',
      absent: 'fault',
      trust: 'configuration',
    },
    // Whoever may ask the verifier may choose among its policies: an EAR by a lax one looks just as good.
    policy_ids: {
      claim: 'policy_ids',
      code: 'ear-policy',
      message: 'judged by a policy that is none of those pinned',
      missing: [],
      choices: null,
      items: 'every',
      absent: 'fault',
      trust: 'configuration',
    },
    profiles: {
      claim: 'eat_profile',
      code: 'ear-profile',
      message: 'of a profile that the policy does not accept',
      missing: earProfiles,
      choices: earProfiles,
      items: 'every',
      absent: 'fault',
      trust: 'configuration',
    },
    verifier_builds: {
      claim: 'verifier_build',
      code: 'ear-verifier-build',
      message: 'made by a build of the verifier that is none of those listed',
      missing: null,
      choices: null,
      items: 'every',
      absent: 'fault',
      trust: 'configuration',
    },
  },
  { findFaults: findExpiryFault, trust: { 'no-expiry': 'configuration' } },
);

export const earPolicyRules: PolicyRules<EarPolicy> = { ...lists, statedTrust };

const elements = Object.keys(vectorElements) as (keyof TrustVector)[];

/**
 * Another's verdict, repeated: of each element what the worst part says, where silence is worse than to affirm. Executables that
 * it is silent on may be affirmed by reference values of our own for what it repeats of the evidence.
 */
function statedTrust({ values }: VerifiedClaims): Partial<TrustVector> {
  const parts = typeof values.submodules === 'object' ? values.submodules : [];
  const stated = elements.map((element): [keyof TrustVector, number] => {
    const all = parts.map((part) => Number(values[`${part}.${element}`]));
    const worst = all.reduce((a, b) => (isWorse(tierOf(b), tierOf(a)) ? b : a), all[0] ?? 0);
    return [element, worst];
  });
  return Object.fromEntries(
    stated.filter(([element, value]) => element !== 'executables' || value !== 0),
  );
}

/** An EAR need not have an expiry; then the policy must say how old one may be. */
function findExpiryFault(claims: VerifiedClaims, policy: EarPolicy): readonly Fault[] {
  const expires = typeof claims.values.token_expires_at === 'string';
  if (expires || policy.max_age_seconds.token !== undefined) return [];
  return [
    {
      code: 'no-expiry',
      message: 'the EAR has no expiry, and the policy no max_age_seconds.token',
      claim: 'token_expires_at',
      expected: 'a time',
      seen: 'no such claim',
    },
  ];
}

// What a policy can say of GPU reports. Nothing in a report says whether the GPU is in developer mode, or confidential
// at all, except its measurements: a policy has to name some, or to waive that in so many words.

import { readFlag, readOr } from '../rules/fields.js';
import { type ListPolicy, listPolicyRules } from '../rules/list-policy.js';
import {
  type UncheckedRevocationPolicy,
  uncheckedRevocation,
} from '../rules/unchecked-revocation.js';
import type { Fault, PolicyRules, ReferenceSet, TrustVector } from '../types.js';

export type GpuPolicy = ListPolicy<
  'hwmodels' | 'driver_versions' | 'vbios_versions' | 'device_serials'
> &
  UncheckedRevocationPolicy & {
    /** Whether evidence may pass by this policy although it asks for no measurement. */
    readonly allow_unmeasured: boolean;
  };

function listed(claim: string, what: string, trust: keyof TrustVector) {
  return {
    claim,
    code: `gpu-${what.toLowerCase().replaceAll(' ', '-')}`,
    message: `the GPU’s ${what} is none of those listed`,
    missing: null,
    choices: null,
    items: 'every',
    absent: 'fault',
    trust,
  } as const;
}

const lists = listPolicyRules({
  hwmodels: listed('hwmodel', 'model', 'hardware'),
  driver_versions: listed('driver_version', 'driver version', 'executables'),
  vbios_versions: listed('vbios_version', 'VBIOS version', 'executables'),
  device_serials: listed('device_serial', 'identity', 'instance_identity'),
});

export const gpuPolicyRules: PolicyRules<GpuPolicy> = {
  members: [...lists.members, 'allow_unmeasured', ...uncheckedRevocation.members],
  parse: (document, path) => ({
    ...lists.parse(document, path),
    allow_unmeasured: readOr(document, 'allow_unmeasured', path, false, readFlag),
    ...uncheckedRevocation.parse(document, path),
  }),
  findFaults: (claims, policy) => [
    ...lists.findFaults(claims, policy),
    ...findUnmeasured(policy),
    ...uncheckedRevocation.findFaults(claims, policy),
  ],
  trust: {
    ...lists.trust,
    'gpu-measurements': 'executables',
    ...uncheckedRevocation.trust,
  },
  // Nor does a report say who can look into the GPU's memory.
  statedTrust: () => ({ runtime_opaque: 0 }),
};

const isMeasured = (set: ReferenceSet): boolean =>
  Object.keys(set).some((name) => /^measurement_[0-9]+$/.test(name));

function findUnmeasured(policy: GpuPolicy): readonly Fault[] {
  const { allow_unmeasured, require, any_of } = policy;
  const measured = isMeasured(require) || (any_of.length > 0 && any_of.every(isMeasured));
  if (allow_unmeasured || measured) return [];
  return [
    {
      code: 'gpu-measurements',
      message: 'the policy asks for no measurement, and nothing else tells developer mode',
      claim: 'measurement_1',
      expected: 'a policy that requires measurements, or allow_unmeasured',
      seen: 'neither',
    },
  ];
}

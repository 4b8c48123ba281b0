// What a policy can say of NRAS results. NVIDIA's overall verdict is not taken for it: each device is judged by
// its own token.

import { type ListPolicy, listPolicyRules } from '../../rules/list-policy.js';
import { describeClaim } from '../../rules/requirement.js';
import type { Fault, PolicyRules, VerifiedClaims } from '../../types.js';

export type NrasPolicy = ListPolicy<
  'hwmodels' | 'driver_versions' | 'vbios_versions' | 'ueids' | 'allow_failed_checks'
>;

function listed(claim: string, what: string, trust: 'hardware' | 'instance_identity') {
  return {
    claim,
    code: `gpu-${what.toLowerCase().replaceAll(' ', '-')}`,
    message: `a device’s ${what} is none of those listed`,
    missing: null,
    choices: null,
    items: 'every',
    absent: 'fault',
    trust,
  } as const;
}

const lists = listPolicyRules(
  {
    hwmodels: listed('hwmodels', 'model', 'hardware'),
    driver_versions: listed('driver_versions', 'driver version', 'hardware'),
    vbios_versions: listed('vbios_versions', 'VBIOS version', 'hardware'),
    ueids: listed('ueids', 'identity', 'instance_identity'),
    allow_failed_checks: {
      claim: 'failed_checks',
      code: 'gpu-check',
      message: 'NVIDIA’s checks of a device failed',
      missing: [],
      choices: null,
      items: 'every',
      absent: 'pass',
      trust: 'hardware',
    },
  },
  {
    findFaults: findDeviceFaults,
    trust: { 'gpu-measurements': 'executables', 'gpu-secure-boot': 'configuration' },
  },
);

/** No claim of NVIDIA's tells whether a device hides its memory from the machine: confidential mode is not among them. */
export const nrasPolicyRules: PolicyRules<NrasPolicy> = {
  ...lists,
  statedTrust: () => ({ runtime_opaque: 0 }),
};

/** No member of a policy waives these. */
function findDeviceFaults({ values }: VerifiedClaims): readonly Fault[] {
  const results = values.measurement_results;
  const measured = typeof results === 'object' && results.join() === 'success';
  return [
    ...(measured
      ? []
      : [fault('gpu-measurements', 'measurement_results', 'success', describeClaim(results))]),
    ...(values.secure_boot === true
      ? []
      : [fault('gpu-secure-boot', 'secure_boot', 'true', describeClaim(values.secure_boot))]),
  ];
}

function fault(code: string, claim: string, expected: string, seen: string): Fault {
  return { code, message: 'a device did not pass', claim, expected, seen };
}

// What an SEV-SNP policy refuses beyond its reference values. Reads claims by the names of snp/claims.ts.
import type { Fault, SnpPolicy, VerifiedClaims } from '../types.js';
import { describeClaim } from './requirement.js';

export function findSnpFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  return [
    ...findVmplFaults(claims, policy),
    ...findSignerFaults(claims, policy),
    ...findChipFaults(claims, policy),
    ...findSplFaults(claims, policy),
    ...findMigrationFaults(claims, policy),
    ...findRevocationFaults(claims, policy),
  ];
}

function findVmplFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  const vmpl = claims.values.vmpl;
  if (typeof vmpl === 'number' && vmpl <= policy.vmpl_max) return [];
  return [
    {
      code: 'vmpl',
      message: 'the report was asked for by less privileged code than the policy accepts',
      claim: 'vmpl',
      expected: `at most ${policy.vmpl_max}`,
      seen: describeClaim(vmpl),
    },
  ];
}

function findSignerFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  const signer = claims.values.signer;
  if (policy.signers.some((accepted) => accepted === signer)) return [];
  return [
    {
      code: 'signer',
      message: 'the report is signed by a kind of key that the policy does not accept',
      claim: 'signer',
      expected: policy.signers.join(' or '),
      seen: describeClaim(signer),
    },
  ];
}

function findChipFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  if (policy.chip_ids === null) return [];
  const chip = claims.values.chip_id;
  // A masked (zero) chip id names no chip, so no list can contain it.
  const named = typeof chip === 'string' && !/^0*$/.test(chip);
  if (named && policy.chip_ids.includes(chip)) return [];
  return [
    {
      code: 'chip',
      message: 'the policy lists the chips it accepts, and this is none of them',
      claim: 'chip_id',
      expected: `one of ${policy.chip_ids.length} listed chips`,
      seen: describeClaim(chip),
    },
  ];
}

const tcbNames = ['reported', 'committed', 'launch', 'current'] as const;

function findSplFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  if (Object.keys(policy.min_spl).length === 0) return [];
  const product = claims.values.product;
  const floors = typeof product === 'string' ? findOwn(policy.min_spl, product) : null;
  if (floors === null) {
    return [
      {
        code: 'spl-too-low',
        message: 'the policy sets patch level floors, but none for this product',
        claim: 'product',
        expected: Object.keys(policy.min_spl).join(' or '),
        seen: describeClaim(product),
      },
    ];
  }
  const faults: Fault[] = [];
  for (const tcb of tcbNames) {
    for (const [part, floor] of Object.entries(floors)) {
      const claim = `${tcb}_tcb_${part}`;
      const level = claims.values[claim];
      if (typeof level === 'number' && level >= floor) continue;
      faults.push({
        code: 'spl-too-low',
        message: `${tcb} TCB: ${part} is older than the policy's floor for this product`,
        claim,
        expected: `at least ${floor}`,
        seen: describeClaim(level),
      });
    }
  }
  return faults;
}

function findMigrationFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  if (policy.allow_migration_agent || claims.values.migration_agent === false) return [];
  return [
    {
      code: 'migration-agent',
      message: 'a migration agent is associated, which can move or copy this guest',
      claim: 'migration_agent',
      expected: 'false',
      seen: describeClaim(claims.values.migration_agent),
    },
  ];
}

function findRevocationFaults(claims: VerifiedClaims, policy: SnpPolicy): Fault[] {
  if (policy.allow_unchecked_revocation || claims.values.revocation_checked === true) return [];
  return [
    {
      code: 'revocation-not-checked',
      message: 'nobody looked this evidence up in the revocation lists',
      claim: 'revocation_checked',
      expected: 'true',
      seen: describeClaim(claims.values.revocation_checked),
    },
  ];
}

function findOwn<T>(map: Readonly<Record<string, T>>, key: string): T | null {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

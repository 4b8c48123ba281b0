// What a policy can say of SEV-SNP evidence beyond its claims: members of the document, their stricter defaults, and
// the faults. Reads claims by the names of snp/claims.ts.
import { findUnaccepted } from '../rules/accepted-values.js';
import {
  readCount,
  readFlag,
  readHex,
  readList,
  readMap,
  readNullable,
  readOneOf,
  readOr,
} from '../rules/fields.js';
import { describeClaim } from '../rules/requirement.js';
import {
  type UncheckedRevocationPolicy,
  uncheckedRevocation,
} from '../rules/unchecked-revocation.js';
import type { Fault, PolicyRules, VerifiedClaims } from '../types.js';
import type { SnpSigner } from './product.js';

export interface SnpPolicy extends UncheckedRevocationPolicy {
  /** Product name to security patch level name to least value, held by every TCB of the report. */
  readonly min_spl: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly vmpl_max: number;
  /** Chip ids in lower-case hex; null accepts any chip. */
  readonly chip_ids: readonly string[] | null;
  readonly signers: readonly SnpSigner[];
  /** Whether a migration agent may be associated, which can move or copy the guest. */
  readonly allow_migration_agent: boolean;
}

const signers: readonly SnpSigner[] = ['vcek', 'vlek'];

const signerFault = {
  code: 'signer',
  message: 'the report is signed by a kind of key that the policy does not accept',
  claim: 'signer',
};
const migrationFault = {
  code: 'migration-agent',
  message: 'a migration agent is associated, which can move or copy this guest',
  claim: 'migration_agent',
};

export const snpPolicyRules: PolicyRules<SnpPolicy> = {
  members: [
    'min_spl',
    'vmpl_max',
    'chip_ids',
    'signers',
    'allow_migration_agent',
    ...uncheckedRevocation.members,
  ],
  parse: (document, path) => ({
    min_spl: readOr(document, 'min_spl', path, {}, (value, at) =>
      readMap(value, at, (levels, levelsPath) => readMap(levels, levelsPath, readCount)),
    ),
    vmpl_max: readOr(document, 'vmpl_max', path, 0, readCount),
    chip_ids: readOr(document, 'chip_ids', path, null, (value, at) =>
      readNullable(value, at, (list, listPath) => readList(list, listPath, readHex)),
    ),
    signers: readOr(document, 'signers', path, signers, (value, at) =>
      readList(value, at, (signer, signerPath) => readOneOf(signer, signerPath, signers)),
    ),
    allow_migration_agent: readOr(document, 'allow_migration_agent', path, false, readFlag),
    ...uncheckedRevocation.parse(document, path),
  }),
  findFaults: (claims, policy) => [
    ...findVmplFaults(claims, policy),
    ...findUnaccepted(claims, signerFault, policy.signers),
    ...findChipFaults(claims, policy),
    ...findSplFaults(claims, policy),
    ...(policy.allow_migration_agent ? [] : findUnaccepted(claims, migrationFault, [false])),
    ...uncheckedRevocation.findFaults(claims, policy),
  ],
  trust: {
    vmpl: 'configuration',
    signer: 'instance_identity',
    chip: 'instance_identity',
    'spl-too-low': 'hardware',
    'migration-agent': 'configuration',
    ...uncheckedRevocation.trust,
  },
};

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

function findOwn<T>(map: Readonly<Record<string, T>>, key: string): T | null {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

// What a policy can say of SGX evidence beyond its claims: members of the document, their stricter
// defaults, and the faults. Reads claims by the names of sgx/claims.ts.

import {
  type DcapPolicy,
  dcapMembers,
  dcapTrust,
  findDcapFaults,
  parseDcapMembers,
} from '../dcap/policy.js';
import { readFlag, readList, readNullable, readOr, readText } from '../rules/fields.js';
import { describeClaim } from '../rules/requirement.js';
import type { Fault, PolicyRules, VerifiedClaims } from '../types.js';

export interface SgxPolicy extends DcapPolicy {
  /**
   * Whether the enclave may derive provisioning and seal keys that name the platform for ever: what
   * Intel's own enclaves are for.
   */
  readonly allow_provision_key: boolean;
  /** Whether it may launch other enclaves. */
  readonly allow_einittoken_key: boolean;
  /** How memory is protected, as `sgx_type` says it; null accepts any. */
  readonly sgx_types: readonly string[] | null;
}

export const sgxPolicyRules: PolicyRules<SgxPolicy> = {
  members: [...dcapMembers, 'allow_provision_key', 'allow_einittoken_key', 'sgx_types'],
  parse: (document, path) => ({
    ...parseDcapMembers(document, path),
    allow_provision_key: readOr(document, 'allow_provision_key', path, false, readFlag),
    allow_einittoken_key: readOr(document, 'allow_einittoken_key', path, false, readFlag),
    sgx_types: readOr<readonly string[] | null>(document, 'sgx_types', path, null, (value, at) =>
      readNullable(value, at, (list, listAt) => readList(list, listAt, readText)),
    ),
  }),
  findFaults: (claims, policy) => [
    ...findDcapFaults(claims, policy),
    ...findFlagFault(claims, 'reserved-attributes', 'attributes_reserved', false),
    ...findFlagFault(claims, 'reserved-attributes', 'miscselect_reserved', false),
    ...findFlagFault(claims, 'not-initialised', 'attributes_init', true),
    ...(policy.allow_provision_key
      ? []
      : findFlagFault(claims, 'provision-key', 'attributes_provision_key', false)),
    ...(policy.allow_einittoken_key
      ? []
      : findFlagFault(claims, 'einittoken-key', 'attributes_einittoken_key', false)),
    ...findSgxTypeFaults(claims, policy),
  ],
  trust: {
    ...dcapTrust,
    'reserved-attributes': 'configuration',
    'not-initialised': 'configuration',
    'provision-key': 'configuration',
    'einittoken-key': 'configuration',
    'sgx-type': 'hardware',
  },
};

type FlagFault = 'reserved-attributes' | 'not-initialised' | 'provision-key' | 'einittoken-key';

const messages: Readonly<Record<FlagFault, string>> = {
  'reserved-attributes': 'attributes of the enclave are set whose meaning is not known',
  'not-initialised': 'the enclave was not initialised: its measurement is not final',
  'provision-key': 'the enclave has access to the provisioning key',
  'einittoken-key': 'the enclave has access to the key that launches others',
};

function findFlagFault(
  claims: VerifiedClaims,
  code: FlagFault,
  claim: string,
  wanted: boolean,
): Fault[] {
  const seen = claims.values[claim];
  if (seen === wanted) return [];
  return [
    { code, message: messages[code], claim, expected: String(wanted), seen: describeClaim(seen) },
  ];
}

function findSgxTypeFaults(claims: VerifiedClaims, policy: SgxPolicy): Fault[] {
  const type = claims.values.sgx_type;
  if (policy.sgx_types === null) return [];
  if (typeof type === 'string' && policy.sgx_types.includes(type)) return [];
  return [
    {
      code: 'sgx-type',
      message: 'the platform protects the memory of enclaves in a way the policy does not accept',
      claim: 'sgx_type',
      expected: policy.sgx_types.join(' or '),
      seen: describeClaim(type),
    },
  ];
}

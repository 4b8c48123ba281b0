// Identities of enclaive's Nitride (`vhsm nitride identity create`) as reference values of SEV-SNP. Nitride takes the
// newest identity of a name; here a document has a digest, and a role pins that.

import { parseReferenceValues } from '../appraise/policy.js';
import { EvidenceError } from '../errors.js';
import { readObject, readText, refuse } from '../rules/fields.js';
import type { ReferenceSet, ReferenceValues } from '../types.js';

const path = 'identity';

const rootsOfTrust: Readonly<Record<string, ReferenceSet>> = {
  'amd-sev-snp-milan-vcek': { product: ['milan'], signer: ['vcek'] },
  'amd-sev-snp-milan-vlek': { product: ['milan'], signer: ['vlek'] },
  'amd-sev-snp-genoa-vcek': { product: ['genoa'], signer: ['vcek'] },
  'amd-sev-snp-genoa-vlek': { product: ['genoa'], signer: ['vlek'] },
};

function unsupported(why: string): EvidenceError {
  return new EvidenceError('unsupported-format', `${path}: ${why}`);
}

function versionSet(
  major: ReferenceSet[string],
  minor: ReferenceSet[string] | null,
  build: ReferenceSet[string] | null,
): ReferenceSet {
  return {
    current_firmware_major: major,
    ...(minor === null ? {} : { current_firmware_minor: minor }),
    ...(build === null ? {} : { current_firmware_build: build }),
  };
}

/** Alternatives that together are the constraint. Only one comparison: no ranges, no "^", no "~". */
function firmwareSets(value: unknown): readonly ReferenceSet[] {
  const at = `${path}.values.firmware`;
  const text = readText(value, at);
  const match = /^(>=|=)? ?(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) throw unsupported('firmware: want ">= 1.55.22" or one version');
  const [major = 0, minor = 0, build = 0] = match.slice(2).map(Number);
  if (match[1] !== '>=') return [versionSet([major], [minor], [build])];
  return [
    versionSet([major], [minor], { min: build }),
    versionSet([major], { min: minor + 1 }, null),
    versionSet({ min: major + 1 }, null, null),
  ];
}

function rootOfTrustSet(value: unknown): ReferenceSet {
  const name = readText(value, `${path}.values.root_of_trust`);
  const set = Object.hasOwn(rootsOfTrust, name) ? rootsOfTrust[name] : undefined;
  if (set === undefined) throw unsupported('root_of_trust that is not known');
  return set;
}

function measurementSet(value: unknown): ReferenceSet {
  const at = `${path}.values.measurement`;
  const text = readText(value, at);
  if (!/^[0-9a-fA-F]{96}$/.test(text)) throw refuse(at, 'want 96 hex digits');
  return { measurement: [text.toLowerCase()] };
}

/**
 * An identity of type platform or firmware. Those of type workload name PCRs of a vTPM by hash algorithm, and metadata
 * is verified by nothing: both are refused, not passed over.
 * @throws EvidenceError 'input-invalid' | 'unsupported-format'
 */
export function parseNitrideIdentity(value: unknown): ReferenceValues {
  const identity = readObject(value, path, ['created', 'name', 'type', 'values']);
  const kind = readText(identity.type, `${path}.type`);
  if (kind !== 'platform' && kind !== 'firmware') throw unsupported(`type ${kind}`);
  const known = ['firmware', 'root_of_trust', ...(kind === 'firmware' ? ['measurement'] : [])];
  const values = readObject(identity.values, `${path}.values`, known);
  const { firmware, root_of_trust: root, measurement } = values;
  if (kind === 'firmware' && measurement === undefined) {
    throw refuse(`${path}.values`, 'want a measurement');
  }
  const base: ReferenceSet = {
    ...(measurement === undefined ? {} : measurementSet(measurement)),
    ...(root === undefined ? {} : rootOfTrustSet(root)),
  };
  const versions = firmware === undefined ? [{}] : firmwareSets(firmware);
  return parseReferenceValues({
    name: readText(identity.name, `${path}.name`),
    kind,
    format: 'sev-snp',
    any_of: versions.map((version) => ({ ...base, ...version })),
  });
}

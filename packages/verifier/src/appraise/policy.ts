// Appraisal policies and reference values as documents: strict parsing, and the defaults that apply
// where a document says nothing. A default is always the stricter choice.
import {
  type AppraisalPolicy,
  evidenceFormats,
  type FormatPolicy,
  type ReferenceSet,
  type ReferenceValues,
  referenceKinds,
  type SnpPolicy,
  type TdxPolicy,
  tcbStatuses,
} from '../types.js';
import {
  readCount,
  readFlag,
  readList,
  readMap,
  readObject,
  readOneOf,
  readText,
  refuse,
} from './fields.js';
import { parseReferenceSet } from './requirement.js';

type Members = Readonly<Record<string, unknown>>;

const shared = ['require', 'any_of', 'max_age_seconds'];
const tdxOnly = ['tcb_statuses', 'advisories', 'min_tcb_evaluation_number', 'allow_service_td'];
const snpOnly = [
  'min_spl',
  'vmpl_max',
  'chip_ids',
  'signers',
  'allow_migration_agent',
  'allow_unchecked_revocation',
];

/**
 * Reads a policy document. Refuses unknown keys; what a document leaves out gets its default.
 * @throws EvidenceError 'input-invalid' naming the place
 */
export function parseAppraisalPolicy(value: unknown): AppraisalPolicy {
  const policy = readObject(value, 'policy', ['name', 'allow_debug', 'formats']);
  const formats = readObject(policy.formats, 'policy.formats', evidenceFormats);
  const tdx = formats['tdx-dcap'];
  const snp = formats['sev-snp'];
  return Object.freeze({
    name: readText(policy.name, 'policy.name'),
    allow_debug: or(policy.allow_debug, false, 'policy.allow_debug', readFlag),
    formats: Object.freeze({
      ...(tdx === undefined ? {} : { 'tdx-dcap': parseTdxPolicy(tdx) }),
      ...(snp === undefined ? {} : { 'sev-snp': parseSnpPolicy(snp) }),
    }),
  });
}

function parseTdxPolicy(value: unknown): TdxPolicy {
  const path = 'policy.formats.tdx-dcap';
  const members = readObject(value, path, [...shared, ...tdxOnly]);
  return Object.freeze({
    ...parseShared(members, path),
    tcb_statuses: or(members.tcb_statuses, Object.freeze(['UpToDate']), path, readStatuses),
    advisories: or(members.advisories, null, `${path}.advisories`, readNames),
    min_tcb_evaluation_number: or(
      members.min_tcb_evaluation_number,
      0,
      `${path}.min_tcb_evaluation_number`,
      readCount,
    ),
    allow_service_td: readFlagOrFalse(members, 'allow_service_td', path),
  }) as TdxPolicy;
}

function readStatuses(value: unknown, path: string): TdxPolicy['tcb_statuses'] {
  const at = `${path}.tcb_statuses`;
  return readList(value, at, (item, itemPath) => {
    const status = readOneOf(item, itemPath, tcbStatuses);
    if (status === 'Revoked') throw refuse(itemPath, 'a revoked TCB cannot be accepted');
    return status;
  });
}

function parseSnpPolicy(value: unknown): SnpPolicy {
  const path = 'policy.formats.sev-snp';
  const members = readObject(value, path, [...shared, ...snpOnly]);
  const signers = ['vcek', 'vlek'] as const;
  return Object.freeze({
    ...parseShared(members, path),
    min_spl: or(members.min_spl, Object.freeze({}), `${path}.min_spl`, (item, at) =>
      readMap(item, at, (levels, levelsPath) => readMap(levels, levelsPath, readCount)),
    ),
    vmpl_max: or(members.vmpl_max, 0, `${path}.vmpl_max`, readCount),
    chip_ids: or(members.chip_ids, null, `${path}.chip_ids`, (item, at) =>
      item === null ? null : readList(item, at, readHex),
    ),
    signers: or(members.signers, signers, `${path}.signers`, (item, at) =>
      readList(item, at, (signer, signerPath) => readOneOf(signer, signerPath, signers)),
    ),
    allow_migration_agent: readFlagOrFalse(members, 'allow_migration_agent', path),
    allow_unchecked_revocation: readFlagOrFalse(members, 'allow_unchecked_revocation', path),
  });
}

function parseShared(members: Members, path: string): FormatPolicy {
  return {
    require: or(members.require, Object.freeze({}), `${path}.require`, parseReferenceSet),
    any_of: or(members.any_of, Object.freeze([]), `${path}.any_of`, (item, at) =>
      readList(item, at, parseAlternative),
    ),
    max_age_seconds: or(
      members.max_age_seconds,
      Object.freeze({}),
      `${path}.max_age_seconds`,
      (item, at) => readMap(item, at, readCount),
    ),
  };
}

/** @throws EvidenceError 'input-invalid' naming the place */
export function parseReferenceValues(value: unknown): ReferenceValues {
  const path = 'reference_values';
  const members = readObject(value, path, ['name', 'kind', 'format', 'any_of']);
  const sets = readList(members.any_of, `${path}.any_of`, parseAlternative);
  if (sets.length === 0) throw refuse(`${path}.any_of`, 'want at least one set');
  return Object.freeze({
    name: readText(members.name, `${path}.name`),
    kind: readOneOf(members.kind, `${path}.kind`, referenceKinds),
    format: readOneOf(members.format, `${path}.format`, evidenceFormats),
    any_of: sets,
  });
}

/** One of several sets: an empty one would make the others meaningless. */
function parseAlternative(value: unknown, path: string): ReferenceSet {
  const set = parseReferenceSet(value, path);
  if (Object.keys(set).length === 0) throw refuse(path, 'an empty set would accept anything');
  return set;
}

function readNames(value: unknown, path: string): readonly string[] | null {
  return value === null ? null : readList(value, path, readText);
}

function readFlagOrFalse(members: Members, name: string, path: string): boolean {
  return or(members[name], false, `${path}.${name}`, readFlag);
}

function readHex(value: unknown, path: string): string {
  const text = readText(value, path);
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(text)) throw refuse(path, 'want hex');
  return text.toLowerCase();
}

function or<T, D>(
  value: unknown,
  missing: D,
  path: string,
  read: (value: unknown, path: string) => T,
): T | D {
  return value === undefined ? missing : read(value, path);
}

/** What applies when nobody wrote a policy: genuine, not debuggable, and for TDX up to date. */
export const defaultAppraisalPolicy: AppraisalPolicy = parseAppraisalPolicy({
  name: 'default',
  formats: { 'tdx-dcap': {}, 'sev-snp': {} },
});

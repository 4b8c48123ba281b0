// Appraisal policies and reference values as documents: strict parsing, and the defaults that apply
// where a document says nothing. A default is always the stricter choice. What a single format adds is
// read in that format's own folder.
import { parseStrictJson } from '../encoding/strict-json.js';
import { type FormatPolicies, registeredFormats } from '../registry.js';
import {
  readCount,
  readFlag,
  readList,
  readMap,
  readObject,
  readOneOf,
  readOr,
  readText,
  refuse,
} from '../rules/fields.js';
import { parseReferenceSet } from '../rules/requirement.js';
import {
  evidenceFormats,
  type FormatPolicy,
  type ReferenceSet,
  type ReferenceValues,
  referenceKinds,
} from '../types.js';

/** By what evidence is judged. JSON-serialisable; parseAppraisalPolicy fills what a document leaves out. */
export interface AppraisalPolicy {
  readonly name: string;
  readonly allow_debug: boolean;
  /** A format that is not here is refused. */
  readonly formats: FormatPolicies;
}

const textLimits = { charactersMax: 1024 * 1024, depthMax: 8, valuesMax: 100_000 };

/**
 * As parseAppraisalPolicy, from the text of a file. No member may stand in it twice: of two, people read the one and
 * machines take the other. @throws EvidenceError 'malformed' for what is not strict JSON, 'input-invalid'
 */
export function parseAppraisalPolicyText(text: string): AppraisalPolicy {
  return parseAppraisalPolicy(parseStrictJson(text, 'policy', textLimits).value);
}

const sharedMembers = ['require', 'any_of', 'max_age_seconds'];

/**
 * Reads a policy document. Refuses unknown keys; what a document leaves out gets its default.
 * @throws EvidenceError 'input-invalid' naming the place
 */
export function parseAppraisalPolicy(value: unknown): AppraisalPolicy {
  const policy = readObject(value, 'policy', ['name', 'allow_debug', 'formats']);
  const documents = readObject(policy.formats, 'policy.formats', evidenceFormats);
  const formats: Record<string, FormatPolicy> = {};
  for (const { format, policy: rules } of registeredFormats) {
    if (documents[format] === undefined) continue;
    const path = `policy.formats.${format}`;
    const members = readObject(documents[format], path, [...sharedMembers, ...rules.members]);
    formats[format] = Object.freeze({
      ...parseShared(members, path),
      ...rules.parse(members, path),
    });
  }
  return Object.freeze({
    name: readText(policy.name, 'policy.name'),
    allow_debug: readOr(policy, 'allow_debug', 'policy', false, readFlag),
    formats: Object.freeze(formats) as FormatPolicies,
  });
}

function parseShared(members: Readonly<Record<string, unknown>>, path: string): FormatPolicy {
  return {
    require: readOr(members, 'require', path, {}, parseReferenceSet),
    any_of: readOr<readonly ReferenceSet[]>(members, 'any_of', path, [], (item, at) =>
      readList(item, at, parseAlternative),
    ),
    max_age_seconds: readOr(members, 'max_age_seconds', path, {}, (item, at) =>
      readMap(item, at, readCount),
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

/** What applies when nobody wrote a policy: genuine, not debuggable, each format's stricter choices. */
export const defaultAppraisalPolicy: AppraisalPolicy = parseAppraisalPolicy({
  name: 'default',
  formats: Object.fromEntries(evidenceFormats.map((format) => [format, {}])),
});

// Judges verified composite evidence: is it the composition that is asked for, and does each part pass by the policy of
// its own format? One part that does not pass makes the whole not pass.

import { appraise } from '../appraise/appraise.js';
import type { AppraisalPolicy } from '../appraise/policy.js';
import { EvidenceError } from '../errors.js';
import {
  type AttestationResult,
  type EvidenceFormat,
  evidenceFormats,
  type Fault,
  type ReferenceValues,
} from '../types.js';
import { checkComposition, leadName, partsMax } from './composite-binding.js';
import { assertVerifiedComposite, type VerifiedComposite } from './verify-composite.js';

/** Part names to the formats that each may have. Every part must be named, and every name must be there. */
export type RequiredComposition = Readonly<Record<string, readonly EvidenceFormat[]>>;

function invalid(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `composition: ${why}`);
}

function parseAccepted(name: string, value: unknown): readonly EvidenceFormat[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const known = evidenceFormats.filter((format) => list.includes(format));
  if (known.length > 0 && known.length === list.length) return known;
  throw invalid(`${name}: want a list of formats, each once`);
}

/**
 * Reads what is asked for from a document: 2 to 16 parts, `lead` among them and no device in its place.
 * @throws EvidenceError 'input-invalid' naming the part
 */
export function parseRequiredComposition(value: unknown): RequiredComposition {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('want an object');
  }
  const entries = Object.entries(value);
  if (entries.length > partsMax) throw invalid(`more than ${partsMax} parts`);
  const required = Object.fromEntries(
    entries.map(([name, formats]) => [name, parseAccepted(name, formats)]),
  );
  try {
    for (const lead of required[leadName] ?? []) {
      const first = Object.entries(required).map(([name, [format]]) => [name, format]);
      checkComposition({ ...Object.fromEntries(first), [leadName]: lead });
    }
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw invalid(error.message);
  }
  if (required[leadName] === undefined) throw invalid(`want a part named ${leadName}`);
  return required;
}

/** The outcome for the whole. Release nothing unless `status` is 'affirming'. */
export interface CompositeResult {
  /** The worst of all parts; 'contraindicated' if the composition is another one. */
  readonly status: AttestationResult['status'];
  /** Faults of the whole; those of a part are in its result. */
  readonly faults: readonly Fault[];
  readonly parts: ReadonlyMap<string, AttestationResult>;
}

const order: readonly AttestationResult['status'][] = ['affirming', 'warning', 'contraindicated'];

function compositionFaults(
  { parts }: VerifiedComposite,
  required: RequiredComposition,
): readonly Fault[] {
  const names = new Set([...parts.keys(), ...Object.keys(required)]);
  return [...names].flatMap((name) => {
    const seen = parts.get(name)?.format;
    const accepted = Object.hasOwn(required, name) ? (required[name] ?? []) : [];
    if (seen !== undefined && accepted.includes(seen)) return [];
    return [
      {
        code: 'composition',
        message: 'another composition than is asked for',
        claim: name,
        expected: accepted.join(' or ') || 'no such part',
        seen: seen ?? 'no such part',
      },
    ];
  });
}

/** Reference values that speak of no part would be met by nobody. */
function unusedFaults(
  { parts }: VerifiedComposite,
  referenceValues: readonly ReferenceValues[],
): readonly Fault[] {
  const formats = [...parts.values()].map(({ format }) => format);
  return referenceValues
    .filter(({ format }) => !formats.includes(format))
    .map(({ format, kind, name }) => ({
      code: 'reference-values-missing',
      message: `${kind} "${name}": no part has this format`,
      claim: 'format',
      expected: format,
      seen: formats.join(', '),
    }));
}

/**
 * Decides whether genuine composite evidence is acceptable. Each part is judged by the policy and the
 * reference values of its own format, as appraise() does it.
 * @throws EvidenceError 'input-invalid' if verifyComposite() did not make it
 */
export function appraiseComposite(
  composite: VerifiedComposite,
  required: RequiredComposition,
  policy: AppraisalPolicy,
  referenceValues: readonly ReferenceValues[],
): CompositeResult {
  assertVerifiedComposite(composite);
  const parts = new Map(
    [...composite.parts].map(([name, claims]) => {
      const own = referenceValues.filter(({ format }) => format === claims.format);
      return [name, appraise(claims, policy, own)] as const;
    }),
  );
  const faults = [
    ...compositionFaults(composite, required),
    ...unusedFaults(composite, referenceValues),
  ];
  const ranks = [...parts.values()].map(({ status }) => order.indexOf(status));
  const worst = order[Math.max(...ranks)] ?? 'contraindicated';
  return Object.freeze({
    status: faults.length === 0 ? worst : 'contraindicated',
    faults: Object.freeze(faults),
    parts,
  });
}

// Judges verified claims: policy x reference values x claims. Returns every fault at once and never
// throws for what evidence says. Must never see evidence that verify() has not checked.
import { assertVerified } from '../mint.js';
import { registeredFormats } from '../registry.js';
import { describeClaim, describeRequirement, meets } from '../rules/requirement.js';
import type {
  AttestationResult,
  Fault,
  FormatPolicy,
  ReferenceKind,
  ReferenceSet,
  ReferenceValues,
  VerifiedClaims,
} from '../types.js';
import { referenceKinds } from '../types.js';
import type { AppraisalPolicy } from './policy.js';
import { toTrust } from './trust-vector.js';

/**
 * Decides whether genuine evidence is acceptable. 'affirming' means that there was no fault at all;
 * 'warning' that the only fault is the binding nobody checked; anything else is 'contraindicated'.
 * Reference values of one kind are alternatives; every kind that is given must be met.
 * @throws EvidenceError 'input-invalid' if the claims were not made by verify()
 */
export function appraise(
  claims: VerifiedClaims,
  policy: AppraisalPolicy,
  referenceValues: readonly ReferenceValues[],
): AttestationResult {
  assertVerified(claims);
  const faults = [
    ...findCommonFaults(claims, policy),
    ...findFormatFaults(claims, policy),
    ...findReferenceFaults(claims, referenceValues),
  ];
  const onlyUnbound = faults.every((fault) => fault.code === 'binding-not-checked');
  const status = faults.length === 0 ? 'affirming' : onlyUnbound ? 'warning' : 'contraindicated';
  const trust = toTrust(claims, faults, referenceValues.length > 0);
  return Object.freeze({
    status,
    faults: Object.freeze(faults),
    format: claims.format,
    tcbStatus: claims.tcbStatus,
    advisories: claims.advisories,
    claims,
    endorsementAges: claims.endorsementAges,
    trustVector: trust.vector,
    trustReasons: trust.reasons,
  });
}

function findCommonFaults(claims: VerifiedClaims, policy: AppraisalPolicy): Fault[] {
  const faults: Fault[] = [];
  if (claims.binding !== 'checked') {
    faults.push({
      code: 'binding-not-checked',
      message: 'nothing ties this evidence to a session: it may be a replay',
      claim: 'report_data',
      expected: 'checked',
      seen: claims.binding,
    });
  }
  if (claims.debug && !policy.allow_debug) {
    faults.push({
      code: 'debug',
      message: 'the host can read and change this workload: it runs in debug mode',
      claim: 'debug',
      expected: 'false',
      seen: 'true',
    });
  }
  return faults;
}

function findFormatFaults(claims: VerifiedClaims, policy: AppraisalPolicy): readonly Fault[] {
  const rules = registeredFormats.find(({ format }) => format === claims.format)?.policy;
  const own: FormatPolicy | undefined = policy.formats[claims.format];
  if (rules !== undefined && own !== undefined) {
    return [...rules.findFaults(claims, own), ...findSharedFaults(claims, own)];
  }
  const accepted = Object.keys(policy.formats).join(' or ');
  return [
    {
      code: 'format-not-accepted',
      message: 'the policy has no rules for this format',
      claim: 'format',
      expected: accepted === '' ? 'none' : accepted,
      seen: claims.format,
    },
  ];
}

function findSharedFaults(claims: VerifiedClaims, policy: FormatPolicy): Fault[] {
  const faults = findUnmet(claims, policy.require, 'requirement', 'policy');
  if (policy.any_of.length > 0) {
    faults.push(...findClosest(claims, policy.any_of, 'reference-mismatch', 'policy'));
  }
  for (const [kind, maximum] of Object.entries(policy.max_age_seconds)) {
    const age = claims.endorsementAges[kind];
    if (age !== undefined && age <= maximum) continue;
    faults.push({
      code: 'endorsement-too-old',
      message: `${kind}: ${age === undefined ? 'the evidence has no such endorsement' : 'too old'}`,
      claim: `endorsement_ages.${kind}`,
      expected: `at most ${maximum} s`,
      seen: age === undefined ? 'no such endorsement' : `${age} s`,
    });
  }
  return faults;
}

function findReferenceFaults(
  claims: VerifiedClaims,
  referenceValues: readonly ReferenceValues[],
): Fault[] {
  const faults: Fault[] = [];
  for (const kind of referenceKinds) {
    const given = referenceValues.filter((values) => values.kind === kind);
    if (given.length > 0) faults.push(...findKindFaults(claims, kind, given));
  }
  return faults;
}

function findKindFaults(
  claims: VerifiedClaims,
  kind: ReferenceKind,
  given: readonly ReferenceValues[],
): Fault[] {
  const applying = given.filter((values) => values.format === claims.format);
  if (applying.length === 0) {
    return [
      {
        code: 'reference-values-missing',
        message: `${kind}: no reference values for this format`,
        claim: 'format',
        expected: [...new Set(given.map((values) => values.format))].join(' or '),
        seen: claims.format,
      },
    ];
  }
  const perDocument = applying.map((values) =>
    findClosest(claims, values.any_of, 'reference-mismatch', `${kind} "${values.name}"`),
  );
  return shortest(perDocument);
}

/** Faults of the set that fits best, so that an operator sees what to change; none if one set fits. */
function findClosest(
  claims: VerifiedClaims,
  sets: readonly ReferenceSet[],
  code: string,
  where: string,
): Fault[] {
  const perSet = sets.map((set, index) => {
    const name = sets.length === 1 ? where : `${where}, closest set ${index + 1} of ${sets.length}`;
    return findUnmet(claims, set, code, name);
  });
  if (perSet.length > 0) return shortest(perSet);
  return [{ code, message: `${where}: no sets`, claim: '', expected: 'a set', seen: 'none' }];
}

function shortest(candidates: readonly Fault[][]): Fault[] {
  return candidates.reduce((best, next) => (next.length < best.length ? next : best));
}

function findUnmet(
  claims: VerifiedClaims,
  set: ReferenceSet,
  code: string,
  where: string,
): Fault[] {
  const faults: Fault[] = [];
  for (const [name, requirement] of Object.entries(set)) {
    const claim = claims.values[name];
    if (meets(requirement, claim)) continue;
    faults.push({
      code,
      message: `${where}: ${name} is not as required`,
      claim: name,
      expected: describeRequirement(requirement),
      seen: describeClaim(claim),
    });
  }
  return faults;
}

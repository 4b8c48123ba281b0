// What two documents of reference values have not in common. Judges nothing.
import { canonicalJson } from '../appraise/canonical-json.js';
import { describeRequirement } from '../rules/requirement.js';
import type { ReferenceSet, ReferenceValues, Requirement } from '../types.js';

/** Null: the document has nothing there. */
export interface Difference {
  /** 'format', 'any_of[0].measurement'; sets are counted in A's order. */
  readonly place: string;
  readonly a: string | null;
  readonly b: string | null;
}

function requirementOf(set: ReferenceSet | undefined, claim: string): Requirement | null {
  return set !== undefined && Object.hasOwn(set, claim) ? (set[claim] ?? null) : null;
}

function compareSets(
  a: ReferenceSet | undefined,
  b: ReferenceSet | undefined,
  at: string,
): readonly Difference[] {
  const claims = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  return [...claims].flatMap((claim): readonly Difference[] => {
    const left = requirementOf(a, claim);
    const right = requirementOf(b, claim);
    if (canonicalJson(left) === canonicalJson(right)) return [];
    const textOf = (requirement: Requirement | null): string | null =>
      requirement === null ? null : describeRequirement(requirement);
    return [{ place: `${at}.${claim}`, a: textOf(left), b: textOf(right) }];
  });
}

/** Sets of `own` that `other` has not, with their places. */
function onlyIn(own: readonly ReferenceSet[], other: readonly ReferenceSet[]) {
  const known = new Set(other.map(canonicalJson));
  return [...own.entries()].filter(([, set]) => !known.has(canonicalJson(set)));
}

/** Empty only if both accept the same under the same name. The order of sets does not count. */
export function compareReferenceValues(
  a: ReferenceValues,
  b: ReferenceValues,
): readonly Difference[] {
  const heads = (['name', 'kind', 'format'] as const).flatMap((place): Difference[] =>
    a[place] === b[place] ? [] : [{ place, a: a[place], b: b[place] }],
  );
  const left = onlyIn(a.any_of, b.any_of);
  const right = onlyIn(b.any_of, a.any_of);
  const pairs = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => index);
  const sets = pairs.flatMap((index) => {
    const [at, set] = left[index] ?? [a.any_of.length + index - left.length, undefined];
    return compareSets(set, right[index]?.[1], `any_of[${at}]`);
  });
  return [...heads, ...sets];
}

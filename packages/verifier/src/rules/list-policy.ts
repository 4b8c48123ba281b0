// Policies that are lists of accepted words, which is all that most results need. A member that a policy leaves out
// accepts what is written here and nothing more; null, said in so many words, accepts anything.

import type {
  ClaimValue,
  Fault,
  FormatPolicy,
  PolicyRules,
  TrustVector,
  VerifiedClaims,
} from '../types.js';
import { readList, readNullable, readOneOf, readOr, readText } from './fields.js';
import { describeClaim } from './requirement.js';

/** One member of a policy: which words one claim may have. */
export interface ListKnob {
  readonly claim: string;
  readonly code: string;
  readonly message: string;
  /** What applies when a policy does not say; an empty list accepts nothing, so that it must. */
  readonly missing: readonly string[] | null;
  /** The only words that exist; null for any. */
  readonly choices: readonly string[] | null;
  /** For a list claim: every item must be accepted, or at least one. */
  readonly items: 'every' | 'some';
  /** Whether evidence without the claim passes, or with an empty list for it. */
  readonly absent: 'fault' | 'pass';
  readonly trust: keyof TrustVector;
}

export type ListPolicy<K extends string> = FormatPolicy &
  Readonly<Record<K, readonly string[] | null>>;

function accepts(knob: ListKnob, accepted: readonly string[], claim: ClaimValue | undefined) {
  if (claim === undefined) return knob.absent === 'pass';
  if (typeof claim !== 'object') return accepted.includes(String(claim));
  if (claim.length === 0) return knob.absent === 'pass';
  return knob.items === 'every'
    ? claim.every((item) => accepted.includes(item))
    : claim.some((item) => accepted.includes(item));
}

function findFault(
  knob: ListKnob,
  accepted: readonly string[] | null,
  claims: VerifiedClaims,
): readonly Fault[] {
  const claim = claims.values[knob.claim];
  if (accepted === null || accepts(knob, accepted, claim)) return [];
  return [
    {
      code: knob.code,
      message: knob.message,
      claim: knob.claim,
      expected: accepted.join(' or ') || 'what the policy lists, which is nothing',
      seen: describeClaim(claim),
    },
  ];
}

function readWords(knob: ListKnob, value: unknown, path: string): readonly string[] | null {
  const { choices } = knob;
  return readNullable(value, path, (list, at) =>
    readList(list, at, (item, itemAt) =>
      choices === null ? readText(item, itemAt) : readOneOf(item, itemAt, choices),
    ),
  );
}

/** Rules that are these knobs and `more`. */
export function listPolicyRules<K extends string>(
  knobs: Readonly<Record<K, ListKnob>>,
  more: {
    readonly findFaults: (claims: VerifiedClaims, policy: ListPolicy<K>) => readonly Fault[];
    readonly trust: Readonly<Record<string, keyof TrustVector>>;
  } = { findFaults: () => [], trust: {} },
): PolicyRules<ListPolicy<K>> {
  const entries = Object.entries(knobs) as [K, ListKnob][];
  return {
    members: entries.map(([name]) => name),
    parse: (document, path) =>
      Object.fromEntries(
        entries.map(([name, knob]) => [
          name,
          readOr(document, name, path, knob.missing, (value, at) => readWords(knob, value, at)),
        ]),
      ) as Omit<ListPolicy<K>, keyof FormatPolicy>,
    findFaults: (claims, policy) => [
      ...entries.flatMap(([name, knob]) => findFault(knob, policy[name], claims)),
      ...more.findFaults(claims, policy),
    ],
    trust: {
      ...Object.fromEntries(entries.map(([, knob]) => [knob.code, knob.trust])),
      ...more.trust,
    },
  };
}

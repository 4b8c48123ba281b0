// A manifest as reference values of one evidence format, and as what its author adds to evidence that meets them. All of
// it, or a refusal: a triple that were left out could make what is accepted wider than its author meant.

import { parseReferenceValues } from '../appraise/policy.js';
import type { EvidenceFormat, ReferenceKind, ReferenceSet, ReferenceValues } from '../types.js';
import { amdClaims, amdProfiles } from './amd-profile.js';
import type { CorimEndorsement, CorimState } from './comid.js';
import { type Corim, type ReadCorimInput, readCorim } from './corim.js';
import { unsupported } from './fields.js';
import { formatOf, namedClaims } from './named-claims.js';

/** `endorsed` holds of evidence that meets all of `conditions`; its claims are the author's word, stated by no evidence. */
export interface Endorsement {
  readonly conditions: readonly ReferenceSet[];
  readonly endorsed: readonly ReferenceSet[];
}

export interface CorimValues {
  readonly values: ReferenceValues;
  readonly endorsements: readonly Endorsement[];
}

interface Profile {
  readonly formatOf: (state: CorimState) => EvidenceFormat;
  readonly claimsOf: (state: CorimState) => ReferenceSet;
}

function profileOf({ profile }: Corim): Profile {
  if (profile === null) return { formatOf, claimsOf: namedClaims };
  if (amdProfiles.includes(profile)) return { formatOf: () => 'sev-snp', claimsOf: amdClaims };
  throw unsupported(`profile ${profile}`);
}

/** Alternatives must speak of the same claims: else each would be met without what the others ask. */
function checkAlternatives(sets: readonly ReferenceSet[]): void {
  const names = new Set(sets.map((set) => Object.keys(set).sort().join(' ')));
  if (names.size > 1) throw unsupported('triples that speak of different claims');
}

function toEndorsement({ conditions, endorsed }: CorimEndorsement, profile: Profile): Endorsement {
  return {
    conditions: conditions.map(profile.claimsOf),
    endorsed: endorsed.map(profile.claimsOf),
  };
}

/**
 * Reads a manifest (see readCorim) and makes reference values of its reference triples: each triple is a set, and
 * sets are alternatives. Endorsed values are not required of evidence, for no evidence states them; they
 * come along as endorsements.
 * @throws EvidenceError as readCorim(), and 'unsupported-format' for an unknown profile, class, measurement or
 *   kind of value, for several formats in one manifest, and for one without reference triples
 */
export async function importCorim(
  input: ReadCorimInput,
  given: { readonly name: string; readonly kind: ReferenceKind },
): Promise<CorimValues> {
  const corim = await readCorim(input);
  const profile = profileOf(corim);
  const states = corim.comids.flatMap(({ reference }) => reference);
  const [first, ...others] = states;
  if (first === undefined) throw unsupported('no reference triples');
  const format = profile.formatOf(first);
  if (others.some((state) => profile.formatOf(state) !== format)) {
    throw unsupported('several formats in one manifest');
  }
  const sets = states.map(profile.claimsOf);
  checkAlternatives(sets);
  return {
    values: parseReferenceValues({ name: given.name, kind: given.kind, format, any_of: sets }),
    endorsements: corim.comids.flatMap(({ endorsements }) =>
      endorsements.map((each) => toEndorsement(each, profile)),
    ),
  };
}

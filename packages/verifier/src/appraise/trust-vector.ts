// The AR4SI trustworthiness vector of an appraisal (draft-ietf-rats-ar4si, section 2.3.4).
// A summary for relying parties that speak EAR; the faults are the authority.
import { registeredFormats } from '../registry.js';
import { isWorse, tierOf } from '../results/ear.js';
import { noEndorsements } from '../tokens/token-format.js';
import type { Fault, TrustVector, VerifiedClaims } from '../types.js';

type Element = keyof TrustVector;

const noClaim = 0;
const affirming = 2;
const contraindicated = 96;

/** What a fault makes of the element that it speaks of, where that is not contraindicated. */
const faulty: Partial<Record<Element, number>> = { hardware: 32, executables: 33 };

/** Faults that the shared code finds; null if they speak of no element. */
const sharedElements: Readonly<Record<string, Element | null>> = {
  'binding-not-checked': null,
  'format-not-accepted': null,
  debug: 'configuration',
  'endorsement-too-old': 'hardware',
  'reference-mismatch': 'executables',
  'reference-values-missing': 'executables',
  requirement: 'executables',
};

/** Why an element that no fault speaks of is affirmed; the others make no claim. */
const affirmed: Readonly<Partial<Record<Element, string>>> = {
  configuration: 'no debug mode, reserved bits or forbidden settings',
  executables: 'the measurements are among the reference values',
  hardware: "the vendor's chain holds, and its TCB is one that the policy accepts",
  runtime_opaque: 'the owner of the machine cannot look inside',
};
const unsaid = 'not appraised';
/** Of tokens: whoever issued it has seen the evidence, and nobody here. */
const byWord = 'by the word of the issuer';

export interface Trust {
  readonly vector: TrustVector;
  /** Why each element is what it is, in words; where faults made it so, their codes. */
  readonly reasons: Readonly<Record<Element, string>>;
}

/** `measured` says whether there were reference values at all. */
export function toTrust(
  claims: VerifiedClaims,
  faults: readonly Fault[],
  measured: boolean,
): Trust {
  const registered = registeredFormats.find(({ format }) => format === claims.format);
  const own = registered?.policy.trust ?? {};
  const stated = registered?.policy.statedTrust?.(claims) ?? {};
  const isToken = registered?.endorsementFormat === noEndorsements.format;
  const elementOf = (code: string): Element | null => {
    if (Object.hasOwn(own, code)) return own[code] ?? null;
    return Object.hasOwn(sharedElements, code) ? (sharedElements[code] ?? null) : 'configuration';
  };
  const vector: Record<Element, number> = {
    instance_identity: noClaim,
    configuration: affirming,
    executables: measured ? affirming : noClaim,
    file_system: noClaim,
    hardware: affirming,
    runtime_opaque: affirming,
    storage_opaque: noClaim,
    sourced_data: noClaim,
    ...stated,
  };
  const codes = new Map<Element, Set<string>>();
  if (claims.debug) {
    vector.runtime_opaque = contraindicated;
    codes.set('runtime_opaque', new Set(['debug']));
  }
  for (const { code } of faults) {
    const element = elementOf(code);
    if (element === null) continue;
    const found = faulty[element] ?? contraindicated;
    if (!isWorse(tierOf(vector[element]), tierOf(found))) vector[element] = found;
    codes.set(element, (codes.get(element) ?? new Set()).add(code));
  }
  const reasonFor = (element: Element): string => {
    const found = codes.get(element);
    if (found !== undefined) return [...found].join(', ');
    if (vector[element] === noClaim) return unsaid;
    const why = stated[element] === undefined ? (affirmed[element] ?? unsaid) : 'so it is stated';
    return isToken ? `${why}, ${byWord}` : why;
  };
  const reasons = Object.fromEntries(
    Object.keys(vector).map((element) => [element, reasonFor(element as Element)]),
  ) as Record<Element, string>;
  return { vector: Object.freeze(vector), reasons: Object.freeze(reasons) };
}

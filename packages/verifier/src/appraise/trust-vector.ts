// The AR4SI trustworthiness vector of an appraisal (draft-ietf-rats-ar4si, section 2.3.4).
// A summary for relying parties that speak EAR; the faults are the authority.
import { registeredFormats } from '../registry.js';
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

export function toTrustVector(
  claims: VerifiedClaims,
  faults: readonly Fault[],
  measured: boolean,
): TrustVector {
  const own = registeredFormats.find(({ format }) => format === claims.format)?.policy.trust ?? {};
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
    runtime_opaque: claims.debug ? contraindicated : affirming,
    storage_opaque: noClaim,
    sourced_data: noClaim,
  };
  for (const { code } of faults) {
    const element = elementOf(code);
    if (element !== null) vector[element] = faulty[element] ?? contraindicated;
  }
  return Object.freeze(vector);
}

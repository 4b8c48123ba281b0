// The AR4SI trustworthiness vector of an appraisal (draft-ietf-rats-ar4si, section 2.3.4).
// A summary for relying parties that speak EAR; the faults are the authority.
import type { Fault, TrustVector, VerifiedClaims } from '../types.js';

const noClaim = 0;
const affirming = 2;
const unrecognised = 33;
const vulnerable = 32;
const contraindicated = 96;

const hardwareCodes = new Set([
  'tcb-status',
  'advisory',
  'tcb-evaluation-number',
  'endorsement-too-old',
  'spl-too-low',
  'revocation-not-checked',
]);
const configurationCodes = new Set([
  'debug',
  'reserved-attributes',
  'service-td',
  'migration-agent',
  'vmpl',
]);
const identityCodes = new Set(['chip', 'signer']);

export function toTrustVector(
  claims: VerifiedClaims,
  faults: readonly Fault[],
  measured: boolean,
): TrustVector {
  const any = (codes: ReadonlySet<string>): boolean => faults.some(({ code }) => codes.has(code));
  const mismatch = any(new Set(['reference-mismatch', 'reference-values-missing', 'requirement']));
  return Object.freeze({
    instance_identity: any(identityCodes) ? contraindicated : noClaim,
    configuration: any(configurationCodes) ? contraindicated : affirming,
    executables: mismatch ? unrecognised : measured ? affirming : noClaim,
    file_system: noClaim,
    hardware: any(hardwareCodes) ? vulnerable : affirming,
    runtime_opaque: claims.debug ? contraindicated : affirming,
    storage_opaque: noClaim,
    sourced_data: noClaim,
  });
}

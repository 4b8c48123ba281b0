// CoRIM without a profile, by a convention of our own: the class's model is one of our evidence formats, and the key of a
// measurement is the name of a claim. Says nothing about vendors' own manifests, which come with profiles.

import { encodeHex } from '../encoding/hex.js';
import { type EvidenceFormat, evidenceFormats, type Requirement } from '../types.js';
import { bytesRequirement, type Claims, joinClaims, svnRequirement } from './claims.js';
import type { CorimState } from './comid.js';
import { malformed, unsupported } from './fields.js';
import type { CorimDigests, CorimMeasurement } from './measurement.js';

/** What a register without a name is called: RTMR 1 of a TD, PCR 4 of an enclave. */
const registerPrefixes: Readonly<Partial<Record<EvidenceFormat, string>>> = {
  'tdx-dcap': 'rtmr',
  'aws-nitro': 'pcr',
};
const registersMax = 32;

function onlyDigest(digests: CorimDigests): Requirement {
  const [digest, ...more] = digests.values();
  if (digest === undefined || more.length > 0) throw unsupported('digests by several algorithms');
  return [encodeHex(digest)];
}

function registerName(register: number | string, format: EvidenceFormat): string {
  if (typeof register === 'string') return register;
  const prefix = registerPrefixes[format];
  if (prefix === undefined || register >= registersMax) throw unsupported(`register ${register}`);
  return `${prefix}${register}`;
}

function measurementClaims({ key, values }: CorimMeasurement, format: EvidenceFormat): Claims {
  const [value, ...more] = values;
  if (value === undefined || more.length > 0)
    throw unsupported(`measurement ${key}: several values`);
  if (value.kind === 'registers') {
    if (key !== null) throw unsupported('registers with a key');
    return Object.fromEntries(
      [...value.registers].map(([register, digests]) => [
        registerName(register, format),
        onlyDigest(digests),
      ]),
    );
  }
  if (typeof key !== 'string' || key.includes(':')) throw unsupported('measurement without a name');
  switch (value.kind) {
    case 'digests':
      return { [key]: onlyDigest(value.digests) };
    case 'raw':
      return { [key]: bytesRequirement(value, null) };
    case 'svn':
      return { [key]: svnRequirement(value) };
    case 'name':
      return { [key]: [value.name] };
    default:
      throw unsupported(`${key}: ${value.kind} has no claim`);
  }
}

/** @throws EvidenceError 'unsupported-format' if the class names no format */
export function formatOf({ environment }: CorimState): EvidenceFormat {
  const { classId, model, instance } = environment;
  const format = evidenceFormats.find((each) => each === model);
  if (format === undefined || classId !== null || instance !== null) {
    throw unsupported(`class whose model is none of ${evidenceFormats.join(', ')}`);
  }
  return format;
}

/** @throws EvidenceError 'unsupported-format' | 'malformed' */
export function namedClaims(state: CorimState): Claims {
  const format = formatOf(state);
  const claims = joinClaims(state.measurements.map((each) => measurementClaims(each, format)));
  if (Object.keys(claims).length === 0) throw malformed('triple that asks for nothing');
  return claims;
}

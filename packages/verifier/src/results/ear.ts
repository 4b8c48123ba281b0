// An appraisal's outcome as EAT Attestation Result (draft-ietf-rats-ear-04): the claims of a JWT or a CWT.
// Must never state a better status than the vector's worst element. Signing is the caller's.

import { encodeBase64Url } from '../encoding/base64.js';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import { EvidenceError } from '../errors.js';
import type { AttestationResult, TrustVector } from '../types.js';

export const earProfile = 'tag:ietf.org,2026:rats/ear#04';

/** AR4SI tiers with the numbers that CBOR writes, from best to worst. */
export const trustTiers = { affirming: 2, none: 0, warning: 32, contraindicated: 96 } as const;
export type EarTier = keyof typeof trustTiers;

/** AR4SI names and CBOR labels of the vector's vectorElements. */
export const vectorElements: Readonly<
  Record<keyof TrustVector, readonly [name: string, label: number]>
> = {
  instance_identity: ['instance-identity', 0],
  configuration: ['configuration', 1],
  executables: ['executables', 2],
  file_system: ['file-system', 3],
  hardware: ['hardware', 4],
  runtime_opaque: ['runtime-opaque', 5],
  storage_opaque: ['storage-opaque', 6],
  sourced_data: ['sourced-data', 7],
};

/** CBOR labels of the claims (sections 3 and 3.1; RFC 9711; RFC 8392). */
const labels = {
  exp: 4,
  iat: 6,
  nonce: 10,
  profile: 265,
  submods: 266,
  status: 1000,
  vector: 1001,
  rawEvidence: 1002,
  policyIds: 1003,
  verifierId: 1004,
  verifierClaims: 1006,
} as const;

/** One separately appraised attester. */
export interface EarSubmodule {
  readonly result: AttestationResult;
  /** Names of what it was judged by, in the order of use: digests, for example. At least one. */
  readonly policyIds: readonly string[];
  /** What made the evidence fresh, as the evidence carries it: 8 to 64 bytes; null if nothing did. */
  readonly nonce: Uint8Array | null;
}

export interface EarInput {
  /** Label to attester; at least one. Ours are labelled by the word of the evidence's format. */
  readonly submodules: Readonly<Record<string, EarSubmodule>>;
  /** Who appraised: a developer and a build of its software. */
  readonly verifierId: { readonly developer: string; readonly build: string };
  readonly issuedAt: Date;
  readonly expiresAt: Date | null;
  /** The evidence as it was judged, for auditors; it may identify a machine. Null leaves it out. */
  readonly rawEvidence: Uint8Array | null;
}

/** Claims as JSON has them: what a JWT's payload holds. */
export type EarClaims = Readonly<Record<string, unknown>>;

const submodulesMax = 32;
const nonceBytes = { min: 8, max: 64 } as const;

function unusable(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `EAR: ${why}`);
}

function checkInput({ submodules, issuedAt, expiresAt }: EarInput): void {
  const entries = Object.entries(submodules);
  if (entries.length === 0 || entries.length > submodulesMax) {
    throw unusable(`want 1 to ${submodulesMax} submodules`);
  }
  for (const [label, { policyIds, nonce }] of entries) {
    if (label === '') throw unusable('submodule without a label');
    if (policyIds.length === 0) throw unusable(`submodule ${label}: no policy`);
    if (nonce !== null && (nonce.length < nonceBytes.min || nonce.length > nonceBytes.max)) {
      throw unusable(`submodule ${label}: want a nonce of 8 to 64 bytes`);
    }
  }
  const times = [issuedAt, expiresAt ?? issuedAt].map((time) => time.getTime());
  if (times.some(Number.isNaN)) throw unusable('a time that is none');
}

/** Whole seconds: EAT allows no floats (RFC 9711 section 4.3.1). */
function seconds(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

/** AR4SI section 2.3.1: the tiers of negative numbers begin one further from zero. */
export function tierOf(value: number): EarTier {
  const size = value < 0 ? -value - 1 : value;
  if (size >= 96) return 'contraindicated';
  if (size >= 32) return 'warning';
  return size >= 2 ? 'affirming' : 'none';
}

const order = Object.keys(trustTiers) as EarTier[];

/** Whether the one is worse than the other. No claim is worse than an affirming one. */
export function isWorse(tier: EarTier, than: EarTier): boolean {
  return order.indexOf(tier) > order.indexOf(than);
}

function worst(found: readonly EarTier[]): EarTier {
  return found.reduce((a, b) => (isWorse(b, a) ? b : a), 'affirming');
}

/** Elements that say something: 0 is no claim, and leaving it out says the same. */
function stated({ trustVector }: AttestationResult): readonly (keyof TrustVector)[] {
  const names = Object.keys(vectorElements) as (keyof TrustVector)[];
  return names.filter((name) => trustVector[name] !== 0);
}

/**
 * No better than the appraisal's own status, nor than any element: a policy may allow debug mode, but
 * a relying party has to see that the memory was open.
 */
function statusOf(result: AttestationResult): EarTier {
  const seen = stated(result).map((name) => tierOf(result.trustVector[name]));
  return worst([result.status, ...seen]);
}

function overallStatus({ submodules }: EarInput): EarTier {
  return worst(Object.values(submodules).map(({ result }) => statusOf(result)));
}

function submoduleClaims({ result, policyIds, nonce }: EarSubmodule): EarClaims {
  const names = stated(result);
  const { trustVector, trustReasons } = result;
  return {
    ear_status: statusOf(result),
    ear_trustworthiness_vector: Object.fromEntries(
      names.map((name) => [vectorElements[name][0], trustVector[name]]),
    ),
    ear_appraisal_policy_ids: [...policyIds],
    ...(nonce === null ? {} : { eat_nonce: encodeBase64Url(nonce) }),
    ear_verifier_claims: {
      vouchsafe_reasons: Object.fromEntries(
        names.map((name) => [vectorElements[name][0], trustReasons[name]]),
      ),
    },
  };
}

/**
 * The claims of an EAR in JSON, for the payload of a JWT. The caller adds what its tokens carry besides
 * (`iss`, `jti`, `cnf`) and signs. @throws EvidenceError 'input-invalid'
 */
export function earClaims(input: EarInput): EarClaims {
  checkInput(input);
  const { expiresAt, rawEvidence } = input;
  return {
    eat_profile: earProfile,
    iat: seconds(input.issuedAt),
    ...(expiresAt === null ? {} : { exp: seconds(expiresAt) }),
    ear_status: overallStatus(input),
    ear_verifier_id: { ...input.verifierId },
    ...(rawEvidence === null ? {} : { ear_raw_evidence: encodeBase64Url(rawEvidence) }),
    submods: Object.fromEntries(
      Object.entries(input.submodules).map(([label, each]) => [label, submoduleClaims(each)]),
    ),
  };
}

function submoduleCbor({ result, policyIds, nonce }: EarSubmodule): CborValue {
  const names = stated(result);
  const { trustVector, trustReasons } = result;
  return new Map<number, CborValue>([
    [labels.status, trustTiers[statusOf(result)]],
    [labels.vector, new Map(names.map((name) => [vectorElements[name][1], trustVector[name]]))],
    [labels.policyIds, [...policyIds]],
    ...(nonce === null ? [] : [[labels.nonce, nonce] as const]),
    [
      labels.verifierClaims,
      new Map([
        [
          'vouchsafe_reasons',
          new Map(names.map((name) => [vectorElements[name][1], trustReasons[name]])),
        ],
      ]),
    ],
  ]);
}

/** The claims of an EAR in CBOR, for the payload of a CWT. @throws EvidenceError 'input-invalid' */
export function encodeEar(input: EarInput): Uint8Array {
  checkInput(input);
  const { expiresAt, rawEvidence, verifierId } = input;
  return encodeCbor(
    new Map<number, CborValue>([
      [labels.profile, earProfile],
      [labels.iat, seconds(input.issuedAt)],
      ...(expiresAt === null ? [] : [[labels.exp, seconds(expiresAt)] as const]),
      [labels.status, trustTiers[overallStatus(input)]],
      [
        labels.verifierId,
        new Map([
          [0, verifierId.developer],
          [1, verifierId.build],
        ]),
      ],
      ...(rawEvidence === null ? [] : [[labels.rawEvidence, rawEvidence] as const]),
      [
        labels.submods,
        new Map(
          Object.entries(input.submodules).map(([label, each]) => [label, submoduleCbor(each)]),
        ),
      ],
    ]),
  );
}

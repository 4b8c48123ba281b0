// What a verified EAR says (draft-ietf-rats-ear, and the profiles of Veraison and Trustee that came before it).
// An EAR is another verifier's verdict: its status is judged, and its annotated evidence is taken as said.

import { decodeBase64Url } from '../../encoding/base64.js';
import { decodeHex } from '../../encoding/hex.js';
import type { Json, JsonObject } from '../../encoding/strict-json.js';
import { EvidenceError } from '../../errors.js';
import type { StatedClaims } from '../../join-claims.js';
import type { ClaimReader } from '../../jose/claim-reader.js';
import type { VerifiedToken } from '../../jose/verify-token.js';
import {
  type EarTier,
  earProfile,
  isWorse,
  tierOf,
  trustTiers,
  vectorElements,
} from '../../results/ear.js';
import type { ClaimValue } from '../../types.js';
import { type Bound, type TokenFacts, unbound } from '../token-format.js';

/** How a profile spells its members. */
interface Spelling {
  readonly verifierId: string;
  readonly status: string;
  readonly vector: string;
  readonly policyIds: readonly string[];
}

const dotted: Spelling = {
  verifierId: 'ear.verifier-id',
  status: 'ear.status',
  vector: 'ear.trustworthiness-vector',
  policyIds: ['ear.appraisal-policy-id', 'ear.appraisal-policy-ids'],
};
const underscored: Spelling = {
  verifierId: 'ear_verifier_id',
  status: 'ear_status',
  vector: 'ear_trustworthiness_vector',
  policyIds: ['ear_appraisal_policy_ids'],
};

/** The draft's own profiles, newest first, and those that came before it. */
const draftProfiles = [earProfile, 'tag:ietf.org,2026:rats/ear#03'] as const;
export const earProfiles = [
  ...draftProfiles,
  'tag:github.com,2023:veraison/ear',
  'tag:github.com,2024:confidential-containers/Trustee',
] as const;

const annotated = 'ear.veraison.annotated-evidence';
const submodulesMax = 32;
const valuesMax = 1024;
const depthMax = 10;

function spellingOf(claims: ClaimReader): Spelling {
  const profile = claims.getText('eat_profile');
  if (!earProfiles.some((known) => known === profile)) {
    throw new EvidenceError('unsupported-version', 'EAR: of a profile that is not known');
  }
  return draftProfiles.some((draft) => draft === profile) ? underscored : dotted;
}

/** The developer named in the verifier id: EARs have no `iss`. */
export function findVerifier(claims: ClaimReader): string | null {
  const id = claims.findObject(underscored.verifierId) ?? claims.findObject(dotted.verifierId);
  return id?.findText('developer') ?? null;
}

function readStatus(appraisal: ClaimReader, name: string): EarTier {
  const value = appraisal.object[name];
  const found = tierNames.find((tier) => tier === value || trustTiers[tier] === value);
  if (found === undefined) throw appraisal.invalid(name, 'a trust tier');
  return found;
}

const tierNames = Object.keys(trustTiers) as EarTier[];

function readVector(appraisal: ClaimReader, name: string): Record<string, number> {
  const vector = appraisal.findObject(name);
  const values: Record<string, number> = {};
  for (const [claim, [element]] of Object.entries(vectorElements)) {
    const value = vector?.object[element] ?? 0;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -128 || value > 127) {
      throw appraisal.invalid(name, 'numbers from -128 to 127');
    }
    values[claim] = value;
  }
  return values;
}

function readPolicyIds(appraisal: ClaimReader, { policyIds }: Spelling): readonly string[] {
  return policyIds.flatMap((name) => {
    const value = appraisal.object[name];
    if (value === undefined || value === null) return [];
    return typeof value === 'string' ? [value] : (appraisal.findTexts(name) ?? []);
  });
}

/** Scalars and lists of strings by dotted names; other values are no claims. */
function flatten(evidence: JsonObject, prefix: string): Map<string, ClaimValue> {
  const found = new Map<string, ClaimValue>();
  const add = (value: Json, name: string, depth: number): void => {
    if (value === null || depth > depthMax) return;
    if (typeof value === 'object' && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value as JsonObject)) {
        add(inner, `${name}.${key}`, depth + 1);
      }
      return;
    }
    if (Array.isArray(value) && !value.every((item) => typeof item === 'string')) return;
    if (found.has(name) || found.size >= valuesMax) {
      throw new EvidenceError('claim-invalid', 'EAR: annotated evidence is ambiguous or too much');
    }
    found.set(name, value as ClaimValue);
  };
  add(evidence, prefix, 0);
  return found;
}

const debugName = /\.(debug|is_debuggable|debuggable|policy_debug_allowed|debug_allowed)$/;

function saysDebug([name, value]: readonly [string, ClaimValue]): boolean {
  return debugName.test(name) && (value === true || value === 1 || value === 'true');
}

interface Appraisal {
  readonly status: EarTier;
  readonly policyIds: readonly string[];
  readonly debug: boolean;
  readonly bound: Bound;
  readonly values: readonly StatedClaims[];
}

/** `eat_nonce` is the 64 bytes in base64url; Trustee, which has none, shows REPORT_DATA in hex. */
function readBound(claims: ClaimReader, evidence: ClaimReader | null): Bound {
  const nonce = claims.findText('eat_nonce');
  if (nonce !== null) return { kind: 'binding', bytes: decodeBase64Url(nonce) };
  const reportData = evidence?.object.report_data;
  if (typeof reportData !== 'string' || !/^[0-9a-f]{128}$/i.test(reportData)) return unbound;
  return { kind: 'binding', bytes: decodeHex(reportData) };
}

function readAppraisal(appraisal: ClaimReader, name: string, spelling: Spelling): Appraisal {
  const status = readStatus(appraisal, spelling.status);
  const vector = readVector(appraisal, spelling.vector);
  const tiers = Object.values(vector).map(tierOf);
  // AR4SI section 3.2: a status is never better than the worst claim; claims of 0 say nothing.
  if (tiers.some((tier) => isWorse(tier, 'none') && isWorse(tier, status))) {
    throw appraisal.invalid(spelling.status, 'a status no better than the vector');
  }
  const policyIds = readPolicyIds(appraisal, spelling);
  const evidence = appraisal.findObject(annotated);
  const details = evidence === null ? new Map() : flatten(evidence.object, `${name}.evidence`);
  return {
    status,
    policyIds,
    debug: [...details].some(saysDebug),
    bound: readBound(appraisal, evidence),
    values: [
      { [`${name}.status`]: status, [`${name}.policy_ids`]: policyIds },
      Object.fromEntries(
        Object.entries(vector).map(([claim, value]) => [`${name}.${claim}`, value]),
      ),
      Object.fromEntries(details),
    ],
  };
}

function readAppraisals(claims: ClaimReader, spelling: Spelling): ReadonlyMap<string, Appraisal> {
  const submodules = claims.getObject('submods');
  const { names } = submodules;
  if (names.length === 0 || names.length > submodulesMax) {
    throw claims.invalid('submods', `1 to ${submodulesMax} appraisals`);
  }
  return new Map(
    names.map((name) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$/.test(name)) throw claims.invalid('submods', 'names');
      return [name, readAppraisal(submodules.getObject(name), name, spelling)] as const;
    }),
  );
}

/** The whole's own nonce, or that of its only part that has one: parts of two sessions are refused. */
function chooseBound(claims: ClaimReader, appraisals: readonly Appraisal[]): Bound {
  const own = readBound(claims, null);
  if (own.bytes.length > 0) return own;
  const bound = appraisals.map((appraisal) => appraisal.bound).filter(({ bytes }) => bytes.length);
  const [first] = bound;
  if (first === undefined) return unbound;
  const text = (each: Bound) => each.bytes.join();
  if (bound.some((each) => text(each) !== text(first))) {
    throw new EvidenceError('submodule-mismatch', 'EAR: its parts are of two sessions');
  }
  return first;
}

/** @throws EvidenceError 'claim-invalid' | 'unsupported-version' | 'submodule-mismatch' | 'malformed' */
export function readEarFacts({ claims }: VerifiedToken): TokenFacts {
  const spelling = spellingOf(claims);
  const verifier = claims.getObject(spelling.verifierId);
  const appraisals = readAppraisals(claims, spelling);
  const all = [...appraisals.values()];
  const statuses = all.map(({ status }) => status);
  // The whole may say worse than its parts, and is heard too.
  if (claims.has(spelling.status)) statuses.push(readStatus(claims, spelling.status));
  return {
    debug: all.some(({ debug }) => debug),
    tcbStatus: null,
    advisories: [],
    bound: chooseBound(claims, all),
    values: [
      {
        eat_profile: claims.getText('eat_profile'),
        verifier_developer: verifier.getText('developer'),
        verifier_build: verifier.findText('build'),
        submodules: [...appraisals.keys()],
        statuses: [...new Set(statuses)],
        policy_ids: [...new Set(all.flatMap(({ policyIds }) => policyIds))],
      },
      ...all.flatMap(({ values }) => values),
    ],
  };
}

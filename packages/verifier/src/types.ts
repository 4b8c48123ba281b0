// The RATS nouns (RFC 9334) that every evidence format shares. Types and closed lists only: nothing here
// decides anything, and nothing here knows a vendor.
import type { KeySet } from './jose/jwk.js';
import type { ChainRoot, RevocationPolicy } from './pki/chain.js';
import type { CryptoProvider } from './provider.js';

/** Every evidence format this package knows. A new format adds a word here and a line in registry.ts. */
export const evidenceFormats = [
  'tdx-dcap',
  'sgx-dcap',
  'sev-snp',
  'aws-nitro',
  'azure-maa',
  'intel-trust-authority',
  'google-confidential-space',
  'nvidia-nras',
  'ear',
  'nvidia-gpu',
  'tpm2-quote',
  'azure-snp-vtpm',
  'azure-tdx-vtpm',
] as const;
export type EvidenceFormat = (typeof evidenceFormats)[number];

/** Evidence after parsing: its structure is right, and nothing in it is trusted. */
export interface Evidence {
  readonly format: EvidenceFormat;
}

/** What the vendor signs about a platform. Untrusted until verify() has checked each piece. */
export interface Endorsements {
  /** The evidence's format, or one word for what several formats share. */
  readonly format: string;
}

/** One endorsement that a piece of evidence needs; the caller fetches it (this package does no I/O). */
export interface EndorsementRef {
  readonly kind: string;
  /** What the vendor's service is asked for, for example an FMSPC. */
  readonly id: string;
}

/** Byte strings are lower-case hex; times are RFC 3339 in UTC; ages are whole seconds. */
export type ClaimValue = string | number | boolean | readonly string[];

/**
 * Intel's TCB statuses (PCS API v4, TCB info), with the two that its verification library adds for TDs
 * which a relaunch would heal. Other vendors have none: their claims carry null.
 */
export const tcbStatuses = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;
export type TcbStatus = (typeof tcbStatuses)[number];

/**
 * The 64 bytes that REPORT_DATA must equal, all of them; or the literal that says in so many words that
 * nothing ties this evidence to anyone (offline inspection). Claims verified that way never appraise
 * as affirming.
 */
export type ExpectedBinding = Uint8Array | { readonly binding: 'not-checked' };

/**
 * 'jwks': the issuer's keys, pinned; the token names one by `kid`.
 * 'x5c': the root of the issuer's PKI, pinned; the token brings the chain in its header.
 */
export type IssuerKeys =
  | { readonly kind: 'jwks'; readonly keys: KeySet }
  | {
      readonly kind: 'x5c';
      readonly roots: readonly ChainRoot[];
      readonly revocation: RevocationPolicy;
    };

/**
 * Whom to believe about a token: an issuer by name, the audience it writes for, and its keys. Like a root
 * certificate always the caller's own, never out of the evidence.
 */
export interface TrustedIssuer {
  readonly kind: 'issuer';
  /** Only tokens of this format are believed: one service's keys say nothing about another's. */
  readonly format: EvidenceFormat;
  /** `iss`, character for character. */
  readonly issuer: string;
  /** `aud`, character for character. Null: this issuer writes none, and a token with one is refused. */
  readonly audience: string | null;
  readonly keys: IssuerKeys;
}

/** Whom to trust: roots for formats with chains of certificates, issuers for tokens. Each ignores the other. */
export type TrustedRoot = ChainRoot | TrustedIssuer;

/** Everything verify() needs. Nothing here is optional: a missing piece is a refusal, not a default. */
export interface VerifyInput<E extends Evidence, N extends Endorsements> {
  readonly evidence: E;
  readonly endorsements: N;
  /** Whom the vendor's chains may lead to. Only these; an empty list trusts nobody. */
  readonly roots: readonly TrustedRoot[];
  readonly expectedBinding: ExpectedBinding;
  /** The time at which certificates, CRLs and collateral must be valid. */
  readonly now: Date;
  readonly provider: CryptoProvider;
}

/** One evidence format: all that the shared code needs of the folder of that name. */
export interface EvidenceVerifier<
  E extends Evidence,
  N extends Endorsements,
  P extends FormatPolicy,
> {
  readonly format: E['format'];
  /** The word that its endorsements carry. */
  readonly endorsementFormat: N['format'];
  /** Whether parse() takes the evidence's bytes, or characters of a text such as a JWT in UTF-8. */
  readonly encoding: 'binary' | 'text';
  /** The vendor's roots, for callers that trust the vendor and nobody else. verify() never uses them. */
  readonly pinnedRoots: readonly ChainRoot[];
  readonly policy: PolicyRules<P>;
  /** A cheap look at the first bytes and the length, to detect the format. Promises nothing. */
  looksLike(bytes: Uint8Array): boolean;
  /** Bytes to structure. @throws EvidenceError if the bytes are not exactly such evidence. */
  parse(bytes: Uint8Array): E;
  /** The endorsements that this evidence says it needs. Not trusted: only a hint what to fetch. */
  endorsementsFor(evidence: E): readonly EndorsementRef[];
  /**
   * Checks signatures, chains, endorsements, freshness and binding at input.now. Does not judge
   * measurements or TCB status: that is appraise(). @throws EvidenceError at the first fault.
   */
  verify(input: VerifyInput<E, N>): Promise<VerifiedClaims>;
}

/** What a format adds to policies, beyond the members of FormatPolicy that the shared code handles. */
export interface PolicyRules<P extends FormatPolicy> {
  /** Names of the added members; every other one is refused. */
  readonly members: readonly string[];
  /**
   * Reads the added members of a policy document. What the document leaves out gets the stricter
   * choice; {} is what applies when nobody wrote a policy.
   * @throws EvidenceError 'input-invalid' naming the place
   */
  parse(document: Readonly<Record<string, unknown>>, path: string): Omit<P, keyof FormatPolicy>;
  /** Every fault, by the added members alone. Never throws for what claims say. */
  findFaults(claims: VerifiedClaims, policy: P): readonly Fault[];
  /** Code of a fault to what it speaks of in the trust vector; a code not here is configuration. */
  readonly trust: Readonly<Record<string, keyof TrustVector>>;
  /**
   * What evidence itself says of elements of the vector, 0 where it is silent. Of those that are not named, an appraisal
   * without faults affirms configuration, hardware and memory, executables if there were reference values, and no other.
   */
  readonly statedTrust?: (claims: VerifiedClaims) => Partial<TrustVector>;
}

/** What a format's verify() has established, before mint() seals it. */
export interface ClaimSet {
  readonly format: EvidenceFormat;
  /** True if the owner of the machine can look inside. */
  readonly debug: boolean;
  readonly binding: 'checked' | 'not-checked';
  /** Converged over platform, module and quoting enclave; null for vendors without the notion. */
  readonly tcbStatus: TcbStatus | null;
  readonly advisories: readonly string[];
  /** Age at verification of each kind of endorsement, from its date of issue, in seconds. */
  readonly endorsementAges: Readonly<Record<string, number>>;
  /** When it was verified (input.now), RFC 3339. */
  readonly verifiedAt: string;
  readonly values: Readonly<Record<string, ClaimValue>>;
}

declare const verified: unique symbol;

/**
 * Claims that verify() has checked. Only this package can make them: the type has a brand that no
 * literal can carry, and at run time the object is frozen and known to the mint, so that neither a cast
 * nor a copy passes for one.
 */
export interface VerifiedClaims extends ClaimSet {
  readonly [verified]: true;
}

/** What a reference set asks of one claim. */
export type Requirement =
  /** Any of these values. */
  | readonly (string | number | boolean)[]
  /** A number within these inclusive bounds. */
  | { readonly min?: number; readonly max?: number }
  /** A hex bit field (as the claim spells it, most significant first): all of `set` 1, all of `clear` 0. */
  | { readonly set?: string; readonly clear?: string }
  /** A list claim, none of whose items lies outside these. */
  | { readonly subset_of: readonly string[] };

/** Claim name to requirement; all must hold. A claim that the evidence does not have does not hold. */
export type ReferenceSet = Readonly<Record<string, Requirement>>;

export const referenceKinds = ['platform', 'firmware', 'workload', 'metadata'] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

/**
 * Named known-good values for one format. In an appraisal, values of the same kind are alternatives and
 * all kinds must pass; a kind with no values for the evidence's format does not pass.
 */
export interface ReferenceValues {
  readonly name: string;
  readonly kind: ReferenceKind;
  readonly format: EvidenceFormat;
  readonly any_of: readonly ReferenceSet[];
}

/** What every format's part of a policy can say. */
export interface FormatPolicy {
  /** Must all hold. */
  readonly require: ReferenceSet;
  /** At least one must hold; an empty list asks for nothing. */
  readonly any_of: readonly ReferenceSet[];
  /** Greatest age per kind of endorsement; a kind named here that the evidence lacks is a fault. */
  readonly max_age_seconds: Readonly<Record<string, number>>;
}

/** One reason why evidence was not accepted. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly claim: string;
  readonly expected: string;
  readonly seen: string;
}

/**
 * AR4SI trustworthiness vector: 2..31 affirming, 32..95 warning, 96..127 contraindicated, 0 no claim. Other verifiers' results may
 * have 1 (evidence that was not understood), -1 (a verifier that failed) and numbers down to -128, which are repeated.
 */
export interface TrustVector {
  readonly instance_identity: number;
  readonly configuration: number;
  readonly executables: number;
  readonly file_system: number;
  readonly hardware: number;
  readonly runtime_opaque: number;
  readonly storage_opaque: number;
  readonly sourced_data: number;
}

/** The outcome of an appraisal. Release nothing unless `status` is 'affirming'. */
export interface AttestationResult {
  readonly status: 'affirming' | 'warning' | 'contraindicated';
  /** Every fault, not only the first. Empty if and only if the status is 'affirming'. */
  readonly faults: readonly Fault[];
  readonly format: EvidenceFormat;
  readonly tcbStatus: TcbStatus | null;
  readonly advisories: readonly string[];
  readonly claims: VerifiedClaims;
  readonly endorsementAges: Readonly<Record<string, number>>;
  readonly trustVector: TrustVector;
  /** Why each element of the vector is what it is, in words; where faults made it so, their codes. */
  readonly trustReasons: Readonly<Record<keyof TrustVector, string>>;
}

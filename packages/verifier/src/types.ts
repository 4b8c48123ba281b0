// The RATS nouns (RFC 9334) that every evidence format shares. Types and closed lists only: nothing here
// decides anything, and nothing here knows a vendor.
import type { TrustedRoot } from './pki/chain.js';
import type { CryptoProvider } from './provider.js';

/** Every evidence format this package knows. A new format adds a word here and a line in registry.ts. */
export const evidenceFormats = ['tdx-dcap', 'sev-snp'] as const;
export type EvidenceFormat = (typeof evidenceFormats)[number];

/** Evidence after parsing: its structure is right, and nothing in it is trusted. */
export interface Evidence {
  readonly format: EvidenceFormat;
}

/** What the vendor signs about a platform. Untrusted until verify() has checked each piece. */
export interface Endorsements {
  readonly format: EvidenceFormat;
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

/** One evidence format: three functions, in the folder of that name. */
export interface EvidenceVerifier<E extends Evidence, N extends Endorsements> {
  readonly format: E['format'];
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

export interface TdxPolicy extends FormatPolicy {
  readonly tcb_statuses: readonly TcbStatus[];
  /** Advisories that may apply; null leaves them to the TCB status. */
  readonly advisories: readonly string[] | null;
  readonly min_tcb_evaluation_number: number;
  /** Whether a service TD (migration) may be bound to this one: MR_SERVICETD not zero. */
  readonly allow_service_td: boolean;
}

export interface SnpPolicy extends FormatPolicy {
  /** Product name to security patch level name to least value, held by every TCB of the report. */
  readonly min_spl: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly vmpl_max: number;
  /** Chip ids in lower-case hex; null accepts any chip. */
  readonly chip_ids: readonly string[] | null;
  readonly signers: readonly ('vcek' | 'vlek')[];
  /** Whether a migration agent may be associated, which can move or copy the guest. */
  readonly allow_migration_agent: boolean;
  /** Whether evidence may pass that nobody looked up in AMD's revocation lists. */
  readonly allow_unchecked_revocation: boolean;
}

/** By what evidence is judged. JSON-serialisable; parseAppraisalPolicy fills what a document leaves out. */
export interface AppraisalPolicy {
  readonly name: string;
  readonly allow_debug: boolean;
  /** A format that is not here is refused. */
  readonly formats: { readonly 'tdx-dcap'?: TdxPolicy; readonly 'sev-snp'?: SnpPolicy };
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
 * AR4SI trustworthiness vector: 2..31 affirming, 32..95 warning, 96..127 contraindicated, 0 no claim.
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
}

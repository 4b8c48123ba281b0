// What travels over the HTTP API, as types. Describes Vault's wire format and our additions; holds no behaviour, and
// must never describe something the server does not send.

/** `auth` of an answer: a token was issued or looked after. */
export interface Auth {
  readonly client_token: string;
  readonly accessor: string;
  readonly policies: readonly string[] | null;
  readonly token_policies?: readonly string[] | null;
  readonly identity_policies?: readonly string[] | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** Seconds; 0 means the token does not expire. */
  readonly lease_duration: number;
  readonly renewable: boolean;
  readonly entity_id: string;
  readonly token_type: 'service' | 'batch' | string;
  readonly orphan: boolean;
  readonly mfa_requirement?: MfaRequirement | null;
  readonly num_uses: number;
}

export interface MfaRequirement {
  readonly mfa_request_id: string;
  readonly mfa_constraints: Readonly<
    Record<string, { readonly any: readonly Readonly<Record<string, unknown>>[] }>
  >;
}

/** `wrap_info` of an answer: the real answer waits behind a single-use token. */
export interface WrapInfo {
  readonly token: string;
  readonly accessor: string;
  /** Seconds. */
  readonly ttl: number;
  /** RFC 3339 with nanoseconds. */
  readonly creation_time: string;
  readonly creation_path: string;
  readonly wrapped_accessor?: string;
}

/** The body of every enveloped answer. */
export interface Envelope<Data = Readonly<Record<string, unknown>>> {
  readonly request_id: string;
  readonly lease_id: string;
  readonly renewable: boolean;
  /** Seconds. */
  readonly lease_duration: number;
  readonly data: Data | null;
  readonly wrap_info: WrapInfo | null;
  readonly warnings: readonly string[] | null;
  readonly auth: Auth | null;
  readonly mount_type?: string;
}

export interface ErrorBody {
  readonly errors: readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
}

/** GET sys/seal-status, PUT sys/unseal. */
export interface SealStatus {
  readonly type: string;
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Threshold. */
  readonly t: number;
  /** Shares. */
  readonly n: number;
  readonly progress: number;
  readonly nonce: string;
  readonly version: string;
  readonly build_date?: string;
  readonly migration: boolean;
  readonly cluster_name?: string;
  readonly cluster_id?: string;
  readonly recovery_seal: boolean;
  readonly recovery_seal_type?: string;
  readonly storage_type?: string;
  readonly warnings?: readonly string[] | null;
}

/** GET sys/leader. */
export interface Leader {
  readonly ha_enabled: boolean;
  readonly is_self: boolean;
  readonly active_time?: string;
  readonly leader_address: string;
  readonly leader_cluster_address: string;
}

/** GET sys/health. */
export interface Health {
  readonly initialized: boolean;
  readonly sealed: boolean;
  readonly standby: boolean;
  readonly server_time_utc: number;
  readonly version: string;
  readonly cluster_name?: string;
  readonly cluster_id?: string;
}

/** PUT sys/init. */
export interface InitRequest {
  readonly secret_shares?: number;
  readonly secret_threshold?: number;
  readonly pgp_keys?: readonly string[];
  readonly root_token_pgp_key?: string;
  readonly recovery_shares?: number;
  readonly recovery_threshold?: number;
  readonly recovery_pgp_keys?: readonly string[];
}

export interface InitResult {
  readonly keys: readonly string[];
  readonly keys_base64: readonly string[];
  readonly recovery_keys?: readonly string[];
  readonly recovery_keys_base64?: readonly string[];
  readonly root_token: string;
}

/** GET sys/key-status. */
export interface KeyStatus {
  readonly term: number;
  readonly install_time: string;
  readonly encryptions: number;
}

/** sys/generate-root/attempt and /update. */
export interface GenerateRootStatus {
  readonly nonce: string;
  readonly started: boolean;
  readonly progress: number;
  readonly required: number;
  readonly complete: boolean;
  readonly encoded_token: string;
  readonly encoded_root_token: string;
  readonly pgp_fingerprint: string;
  readonly otp: string;
  readonly otp_length: number;
}

/** sys/rekey/init. */
export interface RekeyStatus {
  readonly nonce: string;
  readonly started: boolean;
  readonly t: number;
  readonly n: number;
  readonly progress: number;
  readonly required: number;
  readonly pgp_fingerprints: readonly string[] | null;
  readonly backup: boolean;
  readonly verification_required: boolean;
  readonly verification_nonce?: string;
}

/** sys/rekey/update once enough shares are in. */
export interface RekeyResult {
  readonly nonce: string;
  readonly complete: boolean;
  readonly keys: readonly string[];
  readonly keys_base64: readonly string[];
  readonly pgp_fingerprints: readonly string[] | null;
  readonly backup: boolean;
  readonly verification_required: boolean;
  readonly verification_nonce?: string;
}

/** One entry of GET sys/mounts or sys/auth, keyed by `path/`. */
export interface Mount {
  readonly type: string;
  readonly description: string;
  readonly accessor: string;
  readonly uuid: string;
  readonly local: boolean;
  readonly seal_wrap: boolean;
  readonly external_entropy_access: boolean;
  readonly options: Readonly<Record<string, string>> | null;
  readonly config: MountConfig;
  readonly plugin_version?: string;
  readonly running_plugin_version?: string;
  readonly running_sha256?: string;
  readonly deprecation_status?: string;
}

export interface MountConfig {
  /** Seconds; 0 is the server's default. */
  readonly default_lease_ttl: number;
  readonly max_lease_ttl: number;
  readonly force_no_cache: boolean;
  readonly audit_non_hmac_request_keys?: readonly string[];
  readonly audit_non_hmac_response_keys?: readonly string[];
  readonly listing_visibility?: string;
  readonly passthrough_request_headers?: readonly string[];
  readonly allowed_response_headers?: readonly string[];
  readonly token_type?: string;
}

/** GET sys/internal/ui/mounts/PATH: which mount a path lies in. */
export interface MountInfo {
  readonly path: string;
  readonly type: string;
  readonly options: Readonly<Record<string, string>> | null;
}

/** One entry of GET sys/audit. */
export interface AuditDevice {
  readonly type: string;
  readonly description: string;
  readonly path: string;
  readonly local: boolean;
  readonly options: Readonly<Record<string, string>> | null;
}

/** What KV v2 says about one version. */
export interface KvVersion {
  readonly version: number;
  readonly created_time: string;
  /** '' when the version is not deleted. */
  readonly deletion_time: string;
  readonly destroyed: boolean;
  readonly custom_metadata: Readonly<Record<string, string>> | null;
}

/** GET MOUNT/data/PATH. `data` is null when the version is deleted or destroyed. */
export interface KvRead<Data = Readonly<Record<string, unknown>>> {
  readonly data: Data | null;
  readonly metadata: KvVersion;
}

/** GET MOUNT/metadata/PATH. */
export interface KvMetadata {
  readonly cas_required: boolean;
  readonly created_time: string;
  readonly current_version: number;
  readonly custom_metadata: Readonly<Record<string, string>> | null;
  readonly delete_version_after: string;
  readonly max_versions: number;
  readonly oldest_version: number;
  readonly updated_time: string;
  readonly versions: Readonly<
    Record<string, Pick<KvVersion, 'created_time' | 'deletion_time' | 'destroyed'>>
  >;
}

/** LIST anything. */
export interface Keys {
  readonly keys: readonly string[];
}

/** `?help=1` on any path. */
export interface PathHelp {
  readonly help: string;
  readonly see_also: readonly string[] | null;
}

/** GET auth/token/lookup-self. */
export interface TokenLookup {
  readonly id: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly display_name: string;
  readonly num_uses: number;
  readonly orphan: boolean;
  readonly creation_time: number;
  readonly creation_ttl: number;
  readonly expire_time: string | null;
  readonly explicit_max_ttl: number;
  readonly entity_id: string;
  readonly ttl: number;
  readonly type: string;
  readonly renewable?: boolean;
}

/** POST auth/attest/challenge. The answer's members are the server's binding profile; see auth/attest. */
export interface AttestChallengeRequest {
  readonly role: string;
}

/** POST auth/attest/login: evidence is a RATS Conceptual Message Wrapper in its JSON record form. */
export interface AttestLoginRequest {
  readonly role: string;
  readonly evidence: readonly unknown[] | Readonly<Record<string, unknown>>;
  readonly public_key: string;
}

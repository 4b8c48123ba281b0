// What a mounted thing is: secrets engines, auth methods and sys/ are all a list of declared paths.
// Routing, ACL capability, validation and help come from that one declaration.
import type { Awaitable } from './awaitable.js';
import type { Fields, RawField, Values } from './field.js';
import type { JsonValue } from './json/value.js';
import type { LockoutConfig } from './lockout.js';
import type { Storage } from './storage.js';

/** Vault's operations. HTTP writes arrive as 'update' and become 'create' where the path's `exists` says so. */
export type Operation = 'create' | 'read' | 'update' | 'patch' | 'delete' | 'list' | 'scan';

/** Who asks, as the pipeline resolved it. Never the token itself. */
export interface Caller {
  /** Salted hash that names the token in storage; per-token data (cubbyhole) hangs on it. */
  readonly tokenId: string;
  readonly accessor: string;
  readonly displayName: string;
  readonly policies: readonly string[];
  readonly entityId: string;
  readonly tokenType: 'service' | 'batch';
  readonly isRoot: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The connection a request came on. `tls` is null on a plain listener. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly tls: {
    /** DER of the client's certificate; requested, never required, not verified against any CA. */
    readonly peerCertificate: Buffer | null;
    /** RFC 5705 exporter of this very connection. */
    readonly exportKeyingMaterial: (length: number, label: string, context: Buffer) => Buffer;
  } | null;
}

/** The mount a request was routed to. */
export interface MountInfo {
  /** 'secret/' or 'auth/userpass/'. */
  readonly path: string;
  readonly uuid: string;
  readonly accessor: string;
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
  /** Effective values: the mount's own or the system's. */
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  /** What the operator wants of methods that count failed logins; absent: the method's own default holds. */
  readonly lockout?: LockoutConfig;
}

export interface Request {
  readonly id: string;
  readonly operation: Operation;
  /** Below the mount; the canonical string that was authorised and audited. */
  readonly path: string;
  readonly mount: MountInfo;
  /** The mount's view. Everything it returns is wiped when the request ends. */
  readonly storage: Storage;
  /** Milliseconds since the epoch, by the server's clock, when the request arrived. */
  readonly now: number;
  /**
   * The body as it came, for backends that store any JSON object as it is (KV v1, cubbyhole): path and query parameters are not
   * mixed in. Absent when there was none. Its owner is http/, which wipes it after the answer.
   */
  readonly body?: Buffer;
  /** Null on unauthenticated paths. */
  readonly caller: Caller | null;
  readonly connection: Connection;
  /** Hands a buffer over to the request, which wipes it after the answer has been written. Returns it. */
  own<T extends Uint8Array>(bytes: T): T;
}

/** Makes a lease of the response. `internal` comes back to the backend's `renew` and `revoke`; keep secrets out of it. */
export interface LeaseGrant {
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly renewable: boolean;
  readonly internal: Readonly<Record<string, string>>;
}

/** A successful login: core turns it into a token. Zero durations mean: the mount's. */
export interface AuthGrant {
  readonly displayName: string;
  readonly policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Name of the caller at this mount, unique there; '' makes no entity. */
  readonly aliasName: string;
  /** Kept with the alias, for policy templates; what changes from login to login belongs in `metadata`. */
  readonly aliasMetadata?: Readonly<Record<string, string>>;
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly numUses: number;
  readonly renewable: boolean;
  readonly noDefaultPolicy: boolean;
  readonly tokenType: 'default' | 'service' | 'batch';
  readonly boundCidrs: readonly string[];
  /** Comes back to `renewAuth`. */
  readonly internal: Readonly<Record<string, string>>;
  /** The token works only together with this key (see tokens/binding); null for a bearer token. */
  readonly boundKey: BoundKey | null;
}

/** SHA-256 of the SubjectPublicKeyInfo (DER), base64url, of the key that the token is bound to. */
export interface BoundKey {
  readonly spkiSha256: string;
}

/** A token as a login, creation or renewal answers it. */
export interface IssuedToken {
  /** Empty when the caller named the token by its accessor. Owned by the request. */
  readonly clientToken: Buffer;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly identityPolicies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly leaseDurationSeconds: number;
  readonly renewable: boolean;
  readonly entityId: string;
  readonly tokenType: 'service' | 'batch';
  readonly orphan: boolean;
  readonly numUses: number;
}

export interface Response {
  /** Values may hold RawJson: bytes that are spliced into the answer as they are. */
  readonly data?: Readonly<Record<string, JsonValue>>;
  readonly lease?: LeaseGrant;
  /** `lease_duration` of an answer that has no lease (KV v1): a hint when to read again. Ignored beside `lease`. */
  readonly leaseDurationSeconds?: number;
  /** Auth methods only. */
  readonly auth?: AuthGrant;
  /** The token backend only: a token that exists already, answered as `auth`. */
  readonly issued?: IssuedToken;
  readonly warnings?: readonly string[];
  /** 'missing': 404 with this body (KV v2's deleted versions). 'accepted': 202. */
  readonly outcome?: 'ok' | 'missing' | 'accepted';
  /** Sent as it is, without the envelope. `code` is the status to answer with, 200 to 599; 204 and 304 go without a body. */
  readonly raw?: {
    readonly contentType: string;
    readonly body: Buffer;
    readonly code: number;
  };
  /** A whole enveloped body from unwrapping, sent as it was stored. Owned by the request. */
  readonly verbatim?: Buffer;
  /** `data` is also copied to the top level of the envelope (old clients read it there). */
  readonly legacyTopLevel?: true;
}

/** Null means "nothing to say": 204 for a write, 404 for a read or list. */
export type Handler<F extends Fields> = (
  request: Request,
  values: Values<F>,
) => Awaitable<Response | null>;

export interface Help {
  readonly synopsis: string;
  readonly description: string;
}

/** What a listener may open to holders of key shares who have no token (`disable_unauthed_…_endpoints = false`). */
export type OpenableGroup = 'rekey' | 'generate-root';

/** The declaration an engine author writes; see `path()` for what each part means. */
export interface PathSpec<F extends Fields> {
  readonly pattern: string;
  readonly help: Help;
  readonly fields: F;
  readonly operations: { readonly [O in Operation]?: Handler<F> };
  /** Existence check: tells 'create' from 'update' before the ACL is asked. Absent: always 'update'. */
  readonly exists?: (request: Request, values: Values<F>) => Awaitable<boolean>;
  /**
   * Operations that change nothing, here or elsewhere: their answer may be made before the request is on record, and
   * both are recorded at once before the answer is released. Never what makes a lease, a credential or a signature.
   */
  readonly effectless?: readonly Operation[];
  /**
   * For fields whose value has several spellings: makes the one it is stored under. The ACL is asked about the path in
   * that spelling too, and quotas of roles count by it, so that no rule is stepped around by writing a name differently.
   */
  readonly spellings?: { readonly [K in keyof F]?: (text: string) => string };
  /** Anybody may call it, without a token. Login paths and public keys only. */
  readonly unauthenticated?: true;
  /** Anybody may call it through a listener that opens this group; a token is not looked at there. */
  readonly openedBy?: OpenableGroup;
  /** Logins only: the field that names the role (for userpass: the user), so that roles can have quotas. */
  readonly roleField?: keyof F & string;
  /** Needs the sudo capability beside the operation's own. */
  readonly sudo?: true;
  /** sys/ only: answered in every seal state, without token, policy or audit, and without storage. */
  readonly whileSealed?: true;
}

/** A declared path, with its field types erased. Made by `path()` only. */
export interface Path {
  readonly pattern: string;
  readonly help: Help;
  readonly fields: Fields;
  readonly operations: ReadonlySet<Operation>;
  readonly hasExistenceCheck: boolean;
  /** @see PathSpec.effectless */
  readonly effectless: ReadonlySet<Operation>;
  readonly unauthenticated: boolean;
  /** Null for paths that no listener can open. */
  readonly openedBy: OpenableGroup | null;
  /** Null for paths that are no logins, and logins without roles. */
  readonly roleField: string | null;
  readonly sudo: boolean;
  readonly whileSealed: boolean;
  /** Path parameters, or null when the path does not match. */
  match(path: string): Readonly<Record<string, string>> | null;
  /** A field's value in its one spelling; as it is where it has no other. */
  spell(name: string, value: string): string;
  /** The path with every parameter in its one spelling, from what match() gave; null when that is the path as it is. */
  respell(parameters: Readonly<Record<string, string>>, path: string): string | null;
  /** @throws ApiError invalid-request naming the field, never its value. */
  exists(request: Request, raw: ReadonlyMap<string, RawField>): Awaitable<boolean>;
  /** @throws ApiError unsupported-operation when `request.operation` is not declared. */
  handle(request: Request, raw: ReadonlyMap<string, RawField>): Awaitable<Response | null>;
}

/** What a backend gets when one of its leases or tokens is renewed or revoked. */
export interface LeaseEvent {
  readonly storage: Storage;
  readonly mount: MountInfo;
  readonly now: number;
  readonly internal: Readonly<Record<string, string>>;
  /** The whole request path that made the lease. */
  readonly path: string;
}

export interface RenewEvent extends LeaseEvent {
  readonly incrementSeconds: number;
  readonly issuedAt: number;
}

/** What `renewAuth` may change; throw an ApiError to refuse the renewal. */
export interface RenewedAuth {
  readonly ttlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly periodSeconds: number;
  /** Policies the login would give now; when they differ from the token's the renewal is refused. */
  readonly policies: readonly string[];
}

export interface Backend {
  readonly kind: 'secret' | 'auth' | 'system';
  readonly type: string;
  readonly help: string;
  readonly paths: readonly Path[];
  renewLease?(event: RenewEvent): Promise<LeaseGrant>;
  revokeLease?(event: LeaseEvent): Promise<void>;
  renewAuth?(event: RenewEvent): Promise<RenewedAuth>;
  /** The token with this id is gone: drop what hangs on it (cubbyhole). */
  revokeToken?(storage: Storage, tokenId: string): Promise<void>;
  /**
   * Of methods that count failed logins with `LoginLockout` in the mount's view: the name that a login with this one is
   * counted under, null when nobody can be called so.
   */
  lockoutName?(text: string): string | null;
  /** Called when mount options or config change (tune). @throws ApiError to refuse. */
  tune?(storage: Storage, options: Readonly<Record<string, string>>): Promise<void>;
  /** Periodic chores (dropping what no longer matters); may run on several workers, any number of times. */
  tidy?(storage: Storage, now: number): Promise<void>;
  close?(): Promise<void>;
}

/** What a factory gets. `storage` is the mount's view, for set-up work; requests bring their own. */
export interface MountContext {
  readonly storage: Storage;
  readonly mount: MountInfo;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
}

/** One per registry line. @throws ApiError when the options make no sense. */
export type Factory = (context: MountContext) => Promise<Backend>;

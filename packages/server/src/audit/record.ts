// What the pipeline says about a request, for audit devices to write down. Holds secrets as they are: hashing is the
// devices' business, because every device has its own salt. Buffers are only looked at during the call.
import type { Operation } from '../framework/backend.js';
import type { RawField } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import type { Drafts } from './drafts.js';

/** Why a request was allowed, or that it was not. */
export interface PolicyResults {
  readonly allowed: boolean;
  readonly grantingPolicies: readonly { readonly name: string }[];
}

/** A token: the one a request came with, or one that a response hands out. */
export interface AuditAuth {
  /** As sent or as handed out; null when nothing is known of it. */
  readonly clientToken: Buffer | null;
  /** Salted hash that names the token, '' if it has none: key under which its hash is remembered. */
  readonly tokenId: string;
  readonly accessor: string;
  readonly displayName: string;
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly identityPolicies: readonly string[];
  readonly policyResults: PolicyResults | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entityId: string;
  readonly tokenType: string;
  readonly tokenTtlSeconds: number;
  /** Milliseconds since the epoch; 0 when unknown. */
  readonly tokenIssueTime: number;
  readonly remainingUses: number;
}

/** The mount a request went to; null in a record when there was none. */
export interface AuditMount {
  /** 'secret/' or 'auth/userpass/'. */
  readonly path: string;
  readonly type: string;
  readonly accessor: string;
  readonly class: 'secret' | 'auth' | 'system';
  /** Top-level names of data that stay legible, from the mount's tuning. */
  readonly nonHmacRequestKeys: readonly string[];
  readonly nonHmacResponseKeys: readonly string[];
}

export interface AuditRequest {
  readonly id: string;
  /** Entity, or a name for the token where there is none; '' when unknown. */
  readonly clientId: string;
  readonly operation: Operation | 'help';
  readonly mount: AuditMount | null;
  readonly clientToken: Buffer | null;
  readonly tokenId: string;
  readonly accessor: string;
  /** The whole canonical path. */
  readonly path: string;
  readonly data: ReadonlyMap<string, RawField>;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** 0 when no wrapping was asked for. */
  readonly wrapTtlSeconds: number;
  /** All of them, lower case; only the audited ones are written, and asked for only when there are any. */
  readonly carrier: { readonly headers: ReadonlyMap<string, string> };
  /** The devices' own: empty when the request is new. */
  readonly drafts: Drafts;
}

export interface AuditWrap {
  readonly token: Buffer;
  readonly accessor: string;
  readonly ttlSeconds: number;
  /** Milliseconds since the epoch. */
  readonly creationTime: number;
  readonly creationPath: string;
  readonly wrappedAccessor: string;
}

export interface AuditResponse {
  readonly auth: AuditAuth | null;
  readonly leaseId: string;
  readonly data: Readonly<Record<string, JsonValue>> | null;
  /** Body of an answer without envelope: hashed as a whole; looked at only when `data` is null. */
  readonly rawBody: Buffer | null;
  readonly wrap: AuditWrap | null;
  readonly warnings: readonly string[];
  readonly redirect: string;
}

/** `error` is '' or the text that the client gets. */
export interface AuditRequestRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly auth: AuditAuth | null;
  readonly request: AuditRequest;
  readonly error: string;
}

export interface AuditResponseRecord extends AuditRequestRecord {
  readonly response: AuditResponse | null;
}

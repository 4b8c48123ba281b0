// What http/ hands to core and what comes back. No HTTP in here: no status codes, no header syntax.
import type { Awaitable } from '../framework/awaitable.js';
import type {
  Connection,
  IssuedToken,
  OpenableGroup,
  Operation,
  Response,
} from '../framework/backend.js';
import type { RawField } from '../framework/field.js';

/** One call of the API, canonical and within every limit. */
export interface ApiRequest {
  /** UUID of this request; audited, and sent back as request_id. */
  readonly id: string;
  /** 'help' answers what the path is for; it is authorised like a read. */
  readonly operation: Operation | 'help';
  /** Below /v1/, without a leading slash, namespace included; canonical. LIST and SCAN paths end in '/'. */
  readonly path: string;
  /** What follows the '?' as sent, '' when there is nothing: key-bound tokens sign it. */
  readonly query: string;
  /** From X-Vault-Namespace, '' or 'a/b/'; this server has the root namespace only and refuses others. */
  readonly namespace: string;
  /** Token bytes as sent, or null; wiped by http/ after the answer. */
  readonly token: Buffer | null;
  /** Proof of possession for key-bound tokens, as sent, or null. */
  readonly proof: string | null;
  /** X-Vault-Wrap-TTL in seconds; null when the header is absent. */
  readonly wrapTtlSeconds: number | null;
  /** All request headers, lower case, for audited headers and mounts that ask for some. Never the token's. */
  readonly headers: ReadonlyMap<string, string>;
  /** Query parameters and body members; body wins. */
  readonly fields: ReadonlyMap<string, RawField>;
  /** The body as it came (an empty buffer if none), for audit and for endpoints that take any JSON. */
  readonly body: Buffer;
  readonly connection: Connection;
  /** What the listener opens to callers without a token. */
  readonly opened: ReadonlySet<OpenableGroup>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Hands a buffer over to http/, which wipes it once the answer has been encoded. */
  own<T extends Uint8Array>(bytes: T): T;
}

export interface WrapResult {
  readonly token: Buffer;
  readonly accessor: string;
  readonly ttlSeconds: number;
  /** Milliseconds since the epoch. */
  readonly creationTime: number;
  readonly creationPath: string;
  /** Accessor of the token inside, '' if none. */
  readonly wrappedAccessor: string;
}

export interface LeaseResult {
  readonly id: string;
  readonly ttlSeconds: number;
  readonly renewable: boolean;
}

/** What one call gives: at most one of response and wrapped; `verbatim` is an unwrapped answer, sent as it was stored. */
export interface ApiResult {
  readonly requestId: string;
  readonly operation: Operation | 'help';
  readonly response: Response | null;
  readonly auth: IssuedToken | null;
  readonly lease: LeaseResult | null;
  readonly wrapped: WrapResult | null;
  readonly warnings: readonly string[];
  readonly mountType: string;
  /** A whole enveloped body, from unwrapping. */
  readonly verbatim: Buffer | null;
}

/** What is said of a request before it is served. */
export interface Admission {
  /** Names and values that its answer gets, whatever that is. */
  readonly headers: readonly (readonly [string, string])[];
  /** Called instead of `handle` when the request is not to be served; rejects with what to answer. */
  readonly refuse: (() => Promise<ApiResult>) | null;
  /** Where the body has to be read first, asked then: nothing has been decided or counted before. Never rejects. */
  readonly settle: (() => Promise<Admission | null>) | null;
}

/**
 * Asked for each request before its body is parsed: `fields` and `body` are empty then. Null: serve it. Never throws.
 */
export type Admit = (request: ApiRequest) => Admission | null;

/** The only door into core. @throws ApiError; anything else is an internal error. */
export interface ApiHandler {
  handle(request: ApiRequest): Awaitable<ApiResult>;
}

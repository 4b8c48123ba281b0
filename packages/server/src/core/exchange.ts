// One request on its way through the pipeline: what each step found out. Steps write their own fields and read those
// of earlier steps; nothing outlives the request.

import type { AuditRequestRecord } from '../audit/record.js';
import type {
  Caller,
  Connection,
  IssuedToken,
  MountInfo,
  Operation,
  Request,
  Response,
} from '../framework/backend.js';
import { ApiError } from '../framework/errors.js';
import type { RawField } from '../framework/field.js';
import type { Storage } from '../framework/storage.js';
import type { Acl, Decision } from '../policy/acl.js';
import type { TokenEntry } from '../tokens/entry.js';
import type { Active } from './active.js';
import type { Route } from './mounts/router.js';
import type { ApiRequest, LeaseResult, WrapResult } from './request.js';

export interface Exchange {
  readonly api: ApiRequest;
  readonly active: Active;
  /** Set by findRoute; null when no mount covers the path. */
  route: Route | null;
  /** Body, query and path parameters; set by findRoute. */
  fields: ReadonlyMap<string, RawField>;
  /** Set by resolveToken; null without a token. */
  token: TokenEntry | null;
  caller: Caller | null;
  acl: Acl | null;
  /** The token's last use was taken by this request: it is revoked after the answer. */
  isLastUse: boolean;
  /** What the backend sees; set by buildRequest, its operation settled by the existence check. */
  request: Request | null;
  /** Set by authorise. */
  decision: Decision | null;
  /** What the audit record says of caller and request; made with the first record. */
  recorded: (Pick<AuditRequestRecord, 'auth' | 'request'> & Pick<Exchange, 'token'>) | null;
  response: Response | null;
  auth: IssuedToken | null;
  lease: LeaseResult | null;
  wrapped: WrapResult | null;
  readonly warnings: string[];
  /** Work for when the answer is on record and nothing of this request needs storage any more (sys/seal). */
  readonly afterwards: (() => Promise<void>)[];
}

export function newExchange(api: ApiRequest, active: Active): Exchange {
  return {
    api,
    active,
    route: null,
    fields: api.fields,
    token: null,
    caller: null,
    acl: null,
    isLastUse: false,
    request: null,
    decision: null,
    recorded: null,
    response: null,
    auth: null,
    lease: null,
    wrapped: null,
    warnings: [],
    afterwards: [],
  };
}

/**
 * A backend's request that knows the exchange it belongs to: for the built-in backends, which need more than a backend
 * sees. Not a WeakMap, whose entries survive collections of young objects and made those the largest cost of a request.
 */
class LinkedRequest implements Request {
  readonly id: string;
  readonly operation: Operation;
  readonly path: string;
  readonly mount: MountInfo;
  readonly storage: Storage;
  readonly now: number;
  readonly body?: Buffer;
  readonly caller: Caller | null;
  readonly connection: Connection;
  readonly own: Request['own'];
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, operation: Operation, base: RequestBase) {
    const { api } = exchange;
    this.id = api.id;
    this.operation = operation;
    this.path = base.path;
    this.mount = base.mount;
    this.storage = base.storage;
    this.now = api.now;
    if (api.body.length > 0) this.body = api.body;
    this.caller = exchange.caller;
    this.connection = api.connection;
    this.own = base.own;
    this.#exchange = exchange;
  }

  static findExchange(request: Request): Exchange | null {
    return #exchange in request ? request.#exchange : null;
  }
}

/** The rest of a backend's request is what the exchange says. */
export type RequestBase = Pick<Request, 'path' | 'mount' | 'storage' | 'own'>;

export function linkRequest(exchange: Exchange, operation: Operation, base: RequestBase): Request {
  return new LinkedRequest(exchange, operation, base);
}

/** @throws ApiError internal for a request that did not come through the pipeline */
export function exchangeOf(request: Request): Exchange {
  const exchange = LinkedRequest.findExchange(request);
  if (exchange === null) throw new ApiError('internal', 'request without an exchange');
  return exchange;
}

/** Whether anybody may call: declared so, or opened by the listener. Help is for callers with a token. */
export function isOpen({ api, route }: Exchange): boolean {
  const declared = route?.declared ?? null;
  if (declared === null || api.operation === 'help') return false;
  return (
    declared.unauthenticated || (declared.openedBy !== null && api.opened.has(declared.openedBy))
  );
}

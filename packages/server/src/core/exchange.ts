// One request on its way through the pipeline: what each step found out. Steps write their own fields and read those
// of earlier steps; nothing outlives the request.

import type { Caller, IssuedToken, Request, Response } from '../framework/backend.js';
import { ApiError } from '../framework/errors.js';
import type { RawField } from '../framework/field.js';
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
    response: null,
    auth: null,
    lease: null,
    wrapped: null,
    warnings: [],
    afterwards: [],
  };
}

/** Which exchange a backend's request belongs to: for the built-in backends, which need more than a backend sees. */
const exchanges = new WeakMap<Request, Exchange>();

export function linkRequest(request: Request, exchange: Exchange): Request {
  exchanges.set(request, exchange);
  return request;
}

/** @throws ApiError internal for a request that did not come through the pipeline */
export function exchangeOf(request: Request): Exchange {
  const exchange = exchanges.get(request);
  if (exchange === undefined) throw new ApiError('internal', 'request without an exchange');
  return exchange;
}

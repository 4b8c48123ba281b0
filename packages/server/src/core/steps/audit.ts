// Puts every request and every answer on record, refusals included. When no device takes the record nothing happens
// (request) or nothing is released (answer). Hashing is the devices' business; secrets are only passed through.

import { Drafts } from '../../audit/drafts.js';
import type {
  AuditAuth,
  AuditMount,
  AuditRequest,
  AuditRequestRecord,
  AuditResponse,
  AuditResponseRecord,
} from '../../audit/record.js';
import type { Awaitable } from '../../framework/awaitable.js';
import type { IssuedToken } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { remainingSeconds } from '../../tokens/entry.js';
import type { Exchange } from '../exchange.js';

const NOTHING_CLEAR: readonly string[] = [];

/** What an error is called in the log: its text if it was meant for the caller. */
function errorText(error: unknown): string {
  if (error === null) return '';
  return error instanceof ApiError ? error.message : 'internal error';
}

export function auditRequest(exchange: Exchange, error: unknown): Awaitable<void> {
  return exchange.active.audit.logRequest(requestRecord(exchange, error));
}

export function auditAnswer(exchange: Exchange, error: unknown): Awaitable<void> {
  return exchange.active.audit.logResponse(answerRecord(exchange, error));
}

/** Of a request that changed nothing and whose answer is at hand: both at once. */
export function auditBoth(exchange: Exchange): Awaitable<void> {
  return exchange.active.audit.logBoth(answerRecord(exchange, null));
}

function answerRecord(exchange: Exchange, error: unknown): AuditResponseRecord {
  const { time, auth, request, error: text } = requestRecord(exchange, error);
  const response = error === null ? responsePart(exchange) : null;
  return { time, auth, request, error: text, response };
}

function requestRecord(exchange: Exchange, error: unknown): AuditRequestRecord {
  // What is said of the request is said again with the answer, unless a handler looked at a token that admission had
  // no need of.
  if (exchange.recorded?.token !== exchange.token || exchange.recorded === null) {
    const { token } = exchange;
    exchange.recorded = { token, auth: callerAuth(exchange), request: requestPart(exchange) };
  }
  const { auth, request } = exchange.recorded;
  return { time: exchange.active.clock(), auth, request, error: errorText(error) };
}

function callerAuth(exchange: Exchange): AuditAuth | null {
  const { token, caller, decision, api } = exchange;
  if (token === null || caller === null) return null;
  return {
    clientToken: api.token,
    tokenId: token.id,
    accessor: token.accessor,
    displayName: token.displayName,
    policies: caller.policies,
    tokenPolicies: token.policies,
    identityPolicies: NOTHING_CLEAR,
    policyResults: decision,
    metadata: token.metadata,
    entityId: token.entityId,
    tokenType: token.type,
    tokenTtlSeconds: remainingSeconds(token, api.now),
    tokenIssueTime: token.createdAt,
    remainingUses: Math.max(0, token.usesLeft),
  };
}

function mountPart(exchange: Exchange): AuditMount | null {
  const mounted = exchange.route?.mounted;
  if (mounted === undefined) return null;
  const { path, type, accessor, kind, config } = mounted.entry;
  return {
    path,
    type,
    accessor,
    class: kind,
    nonHmacRequestKeys: config.auditNonHmacRequestKeys ?? NOTHING_CLEAR,
    nonHmacResponseKeys: config.auditNonHmacResponseKeys ?? NOTHING_CLEAR,
  };
}

function requestPart(exchange: Exchange): AuditRequest {
  const { api, token } = exchange;
  return {
    id: api.id,
    clientId: token?.entityId || token?.id || '',
    operation: exchange.request?.operation ?? api.operation,
    mount: mountPart(exchange),
    clientToken: api.token,
    tokenId: token?.id ?? '',
    accessor: token?.accessor ?? '',
    path: api.path,
    data: api.fields,
    remoteAddress: api.connection.remoteAddress,
    remotePort: api.connection.remotePort,
    wrapTtlSeconds: api.wrapTtlSeconds ?? 0,
    carrier: api,
    drafts: new Drafts(),
  };
}

function issuedAuth(issued: IssuedToken, exchange: Exchange): AuditAuth {
  return {
    clientToken: issued.clientToken,
    tokenId: '',
    accessor: issued.accessor,
    displayName: '',
    policies: issued.policies,
    tokenPolicies: issued.tokenPolicies,
    identityPolicies: issued.identityPolicies,
    policyResults: null,
    metadata: issued.metadata,
    entityId: issued.entityId,
    tokenType: issued.tokenType,
    tokenTtlSeconds: issued.leaseDurationSeconds,
    tokenIssueTime: exchange.api.now,
    remainingUses: issued.numUses,
  };
}

function responsePart(exchange: Exchange): AuditResponse | null {
  const { response, auth, lease, wrapped, warnings } = exchange;
  if (response === null && auth === null) return null;
  return {
    auth: auth === null ? null : issuedAuth(auth, exchange),
    leaseId: lease?.id ?? '',
    data: response?.data ?? null,
    rawBody: response?.raw?.body ?? response?.verbatim ?? null,
    wrap: wrapped,
    warnings,
    redirect: '',
  };
}

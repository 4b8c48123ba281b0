// From a finished exchange to what http/ answers.
import type { Exchange } from './exchange.js';
import type { ApiResult } from './request.js';

export function toResult(exchange: Exchange): ApiResult {
  const { api, response } = exchange;
  return {
    requestId: api.id,
    operation: api.operation,
    response,
    auth: exchange.auth,
    lease: exchange.lease,
    wrapped: exchange.wrapped,
    warnings: exchange.warnings,
    mountType: exchange.route?.mounted.entry.type ?? '',
    verbatim: response?.verbatim ?? null,
  };
}

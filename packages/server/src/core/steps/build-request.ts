// The request as the backend will see it, its operation settled: a write is a creation where the path's existence
// check says that there is nothing yet.
import type { Awaitable } from '../../framework/awaitable.js';
import type { MountInfo, Operation, Request } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { type Exchange, linkRequest, type RequestBase } from '../exchange.js';

const NO_MOUNT: MountInfo = {
  path: '',
  uuid: '',
  accessor: '',
  type: '',
  options: {},
  defaultLeaseTtlSeconds: 0,
  maxLeaseTtlSeconds: 0,
};

export function buildRequest(exchange: Exchange): Awaitable<void> {
  const { api, route, active } = exchange;
  const own = <T extends Uint8Array>(bytes: T): T => api.own(bytes);
  const base: RequestBase = {
    path: route?.path ?? api.path,
    mount: route?.mounted.info ?? NO_MOUNT,
    storage: active.requestView(route?.mounted.entry ?? null, own),
    own,
  };
  const asked: Operation = api.operation === 'help' ? 'read' : api.operation;
  const request = linkRequest(exchange, asked, base);
  exchange.request = request;
  if (asked !== 'update' || route?.declared?.hasExistenceCheck !== true) return;
  return existsSafely(exchange, request).then((exists) => {
    if (!exists) exchange.request = linkRequest(exchange, 'create', base);
  });
}

/**
 * A check that bad input keeps from being made leaves the operation alone; the handler will complain in its own words.
 * Any other fault ends the request: who may only update must not create because storage failed for a moment.
 */
async function existsSafely(exchange: Exchange, request: Request): Promise<boolean> {
  try {
    return (await exchange.route?.declared?.exists(request, exchange.fields)) ?? true;
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'invalid-request') return true;
    throw error;
  }
}

// The request as the backend will see it, its operation settled: a write is a creation where the path's existence
// check says that there is nothing yet.
import type { MountInfo, Operation, Request } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { type Exchange, linkRequest } from '../exchange.js';

const NO_MOUNT: MountInfo = {
  path: '',
  uuid: '',
  accessor: '',
  type: '',
  options: {},
  defaultLeaseTtlSeconds: 0,
  maxLeaseTtlSeconds: 0,
};

export async function buildRequest(exchange: Exchange): Promise<void> {
  const { api, route, active } = exchange;
  const own = <T extends Uint8Array>(bytes: T): T => api.own(bytes);
  const base = {
    id: api.id,
    path: route?.path ?? api.path,
    mount: route?.mounted.info ?? NO_MOUNT,
    storage: active.requestView(route?.mounted.entry ?? null, own),
    now: api.now,
    ...(api.body.length > 0 ? { body: api.body } : {}),
    caller: exchange.caller,
    connection: api.connection,
    own,
  };
  const asked: Operation = api.operation === 'help' ? 'read' : api.operation;
  exchange.request = linkRequest({ ...base, operation: asked }, exchange);
  if (asked !== 'update' || route?.declared?.hasExistenceCheck !== true) return;
  if (!(await existsSafely(exchange, exchange.request))) {
    exchange.request = linkRequest({ ...base, operation: 'create' }, exchange);
  }
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

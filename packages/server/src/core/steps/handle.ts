// Calls the backend. Only here is an authorised caller told that there is no such path.
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import type { Response } from '../../framework/backend.js';
import { ApiError, asMultiError } from '../../framework/errors.js';
import type { Exchange } from '../exchange.js';
import { describePath } from '../help.js';
import { noHandler } from '../mounts/router.js';

export function handle(exchange: Exchange): Awaitable<void> {
  const { api, route, request } = exchange;
  if (route === null || request === null) throw noHandler(api.path);
  if (api.operation === 'help') {
    exchange.response = describePath(route);
    return;
  }
  if (route.declared === null) {
    throw new ApiError('unsupported-path', asMultiError('unsupported path'));
  }
  const { declared } = route;
  return andThen(declared.handle(request, exchange.fields), (response) => {
    if (response === null) return;
    if (declared.effectless.has(request.operation)) refuseEffects(response);
    exchange.response = response;
    exchange.auth = response.issued ?? null;
    if (response.warnings !== undefined) exchange.warnings.push(...response.warnings);
  });
}

/** Its request may not be on record yet: what it hands out must have been there before. */
function refuseEffects(response: Response): void {
  if (response.lease === undefined && response.auth === undefined) return;
  throw new ApiError('internal', 'an effectless path made a lease or a login');
}

// Calls the backend. Only here is an authorised caller told that there is no such path.
import { ApiError, asMultiError } from '../../framework/errors.js';
import type { Exchange } from '../exchange.js';
import { describePath } from '../help.js';
import { noHandler } from '../mounts/router.js';

export async function handle(exchange: Exchange): Promise<void> {
  const { api, route, request } = exchange;
  if (route === null || request === null) throw noHandler(api.path);
  if (api.operation === 'help') {
    exchange.response = describePath(route);
    return;
  }
  if (route.declared === null) {
    throw new ApiError('unsupported-path', asMultiError('unsupported path'));
  }
  const response = await route.declared.handle(request, exchange.fields);
  exchange.response = response;
  exchange.auth = response?.issued ?? null;
  exchange.warnings.push(...(response?.warnings ?? []));
}

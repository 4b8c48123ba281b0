// Which mount and which declared path the request is for. Finding none is not an error yet: only callers who may use
// that path are told that it does not exist.
import { ApiError } from '../../framework/errors.js';
import type { RawField } from '../../framework/field.js';
import type { Exchange } from '../exchange.js';
import type { Route } from '../mounts/router.js';

const PATH_BYTES_MAX = 4096;

export function findRoute(exchange: Exchange): Promise<void> | undefined {
  const { api, active } = exchange;
  if (api.namespace !== '') {
    throw new ApiError('not-found', 'namespace not found', { code: 'namespace-not-found' });
  }
  if (api.path.length > PATH_BYTES_MAX) {
    throw new ApiError('invalid-request', `path is longer than ${PATH_BYTES_MAX} bytes`, {
      code: 'path-too-long',
    });
  }
  const route = active.router.findNow(api.path);
  if (route === undefined) return active.router.find(api.path).then((it) => take(exchange, it));
  take(exchange, route);
  return undefined;
}

function take(exchange: Exchange, route: Route | null): void {
  const { api } = exchange;
  exchange.route = route;
  const parameters = Object.entries(route?.parameters ?? {});
  if (parameters.length === 0) return;
  const fields = new Map<string, RawField>(api.fields);
  for (const [name, value] of parameters) fields.set(name, { kind: 'text', value });
  exchange.fields = fields;
}

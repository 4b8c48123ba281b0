// Which mount and which declared path the request is for. Finding none is not an error yet: only callers who may use
// that path are told that it does not exist.
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import { ApiError } from '../../framework/errors.js';
import type { RawField } from '../../framework/field.js';
import type { Exchange } from '../exchange.js';
import type { Route } from '../mounts/router.js';

const PATH_BYTES_MAX = 4096;

export function findRoute(exchange: Exchange): Awaitable<void> {
  const { api, active } = exchange;
  if (api.namespace !== '') {
    throw new ApiError('not-found', 'namespace not found', { code: 'namespace-not-found' });
  }
  if (api.path.length > PATH_BYTES_MAX) {
    throw new ApiError('invalid-request', `path is longer than ${PATH_BYTES_MAX} bytes`, {
      code: 'path-too-long',
    });
  }
  return andThen(active.router.find(api.path), (route) => take(exchange, route));
}

function take(exchange: Exchange, route: Route | null): void {
  const { api } = exchange;
  exchange.route = route;
  if (route === null) return;
  const names = Object.keys(route.parameters);
  if (names.length === 0) return;
  const fields = new Map<string, RawField>(api.fields);
  for (const name of names) {
    fields.set(name, { kind: 'text', value: route.parameters[name] ?? '' });
  }
  exchange.fields = fields;
}

// Puts the answer away and hands out a single-use token for it, where the caller asked or a policy demands it.
import { invalidRequest } from '../../framework/errors.js';
import { encodeEnvelope } from '../envelope.js';
import type { Exchange } from '../exchange.js';
import { toResult } from '../result.js';

/** sys/wrapping/ answers are not wrapped again, except for these two, which are nothing else. */
const WRAPPABLE = /^sys\/wrapping\/(wrap|rewrap)$/;

export function wrapAnswer(exchange: Exchange): Promise<void> | undefined {
  const ttlSeconds = exchange.api.wrapTtlSeconds ?? 0;
  return ttlSeconds === 0 || exchange.wrapped !== null ? undefined : wrap(exchange, ttlSeconds);
}

async function wrap(exchange: Exchange, ttlSeconds: number): Promise<void> {
  const { api, active } = exchange;
  if (api.path.startsWith('sys/wrapping/') && !WRAPPABLE.test(api.path)) return;
  const { response, auth, token } = exchange;
  if (response === null && auth === null) return;
  if (token === null && auth === null) {
    // Storage and a token for as long as they like, for anybody who can reach the server.
    throw invalidRequest('wrapping an answer needs a token or a login', 'wrapping-unauthenticated');
  }
  if (response?.raw !== undefined || response?.verbatim !== undefined) return;
  const body = api.own(encodeEnvelope(toResult(exchange)));
  exchange.wrapped = await active.wrapping.wrap(body, {
    creationPath: api.path,
    ttlSeconds,
    wrappedAccessor: auth?.accessor ?? '',
    now: api.now,
  });
  api.own(exchange.wrapped.token);
}

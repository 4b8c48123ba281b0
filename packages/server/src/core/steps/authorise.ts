// May they? The one place that asks the policy. Decides on the same canonical path that is audited and routed.
import { permissionDenied } from '../../framework/errors.js';
import type { Exchange } from '../exchange.js';

/** Needs no policy: the token itself is what may be unwrapped. */
const OPEN_TO_WRAPPING_TOKENS: ReadonlySet<string> = new Set([
  'sys/wrapping/unwrap',
  'sys/wrapping/lookup',
]);

export async function authorise(exchange: Exchange): Promise<void> {
  const { api, route, request, acl, caller } = exchange;
  const declared = route?.declared ?? null;
  if (declared?.unauthenticated === true && api.operation !== 'help') return;
  if (acl === null || caller === null || request === null) throw permissionDenied();
  if (caller.policies.includes('response-wrapping') && OPEN_TO_WRAPPING_TOKENS.has(api.path)) {
    return;
  }
  exchange.decision = acl.check({
    path: api.path,
    operation: request.operation,
    parameters: api.fields,
    wrapTtlSeconds: api.wrapTtlSeconds,
    sudoRequired: declared?.sudo ?? false,
  });
  if (!exchange.decision.allowed) throw permissionDenied(exchange.decision.reason);
}

// May they? The one place that asks the policy. Decides on the same canonical path that is audited and routed.
import { permissionDenied } from '../../framework/errors.js';
import { type Exchange, isOpen } from '../exchange.js';

/** Needs no policy: the token itself is what may be unwrapped. */
const OPEN_TO_WRAPPING_TOKENS: ReadonlySet<string> = new Set([
  'sys/wrapping/unwrap',
  'sys/wrapping/lookup',
]);

/** @throws ApiError permission-denied */
export function authorise(exchange: Exchange): undefined {
  const { api, route, request, acl, caller } = exchange;
  const declared = route?.declared ?? null;
  if (isOpen(exchange)) return;
  if (acl === null || caller === null || request === null) throw permissionDenied();
  if (caller.policies.includes('response-wrapping') && OPEN_TO_WRAPPING_TOKENS.has(api.path)) {
    return;
  }
  const asked = {
    path: api.path,
    operation: request.operation,
    parameters: api.fields,
    wrapTtlSeconds: api.wrapTtlSeconds,
    sudoRequired: declared?.sudo ?? false,
  };
  exchange.decision = acl.check(asked);
  if (!exchange.decision.allowed) throw permissionDenied(exchange.decision.reason);
  const other = findOtherSpelling(route);
  if (other === null) return;
  // A rule for the name as it is stored holds for every way of writing it.
  const decision = acl.check({ ...asked, path: other });
  if (decision.allowed || decision.reason === 'no-rule') return;
  exchange.decision = decision;
  throw permissionDenied(decision.reason);
}

/** The path as it would be written with the names that are stored; null when it is written so. */
function findOtherSpelling(route: Exchange['route']): string | null {
  const respelled = route?.declared?.respell(route.parameters, route.path) ?? null;
  return respelled === null || route === null ? null : route.mounted.entry.path + respelled;
}

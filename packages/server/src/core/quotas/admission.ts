// Whether a request is looked at at all. http/ asks this when it knows path and client, before it parses the body and
// long before core looks for a token: a limit that costs as much as what it refuses protects nobody (CVE-2025-12044).
// The exception are auth mounts where a role has a quota: the role is in the body, so it is asked about behind that.
import type { RawField } from '../../framework/field.js';
import type { Active } from '../active.js';
import { newExchange } from '../exchange.js';
import type { Admission, ApiRequest, ApiResult } from '../request.js';
import { auditRequest } from '../steps/audit.js';
import type { Taken } from './rate-limiter.js';
import { type Login, rateLimited } from './rate-limits.js';

const ROLE_BYTES_MAX = 512;

/** Null where no quota counts the request, and while there is none. */
export function admitByQuota(request: ApiRequest, active: Active): Admission | null {
  const { index } = active.rateLimits;
  if (index === null) return null;
  if (request.operation !== 'update' || !index.isBelowRoles(request.path)) {
    return judge(request, active, null);
  }
  const settle = async (): Promise<Admission | null> =>
    judge(request, active, await findLogin(request, active));
  return { headers: [], refuse: null, settle };
}

function judge(request: ApiRequest, active: Active, login: Login | null): Admission | null {
  const limits = active.rateLimits;
  const { path, now, connection } = request;
  const taken = limits.take({ path, now, login, remoteAddress: connection.remoteAddress });
  if (taken === null) return null;
  return {
    headers: limits.table.config.responseHeaders ? headersOf(taken) : [],
    refuse: taken.isAllowed ? null : () => refuse(request, active),
    settle: null,
  };
}

/** The role of a login, as it is stored; null for every other request. */
async function findLogin(request: ApiRequest, active: Active): Promise<Login | null> {
  const route = await active.router.find(request.path);
  const declared = route?.declared ?? null;
  const field = declared?.roleField ?? null;
  if (route === null || declared === null || field === null) return null;
  const role = route.parameters[field] ?? readRole(request.fields.get(field) ?? null);
  if (role === null) return null;
  return { mount: route.mounted.entry.path, role: declared.spell(field, role) };
}

function readRole(raw: RawField | null): string | null {
  if (raw === null || (raw.kind === 'json' && raw.value.bytes.length > ROLE_BYTES_MAX)) return null;
  const role: unknown = raw.kind === 'text' ? raw.value : JSON.parse(raw.value.bytes.toString());
  return typeof role === 'string' ? role : null;
}

/** `X-Ratelimit-Reset` and `Retry-After` are seconds to wait, as Vault documents them (sys/quotas/config). */
function headersOf(taken: Taken): Admission['headers'] {
  const reset = String(taken.resetSeconds);
  return [
    ['X-Ratelimit-Limit', String(taken.limit)],
    ['X-Ratelimit-Remaining', String(taken.remaining)],
    ['X-Ratelimit-Reset', reset],
    ...(taken.isAllowed ? [] : [['Retry-After', reset] as const]),
  ];
}

/** On record only where the operator asked for it: whoever floods the server must not fill its logs by default. */
async function refuse(request: ApiRequest, active: Active): Promise<ApiResult> {
  const refusal = rateLimited(request.path);
  if (active.rateLimits.table.config.auditRefusals) {
    await auditRequest(newExchange(request, active), refusal);
  }
  throw refusal;
}

// Renewing a lease: its backend has the first word, its own maximum the last. No increment can outlive the terms it
// was issued with.
import type { Active } from '../core/active.js';
import { exchangeOf } from '../core/exchange.js';
import { viewPrefix } from '../core/mounts/entry.js';
import type { Request, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { checkRenewable, planLeaseRenewal } from '../leases/renewal.js';

/** The answer carries the lease. @throws ApiError invalid-lease, lease-expired, lease-not-renewable, past-max-ttl */
export async function renewLease(
  active: Active,
  request: Request,
  asked: { readonly leaseId: string; readonly incrementSeconds: number },
): Promise<Response> {
  const { now } = request;
  const lease = await active.leases.get(asked.leaseId);
  checkRenewable(lease, now);
  const { entries } = await active.mounts.table.current();
  const entry = entries.find(({ uuid, tainted }) => uuid === lease.mountUuid && !tainted);
  if (entry === undefined) throw notRenewable();
  const { backend, info } = await active.router.mounted(entry);
  if (backend.renewLease === undefined) throw notRenewable();
  const grant = await backend.renewLease({
    storage: active.view(viewPrefix(entry)),
    mount: info,
    now,
    internal: lease.internal,
    path: lease.path,
    incrementSeconds: asked.incrementSeconds,
    issuedAt: lease.issuedAt,
  });
  const { ttlSeconds, warnings } = planLeaseRenewal(lease, grant, info, now);
  const renewed = await active.leases.renew(lease.id, ttlSeconds, now);
  exchangeOf(request).lease = { id: renewed.id, ttlSeconds, renewable: renewed.renewable };
  return { warnings };
}

function notRenewable(): Error {
  return invalidRequest('lease is not renewable', 'lease-not-renewable');
}

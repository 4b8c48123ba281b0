// Whether a lease may be renewed and for how long: pure. The backend then answers with its own grant, which is
// capped here once more.
import type { LeaseGrant } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { type EffectiveTtl, effectiveTtl } from '../framework/ttl.js';
import type { Lease } from './lease.js';

/** Lifetimes of the mount as they are now, not as they were at issue. */
export interface RenewalLimits {
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
}

/** @throws ApiError invalid-request: expired, being revoked, or not renewable */
export function checkRenewable(lease: Lease, now: number): void {
  if (lease.isRevoking || lease.expiresAt <= now) {
    throw invalidRequest('lease expired', 'lease-expired');
  }
  if (!lease.renewable) throw invalidRequest('lease is not renewable', 'lease-not-renewable');
}

/**
 * Seconds from now. `granted` is what the backend's renewLease answered to the caller's increment: its ttl is the
 * wish, its maximum binds beside the lease's own. @throws ApiError invalid-request past the maximum
 */
export function planLeaseRenewal(
  lease: Lease,
  granted: LeaseGrant,
  limits: RenewalLimits,
  now: number,
): EffectiveTtl {
  checkRenewable(lease, now);
  const maxima = [lease.maxTtlSeconds, granted.maxTtlSeconds].filter((seconds) => seconds > 0);
  const plan = effectiveTtl({
    wishedSeconds: granted.ttlSeconds,
    roleTtlSeconds: 0,
    roleMaxTtlSeconds: maxima.length === 0 ? 0 : Math.min(...maxima),
    explicitMaxTtlSeconds: 0,
    periodSeconds: 0,
    mountDefaultTtlSeconds: limits.defaultLeaseTtlSeconds,
    mountMaxTtlSeconds: limits.maxLeaseTtlSeconds,
    issuedAt: lease.issuedAt,
    now,
  });
  if (plan.ttlSeconds === 0) {
    throw invalidRequest('past the max TTL, cannot renew', 'past-max-ttl');
  }
  return plan;
}

// How long a lease lasts, at issue and when renewed: pure. The backend then answers with its own grant, which is
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

/** What bounds a lease from its issue on. */
export type LeaseTerms = Pick<Lease, 'issuedAt' | 'maxTtlSeconds' | 'notAfter'>;

/**
 * Seconds from now, at issue and at renewal. `granted` is the backend's answer: its ttl is the wish, its maximum binds
 * beside the lease's own. @throws ApiError invalid-request when there is no time left
 */
export function planLease(
  terms: LeaseTerms,
  granted: LeaseGrant,
  limits: RenewalLimits,
  now: number,
): EffectiveTtl {
  const maxima = [terms.maxTtlSeconds, granted.maxTtlSeconds].filter((seconds) => seconds > 0);
  const plan = effectiveTtl({
    wishedSeconds: granted.ttlSeconds,
    roleTtlSeconds: 0,
    roleMaxTtlSeconds: maxima.length === 0 ? 0 : Math.min(...maxima),
    explicitMaxTtlSeconds: 0,
    periodSeconds: 0,
    mountDefaultTtlSeconds: limits.defaultLeaseTtlSeconds,
    mountMaxTtlSeconds: limits.maxLeaseTtlSeconds,
    issuedAt: terms.issuedAt,
    now,
  });
  const left = terms.notAfter === null ? Infinity : Math.floor((terms.notAfter - now) / 1000);
  const ttlSeconds = Math.min(plan.ttlSeconds, left);
  if (ttlSeconds <= 0) throw invalidRequest('past the max TTL, cannot renew', 'past-max-ttl');
  return { ttlSeconds, warnings: plan.warnings };
}

/** As planLease, for a lease that there is already. @throws ApiError as checkRenewable, planLease */
export function planLeaseRenewal(
  lease: Lease,
  granted: LeaseGrant,
  limits: RenewalLimits,
  now: number,
): EffectiveTtl {
  checkRenewable(lease, now);
  return planLease(lease, granted, limits, now);
}

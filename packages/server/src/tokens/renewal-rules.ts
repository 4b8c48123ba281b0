// Whether a token may be renewed and for how long: pure.
import { invalidRequest } from '../framework/errors.js';
import { type EffectiveTtl, effectiveTtl } from '../framework/ttl.js';
import { grantedSeconds, type TokenEntry } from './entry.js';
import { canonicalPolicies, withDefaultPolicy } from './policies.js';
import type { TtlLimits } from './token-spec.js';

/** What binds a renewal now; roles may have changed since the token was made. Zero means "not set". */
export interface RenewalTerms {
  readonly incrementSeconds: number;
  /**
   * Where no increment is asked for. Null: what the token was given last, and not the mount's default, or an hour's
   * token would come back with a month.
   */
  readonly roleTtlSeconds: number | null;
  readonly roleMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly limits: TtlLimits;
}

/** @throws ApiError invalid-request; call before anybody else is asked about the renewal */
export function checkRenewableToken(entry: TokenEntry): void {
  if (entry.type === 'batch') {
    throw invalidRequest('batch tokens cannot be renewed', 'batch-not-renewable');
  }
  if (!entry.renewable || entry.expiresAt === null) {
    throw invalidRequest('lease is not renewable', 'token-not-renewable');
  }
}

/** @throws ApiError invalid-request when a login would give other policies now than the token has */
export function checkPoliciesUnchanged(entry: TokenEntry, now: readonly string[]): void {
  const fresh = canonicalPolicies(now);
  const same = (policies: readonly string[]): boolean =>
    JSON.stringify(policies) === JSON.stringify(entry.policies);
  if (!same(fresh) && !same(withDefaultPolicy(fresh))) {
    throw invalidRequest('policies have changed, not renewing', 'policies-changed');
  }
}

/** Seconds from `now`. The explicit maximum is the token's own. @throws ApiError invalid-request */
export function planRenewal(entry: TokenEntry, terms: RenewalTerms, now: number): EffectiveTtl {
  checkRenewableToken(entry);
  const plan = effectiveTtl({
    wishedSeconds: terms.incrementSeconds,
    roleTtlSeconds: terms.roleTtlSeconds ?? grantedSeconds(entry),
    roleMaxTtlSeconds: terms.roleMaxTtlSeconds,
    explicitMaxTtlSeconds: entry.explicitMaxTtlSeconds,
    periodSeconds: terms.periodSeconds,
    mountDefaultTtlSeconds: terms.limits.defaultTtlSeconds,
    mountMaxTtlSeconds: terms.limits.maxTtlSeconds,
    issuedAt: entry.createdAt,
    now,
  });
  if (plan.ttlSeconds === 0) {
    throw invalidRequest('past the max TTL, cannot renew', 'past-max-ttl');
  }
  return plan;
}

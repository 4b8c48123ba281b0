// How long a token or lease may live: pure arithmetic on whole seconds, the same for issue and renewal.
import { formatDuration } from './duration.js';

/** Zero means "not set" for every duration except the mount's two. Instants are milliseconds since the epoch. */
export interface TtlRules {
  /** What was asked for: the ttl of a creation or the increment of a renewal. */
  readonly wishedSeconds: number;
  /** The role's own default. */
  readonly roleTtlSeconds: number;
  readonly roleMaxTtlSeconds: number;
  /** Hard end, fixed at issue; binds periodic tokens too. */
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly mountDefaultTtlSeconds: number;
  readonly mountMaxTtlSeconds: number;
  readonly issuedAt: number;
  readonly now: number;
}

/** @property ttlSeconds counted from `now`; 0 when the maximum lies in the past (a renewal must be refused). */
export interface EffectiveTtl {
  readonly ttlSeconds: number;
  readonly warnings: readonly string[];
}

function smallestSet(...seconds: readonly number[]): number {
  const set = seconds.filter((value) => value > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}

function cappedText(subject: 'TTL' | 'Period', wished: number, cap: number): string {
  const value = subject === 'TTL' ? 'TTL value' : 'period value';
  return `${subject} of "${formatDuration(wished)}" exceeded the effective max_ttl of "${formatDuration(cap)}"; ${value} is capped accordingly`;
}

/**
 * Wish, else role default, else mount default; never past min(mount max, role max, explicit max) from issue. A period
 * replaces the wish, is capped by the mount's maximum, and has no overall end but the explicit one.
 */
export function effectiveTtl(rules: TtlRules): EffectiveTtl {
  const warnings: string[] = [];
  let wished = rules.wishedSeconds || rules.roleTtlSeconds || rules.mountDefaultTtlSeconds;
  let maxSeconds = smallestSet(
    rules.mountMaxTtlSeconds,
    rules.roleMaxTtlSeconds,
    rules.explicitMaxTtlSeconds,
  );
  if (rules.periodSeconds > 0) {
    wished = rules.periodSeconds;
    if (rules.mountMaxTtlSeconds > 0 && wished > rules.mountMaxTtlSeconds) {
      warnings.push(cappedText('Period', wished, rules.mountMaxTtlSeconds));
      wished = rules.mountMaxTtlSeconds;
    }
    maxSeconds = rules.explicitMaxTtlSeconds;
  }
  if (maxSeconds === 0) return { ttlSeconds: wished, warnings };
  const elapsedSeconds = Math.ceil((rules.now - rules.issuedAt) / 1000);
  const leftSeconds = Math.max(0, maxSeconds - elapsedSeconds);
  if (wished <= leftSeconds) return { ttlSeconds: wished, warnings };
  warnings.push(cappedText('TTL', wished, leftSeconds));
  return { ttlSeconds: leftSeconds, warnings };
}

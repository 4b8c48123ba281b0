// Counts the requests of each client address under one quota. Counters are the process's own, as Vault's are the node's:
// they protect this process, and no answer depends on them but "not now". Memory is bounded over all quotas.
import type { RateLimitRule } from './rules.js';

/** Addresses that are counted one by one, over all quotas of the process: some 17 MB of heap. */
export const ADDRESSES_MAX = 65_536;

/** What newcomers are counted under together while ADDRESSES_MAX are known: more addresses buy nobody more requests. */
const EVERYBODY_ELSE = '';

/** Shared by all limiters of a process. */
export interface AddressBudget {
  taken: number;
}

export interface Taken {
  readonly isAllowed: boolean;
  /** Requests per interval. */
  readonly limit: number;
  readonly remaining: number;
  /** Until the client may ask again, rounded up. */
  readonly resetSeconds: number;
}

interface Bucket {
  /** Milliseconds; when the present interval ends. */
  endsAt: number;
  remaining: number;
  /** Milliseconds; refused altogether before. */
  blockedUntil: number;
}

/** A bucket that is full again at the end of each interval, which begins with a client's first request. */
export class RateLimiter {
  readonly rule: RateLimitRule;
  readonly #limit: number;
  readonly #budget: AddressBudget;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rule: RateLimitRule, budget: AddressBudget) {
    this.rule = rule;
    // As in Vault: whole requests, at least one.
    this.#limit = Math.max(1, Math.round(rule.rate));
    this.#budget = budget;
  }

  /** @param now milliseconds since the epoch */
  take(address: string, now: number): Taken {
    const bucket = this.#bucketOf(address);
    const intervalMs = this.rule.intervalSeconds * 1000;
    // A clock that was set back must not lock clients out for longer than an interval.
    if (now >= bucket.endsAt || now < bucket.endsAt - intervalMs) {
      bucket.endsAt = now + intervalMs;
      bucket.remaining = this.#limit;
    }
    if (now < bucket.blockedUntil) return this.#answer(false, 0, bucket.blockedUntil - now);
    if (bucket.remaining === 0) {
      if (this.rule.blockSeconds > 0) bucket.blockedUntil = now + this.rule.blockSeconds * 1000;
      return this.#answer(false, 0, Math.max(bucket.endsAt, bucket.blockedUntil) - now);
    }
    bucket.remaining -= 1;
    return this.#answer(true, bucket.remaining, bucket.endsAt - now);
  }

  /** Forgets who could ask again anyway. */
  forgetIdle(now: number): void {
    for (const [address, { endsAt, blockedUntil }] of this.#buckets) {
      if (now < endsAt || now < blockedUntil) continue;
      this.#buckets.delete(address);
      this.#budget.taken -= 1;
    }
  }

  /** Gives its part of the budget back. */
  close(): void {
    this.#budget.taken -= this.#buckets.size;
    this.#buckets.clear();
  }

  #bucketOf(address: string): Bucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    if (address !== EVERYBODY_ELSE && this.#budget.taken >= ADDRESSES_MAX) {
      return this.#bucketOf(EVERYBODY_ELSE);
    }
    const made: Bucket = { endsAt: 0, remaining: 0, blockedUntil: 0 };
    this.#buckets.set(address, made);
    this.#budget.taken += 1;
    return made;
  }

  #answer(isAllowed: boolean, remaining: number, waitMs: number): Taken {
    return { isAllowed, limit: this.#limit, remaining, resetSeconds: Math.ceil(waitMs / 1000) };
  }
}

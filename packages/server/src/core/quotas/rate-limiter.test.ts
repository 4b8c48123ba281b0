// Counting requests of addresses: how many, how long, and how much memory that may take.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ADDRESSES_MAX, RateLimiter } from './rate-limiter.js';

const NOW = 1_700_000_000_000;
const RULE = { name: 'q', path: '', role: '', rate: 3, intervalSeconds: 10, blockSeconds: 0 };

function limiter(change: Partial<typeof RULE> = {}): RateLimiter {
  return new RateLimiter({ ...RULE, ...change }, { taken: 0 });
}

function allowed(counted: RateLimiter, times: number, now: number, address = 'a'): number {
  const taken = Array.from({ length: times }, () => counted.take(address, now));
  return taken.filter(({ isAllowed }) => isAllowed).length;
}

describe('RateLimiter', () => {
  it('lets the rate pass in an interval, and again in the next', () => {
    const counted = limiter();
    assert.equal(allowed(counted, 5, NOW), 3);
    assert.equal(allowed(counted, 1, NOW + 9_999), 0);
    assert.equal(allowed(counted, 5, NOW + 10_000), 3);
  });

  it('tells what is left and how long to wait', () => {
    const counted = limiter();
    const first = { isAllowed: true, limit: 3, remaining: 2, resetSeconds: 10 };
    assert.deepEqual(counted.take('a', NOW), first);
    allowed(counted, 2, NOW);
    const over = { isAllowed: false, limit: 3, remaining: 0, resetSeconds: 8 };
    assert.deepEqual(counted.take('a', NOW + 2_500), over);
  });

  it('counts each address for itself', () => {
    const counted = limiter();
    assert.equal(allowed(counted, 9, NOW, 'a'), 3);
    assert.equal(allowed(counted, 9, NOW, 'b'), 3);
  });

  it('blocks a client that went over, even when its interval is over', () => {
    const counted = limiter({ blockSeconds: 60 });
    assert.equal(allowed(counted, 3, NOW), 3);
    assert.equal(counted.take('a', NOW).resetSeconds, 60);
    assert.equal(allowed(counted, 9, NOW + 59_999), 0);
    assert.equal(allowed(counted, 9, NOW + 60_000), 3);
  });

  for (const [rate, limit] of [
    [0.2, 1],
    [1.4, 1],
    [1.5, 2],
    [3, 3],
  ] as const) {
    it(`counts a rate of ${rate} as ${limit}`, () => {
      assert.equal(allowed(limiter({ rate }), 9, NOW), limit);
    });
  }

  it('locks nobody out when the clock is set back', () => {
    const counted = limiter();
    assert.equal(allowed(counted, 9, NOW), 3);
    assert.equal(allowed(counted, 9, NOW - 3_600_000), 3);
  });

  it('counts newcomers together once as many addresses as it may know are known', () => {
    const budget = { taken: ADDRESSES_MAX - 2 };
    const counted = new RateLimiter(RULE, budget);
    counted.take('a', NOW);
    counted.take('b', NOW);
    assert.equal(budget.taken, ADDRESSES_MAX);
    const newcomers = ['c', 'd', 'e', 'f', 'g'].map((each) => counted.take(each, NOW).isAllowed);
    assert.deepEqual(newcomers, [true, true, true, false, false]);
    assert.equal(allowed(counted, 9, NOW, 'a'), 2);
    assert.equal(budget.taken, ADDRESSES_MAX + 1);
  });

  it('forgets who could ask again anyway, and nobody else', () => {
    const budget = { taken: 0 };
    const counted = new RateLimiter({ ...RULE, blockSeconds: 60 }, budget);
    allowed(counted, 9, NOW, 'blocked');
    counted.take('idle', NOW);
    counted.take('busy', NOW + 5_000);
    counted.forgetIdle(NOW + 10_000);
    assert.equal(budget.taken, 2);
    assert.equal(counted.take('blocked', NOW + 10_000).isAllowed, false);
    assert.equal(counted.take('busy', NOW + 10_000).remaining, 1);
    counted.close();
    assert.equal(budget.taken, 0);
  });
});

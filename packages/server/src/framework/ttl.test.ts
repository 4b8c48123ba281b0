// TTL arithmetic against a model that counts every rule out by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { effectiveTtl, type TtlRules } from './ttl.js';

const NONE: TtlRules = {
  wishedSeconds: 0,
  roleTtlSeconds: 0,
  roleMaxTtlSeconds: 0,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  mountDefaultTtlSeconds: 2_764_800,
  mountMaxTtlSeconds: 2_764_800,
  issuedAt: 0,
  now: 0,
};

const rows: readonly [string, Partial<TtlRules>, number, number][] = [
  ['nothing asked gives the mount default', {}, 2_764_800, 0],
  ['a role default wins over the mount', { roleTtlSeconds: 60 }, 60, 0],
  ['a wish wins over the role', { wishedSeconds: 30, roleTtlSeconds: 60 }, 30, 0],
  ['a wish beyond the mount is capped', { wishedSeconds: 2_764_801 }, 2_764_800, 1],
  ['a wish beyond the role is capped', { wishedSeconds: 90, roleMaxTtlSeconds: 60 }, 60, 1],
  ['the explicit maximum caps', { wishedSeconds: 90, explicitMaxTtlSeconds: 50 }, 50, 1],
  ['a renewal counts from now', { wishedSeconds: 90, now: 1_000_000 }, 90, 0],
  [
    'a renewal ends at the maximum from issue',
    { wishedSeconds: 90, roleMaxTtlSeconds: 100, now: 40_000 },
    60,
    1,
  ],
  ['past the maximum nothing is left', { roleMaxTtlSeconds: 100, now: 100_000 }, 0, 1],
  ['a period has no end', { periodSeconds: 60, roleMaxTtlSeconds: 100, now: 99_000_000 }, 60, 0],
  ['a period replaces the wish', { periodSeconds: 60, wishedSeconds: 30 }, 60, 0],
  ['a period is capped by the mount', { periodSeconds: 2_764_801 }, 2_764_800, 1],
  [
    'a period ends at the explicit maximum',
    { periodSeconds: 60, explicitMaxTtlSeconds: 100, now: 70_000 },
    30,
    1,
  ],
];
for (const [name, change, ttlSeconds, warnings] of rows) {
  test(name, () => {
    const got = effectiveTtl({ ...NONE, ...change });
    assert.equal(got.ttlSeconds, ttlSeconds);
    assert.equal(got.warnings.length, warnings);
  });
}

test('the warning is worded as clients know it', () => {
  assert.deepEqual(
    effectiveTtl({ ...NONE, wishedSeconds: 7200, roleMaxTtlSeconds: 3600 }).warnings,
    ['TTL of "2h0m0s" exceeded the effective max_ttl of "1h0m0s"; TTL value is capped accordingly'],
  );
});

/** Walks second by second: alive until the wish is used up or one of the ends has come. */
function model(rules: TtlRules): number {
  const ends = [rules.explicitMaxTtlSeconds];
  let wish = rules.periodSeconds;
  if (wish === 0) {
    ends.push(rules.roleMaxTtlSeconds, rules.mountMaxTtlSeconds);
    wish = [rules.wishedSeconds, rules.roleTtlSeconds, rules.mountDefaultTtlSeconds].find(
      (s) => s > 0,
    )!;
  } else if (wish > rules.mountMaxTtlSeconds) wish = rules.mountMaxTtlSeconds;
  let alive = 0;
  while (alive < wish) {
    const next = rules.now + (alive + 1) * 1000;
    if (ends.some((end) => end > 0 && next > rules.issuedAt + end * 1000)) break;
    alive += 1;
  }
  return alive;
}

test('agrees with the model, and never outlives any maximum', () => {
  const seconds = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 }));
  const set = fc.integer({ min: 1, max: 200 });
  const arbitrary = fc.record({
    wishedSeconds: seconds,
    roleTtlSeconds: seconds,
    roleMaxTtlSeconds: seconds,
    explicitMaxTtlSeconds: seconds,
    periodSeconds: seconds,
    mountDefaultTtlSeconds: set,
    mountMaxTtlSeconds: set,
    issuedAt: fc.constant(1_000_000),
    now: fc.integer({ min: 1_000_000, max: 1_250_000 }),
  });
  fc.assert(
    fc.property(arbitrary, (rules) => {
      const got = effectiveTtl(rules);
      assert.equal(got.ttlSeconds, model(rules));
      if (got.warnings.length === 0 && rules.periodSeconds === 0 && rules.wishedSeconds > 0) {
        assert.equal(got.ttlSeconds, rules.wishedSeconds);
      }
    }),
    { numRuns: 2000 },
  );
});

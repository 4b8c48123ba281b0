// Shares are what every other implementation of the format makes of them, in both directions.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as oracle from 'shamir-secret-sharing';
import { combineShares, splitSecret } from './shamir.js';

function combine(shares: readonly Uint8Array[], length: number): Buffer {
  const secret = Buffer.alloc(length);
  combineShares(shares, secret);
  return secret;
}

const counts = fc
  .integer({ min: 2, max: 12 })
  .chain((parts) =>
    fc.record({ parts: fc.constant(parts), threshold: fc.integer({ min: 2, max: parts }) }),
  );

describe('shamir: split and combine', () => {
  it('gives the secret back from any subset of threshold shares or more, in any order', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        counts,
        fc.infiniteStream(fc.nat()),
        (secret, { parts, threshold }, random) => {
          const shares = splitSecret(secret, parts, threshold);
          const order = shares.map((share) => ({ share, rank: random.next().value ?? 0 }));
          const chosen = order.sort((a, b) => a.rank - b.rank).map(({ share }) => share);
          for (const count of [threshold, parts]) {
            const got = combine(chosen.slice(0, count), secret.length);
            assert.deepEqual(got, Buffer.from(secret));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('gives something else from one share too few', () => {
    fc.assert(
      fc.property(counts, ({ parts, threshold }) => {
        fc.pre(threshold > 2);
        const secret = randomBytes(32);
        const shares = splitSecret(secret, parts, threshold);
        assert.notDeepEqual(combine(shares.slice(0, threshold - 1), 32), secret);
      }),
      { numRuns: 300 },
    );
  });

  it('tells nothing by one share less: each value of a byte is as likely as the others', () => {
    const seen = new Set<number>();
    for (let count = 0; count < 5000; count += 1) {
      seen.add(splitSecret(Buffer.from([7]), 2, 2)[0]?.[0] ?? -1);
    }
    assert.equal(seen.size, 256);
  });

  it('passes a single share through as it is', () => {
    const secret = randomBytes(32);
    const [share] = splitSecret(secret, 1, 1);
    assert.deepEqual(share, secret);
    assert.deepEqual(combine([secret], 32), secret);
  });

  it('makes 255 shares with distinct points, none of them zero', () => {
    const shares = splitSecret(randomBytes(32), 255, 128);
    const points = new Set(shares.map((share) => share[32]));
    assert.equal(points.size, 255);
    assert.ok(!points.has(0));
    assert.ok(shares.every((share) => share.length === 33));
  });
});

describe('shamir: another implementation', () => {
  it('combines what is split here', async () => {
    for (let count = 0; count < 50; count += 1) {
      const secret = randomBytes(32);
      const shares = splitSecret(secret, 5, 3).map((share) => new Uint8Array(share));
      assert.deepEqual(Buffer.from(await oracle.combine(shares.slice(2))), secret);
    }
  });

  it('splits what is combined here', async () => {
    for (let count = 0; count < 50; count += 1) {
      const secret = randomBytes(32);
      const shares = await oracle.split(new Uint8Array(secret), 6, 4);
      assert.deepEqual(combine(shares.slice(1, 5), 32), secret);
    }
  });
});

describe('shamir: refuses', () => {
  const wrongCounts = [
    ...([
      [0, 0],
      [1, 2],
      [2, 1],
      [3, 4],
      [256, 2],
      [2.5, 2],
      [3, 2.5],
      [-1, -1],
    ] as const),
  ];
  for (const [parts, threshold] of wrongCounts) {
    it(`to split into ${parts} with threshold ${threshold}`, () => {
      assert.throws(() => splitSecret(randomBytes(32), parts, threshold), RangeError);
    });
  }

  const shares = splitSecret(randomBytes(32), 3, 2);
  const [a = Buffer.alloc(0), b = Buffer.alloc(0)] = shares;
  const zero = Buffer.concat([b.subarray(0, 32), Buffer.alloc(1)]);
  const samePoint = Buffer.concat([b.subarray(0, 32), a.subarray(32)]);
  const rows: readonly [string, readonly Uint8Array[]][] = [
    ['no shares', []],
    ['the same share twice', [a, a]],
    ['two shares with the same point', [a, samePoint]],
    ['the point zero', [a, zero]],
    ['a share that is shorter than the others', [a, b.subarray(1)]],
    ['a share that is longer than the others', [a, Buffer.concat([b, b])]],
    ['a single share of the wrong length', [a]],
  ];
  for (const [what, parts] of rows) {
    it(`to combine ${what}`, () => {
      assert.throws(() => combine(parts, 32), { code: 'shares-invalid' });
    });
  }
});

// Shamir's secret sharing over GF(2^8) with the AES polynomial 0x11B, byte by byte. A share is the y bytes and then the x
// byte, as Vault's are. No table lookups and no branches on secret bytes: tables leak through the cache (CVE-2023-25000).
import { randomFillSync, randomInt } from 'node:crypto';
import { invalidRequest } from '../framework/errors.js';
import { allocateOffHeap } from '../secret-memory/aead.js';

export const SHARES_MAX = 255;

/** Product in GF(2^8), in the same time for all operands. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = a;
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= -((b >> bit) & 1) & factor;
    factor = ((factor << 1) ^ (-((factor >> 7) & 1) & 0x11b)) & 0xff;
  }
  return product;
}

/** a^254: the inverse, and 0 for 0. The exponent is public. */
function invert(a: number): number {
  let power = a;
  let inverse = 1;
  for (let bit = 1; bit < 8; bit += 1) {
    power = multiply(power, power);
    inverse = multiply(inverse, power);
  }
  return inverse;
}

/** `count` distinct x of 1 to 255, in random order. */
function randomPoints(count: number): Buffer {
  const points = Buffer.from(Array.from({ length: SHARES_MAX }, (_, index) => index + 1));
  for (let index = 0; index < count; index += 1) {
    const other = randomInt(index, SHARES_MAX);
    const point = points[index] ?? 0;
    points[index] = points[other] ?? 0;
    points[other] = point;
  }
  return points.subarray(0, count);
}

/**
 * `parts` shares, any `threshold` of which give the secret back. With one part the share is the secret itself.
 * The caller owns and wipes secret and shares. @throws RangeError when parts and threshold make no sense.
 */
export function splitSecret(secret: Uint8Array, parts: number, threshold: number): Buffer[] {
  if (parts === 1 && threshold === 1) return [copyOffHeap(secret)];
  if (!Number.isInteger(parts) || parts < 2 || parts > SHARES_MAX) {
    throw new RangeError(`parts is not within 2 and ${SHARES_MAX}`);
  }
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > parts) {
    throw new RangeError('threshold is not within 2 and parts');
  }
  const points = randomPoints(parts);
  const shares = Array.from({ length: parts }, (_, part) => {
    const share = allocateOffHeap(secret.length + 1);
    share[secret.length] = points[part] ?? 0;
    return share;
  });
  const coefficients = allocateOffHeap(threshold - 1);
  for (let index = 0; index < secret.length; index += 1) {
    randomFillSync(coefficients);
    for (const share of shares) {
      const x = share[secret.length] ?? 0;
      let y = 0;
      for (const coefficient of coefficients) y = multiply(y ^ coefficient, x);
      share[index] = y ^ (secret[index] ?? 0);
    }
  }
  coefficients.fill(0);
  return shares;
}

/**
 * Writes the secret of `shares` into `into`, which has one byte less than a share. Too few or wrong shares give wrong
 * bytes, not an error: only what the secret opens can tell. One share is the secret itself.
 * @throws ApiError when lengths differ or two shares have the same x.
 */
export function combineShares(shares: readonly Uint8Array[], into: Buffer): void {
  const [first] = shares;
  if (first === undefined) throw invalidRequest('no key shares', 'shares-invalid');
  const yLength = shares.length === 1 ? first.length : first.length - 1;
  if (into.length !== yLength || shares.some((share) => share.length !== first.length)) {
    throw invalidRequest('key shares have the wrong length', 'shares-invalid');
  }
  if (shares.length === 1) {
    into.set(first);
    return;
  }
  // Which x a share has is not secret.
  const points = shares.map((share) => share[yLength] ?? 0);
  if (points.includes(0) || new Set(points).size !== points.length) {
    throw invalidRequest('key shares are not distinct', 'shares-invalid');
  }
  into.fill(0);
  shares.forEach((share, part) => {
    const weight = lagrangeWeight(points, part);
    for (let index = 0; index < yLength; index += 1) {
      into[index] = (into[index] ?? 0) ^ multiply(share[index] ?? 0, weight);
    }
  });
}

function copyOffHeap(secret: Uint8Array): Buffer {
  const share = allocateOffHeap(secret.length);
  share.set(secret);
  return share;
}

/** Value at 0 of the Lagrange polynomial that is 1 at the part's point and 0 at all others. */
function lagrangeWeight(points: readonly number[], part: number): number {
  const own = points[part] ?? 0;
  let weight = 1;
  points.forEach((point, index) => {
    if (index !== part) weight = multiply(weight, multiply(point, invert(point ^ own)));
  });
  return weight;
}

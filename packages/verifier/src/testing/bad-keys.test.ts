// Public keys on the curves of NIST that are none, each wrong in one way, and the providers that have to say so. Holds
// no test of its own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import type { EvidenceError } from '../errors.js';
import { coordinateBytes, curveNames, type EcCurve, ecCurves, spkiOf } from '../pki/raw-key.js';
import type { CryptoProvider } from '../provider.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { derBitString, derOid, derSequence } from './der-writer.js';

const providers = [
  ['node:crypto', nodeProvider],
  ['WebCrypto', webProvider],
] as const;

interface Field {
  readonly oid: string;
  readonly prime: bigint;
  /** y where x is 0, and x where y is 1: coordinates so small that there is room for them plus the prime. */
  readonly yAtZero: bigint;
  readonly xAtOne: bigint;
}

const number = (...hex: readonly string[]) => BigInt(`0x${hex.join('')}`);

const fields: Readonly<Record<EcCurve, Field>> = {
  p256: {
    oid: '1.2.840.10045.3.1.7',
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    yAtZero: number('66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4'),
    xAtOne: number('9e78d4ef60d05f750f6636209092bc43cbdd6b47e11a9de20a9feb2a50bb96c'),
  },
  p384: {
    oid: '1.3.132.0.34',
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    yAtZero: number(
      'c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42d',
      'ea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1',
    ),
    xAtOne: number(
      '2261b2bf605c22f2f3aef6338719b2c486388ad5240719a5',
      '257315969ef01ba27f0a104c89704773a81fdabee6ab5c78',
    ),
  },
  p521: {
    oid: '1.3.132.0.35',
    prime: 2n ** 521n - 1n,
    yAtZero: number(
      '12df13601594a883ef2d935e44bb90bf4d6619b74e52af7552f97769011c0719eb',
      '439cfab2a88d40fe59a2bed1f43557169a2d0a2ccd280c607b92bbf51ffe0b078',
    ),
    xAtOne: number(
      'd9cb7a32dab342f863edb340f3ea61ddf833e755ce66bb1a918a42714ba05bcdf4',
      'ff10994f616a9d80cd0b48b326e3a8a2a8f5634d824875b6e71fb7cddd7b5018',
    ),
  },
};

export interface TestKey {
  readonly sentence: string;
  readonly spki: Uint8Array;
  /** x || y; empty where the key is in an encoding that has no room for both. */
  readonly coordinates: Uint8Array;
}

function spkiOfEncoded(curve: EcCurve, encodedPoint: Uint8Array): Uint8Array {
  const algorithm = derSequence(derOid('1.2.840.10045.2.1'), derOid(fields[curve].oid));
  return derSequence(algorithm, derBitString(encodedPoint));
}

function pointAt(curve: EcCurve, x: bigint, y: bigint): Uint8Array {
  const digits = 2 * coordinateBytes[curve];
  return decodeHex([x, y].map((each) => each.toString(16).padStart(digits, '0')).join(''));
}

/** Two good points with small coordinates: what shows that the prime added to them is why they are refused. */
export function smallPoints(curve: EcCurve): readonly Uint8Array[] {
  const { yAtZero, xAtOne } = fields[curve];
  return [pointAt(curve, 0n, yAtZero), pointAt(curve, xAtOne, 1n)];
}

function goodPoint(key: KeyObject): { readonly curve: EcCurve; readonly point: Uint8Array } {
  const { crv } = key.export({ format: 'jwk' });
  const curve = ecCurves.find((each) => curveNames[each] === crv);
  if (curve === undefined) throw new TypeError('want a public key on a curve of NIST');
  const spki = new Uint8Array(key.export({ type: 'spki', format: 'der' }));
  return { curve, point: spki.subarray(-2 * coordinateBytes[curve]) };
}

/** x || y that are none, most of them made of the public key `good`. */
export function badPoints(good: KeyObject): readonly TestKey[] {
  const { curve, point } = goodPoint(good);
  const length = coordinateBytes[curve];
  const flipped = (at: number) => point.map((byte, index) => (index === at ? byte ^ 1 : byte));
  const { prime, yAtZero, xAtOne } = fields[curve];
  const x = point.subarray(0, length);
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['off its curve by a bit of x', flipped(length - 1)],
    ['off its curve by a bit of y', flipped(2 * length - 1)],
    ['whose coordinates are swapped', concatBytes(point.subarray(length), x)],
    ['whose coordinates are zero', new Uint8Array(2 * length)],
    ['whose x is the prime, for 0', pointAt(curve, prime, yAtZero)],
    ['whose y is the prime and one, for 1', pointAt(curve, xAtOne, prime + 1n)],
    ['whose coordinates are all ones', new Uint8Array(2 * length).fill(0xff)],
    ['of x alone, with zeros behind it', concatBytes(x, new Uint8Array(length))],
  ];
  return rows.map(([sentence, coordinates]) => {
    return { sentence, coordinates, spki: spkiOf(curve, coordinates) };
  });
}

/** Those, and points in other encodings than the one that is taken. */
export function badKeys(good: KeyObject): readonly TestKey[] {
  const { curve, point } = goodPoint(good);
  const x = point.subarray(0, coordinateBytes[curve]);
  const sign = (point[point.length - 1] ?? 0) & 1;
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['at infinity', Uint8Array.of(0)],
    ['at infinity, in the length of a point', concatBytes(Uint8Array.of(0), point)],
    ['that is compressed', concatBytes(Uint8Array.of(2 + sign), x)],
    ['that is hybrid', concatBytes(Uint8Array.of(6 + sign), point)],
    ['without the byte for uncompressed', point],
    ['a byte short', concatBytes(Uint8Array.of(4), point.subarray(0, -1))],
    ['a byte long', concatBytes(Uint8Array.of(4), point, Uint8Array.of(0))],
    ['of x alone', concatBytes(Uint8Array.of(4), x)],
    ['of no bytes', new Uint8Array()],
  ];
  const encoded = rows.map(([sentence, bytes]) => {
    return { sentence, coordinates: new Uint8Array(), spki: spkiOfEncoded(curve, bytes) };
  });
  return [...badPoints(good), ...encoded];
}

/**
 * One test for each key and provider: `attempt` is refused with `public-key-invalid`. And one that shows that `good`
 * in the same place is not, whoever signed.
 */
export function refusesKeys(
  what: string,
  bad: (good: KeyObject) => readonly TestKey[],
  good: KeyObject,
  attempt: (key: TestKey, provider: CryptoProvider) => Promise<unknown>,
): void {
  const { curve, point } = goodPoint(good);
  const sound: TestKey = { sentence: '', coordinates: point, spki: spkiOf(curve, point) };
  for (const [name, provider] of providers) {
    describe(`refuses ${what}, by ${name}`, () => {
      for (const key of bad(good)) {
        it(key.sentence, async () => {
          const code = 'public-key-invalid';
          await assert.rejects(attempt(key, provider), { name: 'EvidenceError', code });
        });
      }
    });

    it(`${what} that is sound is taken by ${name}`, async () => {
      const codes = ['signature-invalid', 'chain-invalid', 'crl-invalid'];
      await attempt(sound, provider).catch((error: EvidenceError) => {
        assert.ok(codes.includes(error.code), String(error));
      });
    });
  }
}

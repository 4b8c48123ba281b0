// Everything about a manifest that is refused.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../encoding/bytes.js';
import { encodeCbor } from '../encoding/cbor-writer.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import {
  amdProfile,
  byChip,
  corimHeader,
  fill,
  launch,
  makeManifest,
  map,
  measured,
  mrtd,
  oidEnvironment,
  plain,
  raw,
  readCorim as read,
  seconds,
  signManifest,
  tag,
  tdx,
  withValues,
} from '../testing/corim.js';
import type { MintCoseOptions } from '../testing/cose.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { ReadCorimInput } from './corim.js';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const others = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const spkiOf = ({ publicKey }: typeof keys): Uint8Array =>
  new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
const sign = (change: Partial<MintCoseOptions> = {}): Uint8Array =>
  signManifest({ signingKey: keys.privateKey, ...change });
const signed = { trust: { kind: 'signed', spkis: [spkiOf(others), spkiOf(keys)] } } as const;

type Refusal = readonly [string, Uint8Array, string, Partial<ReadCorimInput>?];
const refusals: readonly Refusal[] = [
  ['nothing', new Uint8Array(), 'malformed'],
  ['a byte behind it', concatBytes(makeManifest({}), Uint8Array.of(0)), 'trailing-data'],
  ['another tag', encodeCbor(tag(500, map({ 0: 'x' }))), 'unsupported-format'],
  ['no id', makeManifest({ corim: { 0: undefined } }), 'malformed'],
  ['no tags', makeManifest({ tags: [] }), 'malformed'],
  ['a SWID tag', makeManifest({ tags: [tag(505, fill(4, 0))] }), 'unsupported-format'],
  ['dependent manifests', makeManifest({ corim: { 2: [] } }), 'unsupported-format'],
  ['a member that nobody knows', makeManifest({ corim: { 9: 1 } }), 'unsupported-format'],
  [
    'an unknown profile',
    makeManifest({ profile: tag(32, 'https://x.test') }),
    'unsupported-format',
  ],
  [
    'Intel’s profile',
    makeManifest({ profile: tag(111, decodeHex('6086480186f84d01')) }),
    'unsupported-format',
  ],
  ['a profile that is a list', makeManifest({ profile: [amdProfile] }), 'malformed'],
  [
    'validity that is over',
    makeManifest({ corim: { 4: map({ 1: seconds('2026-05-31T00:00:00Z') }) } }),
    'collateral-expired',
  ],
  [
    'validity that has not begun',
    makeManifest({
      corim: { 4: map({ 0: seconds('2026-07-01T00:00:00Z'), 1: seconds('2027-01-01T00:00:00Z') }) },
    }),
    'collateral-not-yet-valid',
  ],
  [
    'validity without an end',
    makeManifest({ corim: { 4: map({ 0: seconds('2026-01-01') }) } }),
    'malformed',
  ],
  [
    'a time without its tag',
    makeManifest({ corim: { 4: map({ 1: 4_000_000_000 }) } }),
    'malformed',
  ],
  ['a CoMID without identity', makeManifest({ comid: { 1: undefined } }), 'malformed'],
  ['a CoMID without triples', makeManifest({ triples: map({}) }), 'unsupported-format'],
  ['linked tags', makeManifest({ comid: { 3: [] } }), 'unsupported-format'],
  ['attestation keys', makeManifest({ triples: map({ 3: [] }) }), 'unsupported-format'],
  ['a conditional series', makeManifest({ triples: map({ 8: [] }) }), 'unsupported-format'],
  [
    'endorsements without reference triples',
    makeManifest({ triples: map({ 1: [[oidEnvironment, [launch(1)]]] }) }),
    'unsupported-format',
  ],
  ['a triple of one', makeManifest({ reference: [[oidEnvironment]] }), 'malformed'],
  [
    'a triple without measurements',
    makeManifest({ reference: [[oidEnvironment, []]] }),
    'malformed',
  ],
  [
    'an environment without class',
    makeManifest({ reference: [[map({}), [launch(1)]]] }),
    'unsupported-format',
  ],
  [
    'an environment of a group',
    makeManifest({
      reference: [[map({ 0: map({ 0: byChip }), 2: tag(560, fill(4, 0)) }), [launch(1)]]],
    }),
    'unsupported-format',
  ],
  [
    'a class with a layer',
    makeManifest({ reference: [[map({ 0: map({ 0: byChip, 3: 1 }) }), [launch(1)]]] }),
    'unsupported-format',
  ],
  [
    'a class of another vendor',
    makeManifest({
      reference: [[map({ 0: map({ 0: tag(111, decodeHex('2a03')) }) }), [launch(1)]]],
    }),
    'unsupported-format',
  ],
  [
    'an OID that is cut short',
    makeManifest({
      reference: [[map({ 0: map({ 0: tag(111, decodeHex('2b9c')) }) }), [launch(1)]]],
    }),
    'malformed',
  ],
  [
    'an author that must have a key',
    makeManifest({ reference: [[oidEnvironment, [map({ 0: 641, 1: map({ 1: 1 }), 2: [] })]]] }),
    'unsupported-format',
  ],
  ['a measurement without value', withValues(measured(641, {})), 'malformed'],
  [
    'a measurement that AMD does not number',
    withValues(measured(9, raw(8, 0))),
    'unsupported-format',
  ],
  ['flags', withValues(measured(2, { 3: map({ 3: false }) })), 'unsupported-format'],
  ['a mask of old', withValues(measured(2, { ...raw(8, 0), 5: fill(8, 1) })), 'unsupported-format'],
  [
    'a mask that asks for nothing',
    withValues(measured(2, { 4: tag(563, [fill(8, 1), fill(8, 0)]) })),
    'unsupported-format',
  ],
  [
    'a mask of another length',
    withValues(measured(2, { 4: tag(563, [fill(8, 1), fill(7, 1)]) })),
    'malformed',
  ],
  [
    'two values of one measurement',
    withValues(measured(1, { 1: 1, 11: 'x' })),
    'unsupported-format',
  ],
  ['a value of another kind', withValues(measured(1, { 11: 'x' })), 'unsupported-format'],
  [
    'a digest by SHA-256',
    withValues(measured(641, { 2: [[1, fill(32, 1)]] })),
    'unsupported-format',
  ],
  [
    'a hash algorithm twice',
    withValues(
      measured(641, {
        2: [
          [7, fill(48, 1)],
          [7, fill(48, 2)],
        ],
      }),
    ),
    'malformed',
  ],
  ['a raw value of another length', withValues(measured(642, raw(31, 1))), 'malformed'],
  ['a least TCB', withValues(measured(647, { 1: tag(553, 9) })), 'unsupported-format'],
  ['a negative version', withValues(measured(1, { 1: -1 })), 'malformed'],
  ['firmware of two numbers', withValues(measured(3330, { 0: map({ 0: '1.55' }) })), 'malformed'],
  ['the same measurement twice', withValues(launch(1), launch(2)), 'malformed'],
  [
    'alternatives that speak of different claims',
    makeManifest({
      reference: [
        [oidEnvironment, [launch(1)]],
        [oidEnvironment, [measured(1, { 1: 1 })]],
      ],
    }),
    'unsupported-format',
  ],
  ['a class that names no format', makeManifest({ profile: undefined }), 'unsupported-format'],
  ['a claim without a name', plain(measured(1, { 1: 1 })), 'unsupported-format'],
  ['a claim with a name that none has', plain(measured('a b', { 1: 1 })), 'input-invalid'],
  ['a version as a claim', plain(measured('x', { 0: map({ 0: '1' }) })), 'unsupported-format'],
  [
    'registers with a key',
    plain(measured('x', { 14: map({ 0: [[7, fill(48, 1)]] }) })),
    'unsupported-format',
  ],
  [
    'a register beyond any',
    plain(measured(undefined, { 14: map({ 99: [[7, fill(48, 1)]] }) })),
    'unsupported-format',
  ],
  [
    'two formats',
    makeManifest({
      profile: undefined,
      reference: [
        [tdx, [mrtd]],
        [map({ 0: map({ 2: 'aws-nitro' }) }), [mrtd]],
      ],
    }),
    'unsupported-format',
  ],
  ['no signature where one is asked for', makeManifest({}), 'input-invalid', signed],
  ['a signature where no key is given', sign(), 'input-invalid'],
  [
    'a signature and an empty list of keys',
    sign(),
    'input-invalid',
    { trust: { kind: 'signed', spkis: [] } },
  ],
  [
    'the signature of another',
    sign({ signingKey: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey }),
    'signature-invalid',
    signed,
  ],
  [
    'another content type',
    sign({ protectedRaw: corimHeader({ 3: 'application/cbor' }) }),
    'unsupported-format',
    signed,
  ],
  [
    'no word about the signer',
    sign({ protectedRaw: corimHeader({ 8: undefined }) }),
    'malformed',
    signed,
  ],
  [
    'a header that nobody knows',
    sign({ protectedRaw: corimHeader({ 258: -16 }) }),
    'unsupported-format',
    signed,
  ],
  [
    'a signature that has run out',
    sign({
      protectedRaw: corimHeader({
        8: encodeCbor(
          map({ 0: map({ 0: 'AMD' }), 1: map({ 1: seconds('2026-01-01T00:00:00Z') }) }),
        ),
      }),
    }),
    'collateral-expired',
    signed,
  ],
  [
    'a signed message that is no manifest',
    sign({ payload: encodeCbor(1) }),
    'unsupported-format',
    signed,
  ],
  ['no time', makeManifest({}), 'input-invalid', { now: new Date(Number.NaN) }],
];

for (const [sentence, bytes, code, change] of refusals) {
  test(`no reference values from ${sentence}`, async () => {
    await assert.rejects(read(bytes, change), { code });
  });
}

test('a genuine statement in COSE that is no CoRIM is refused', {
  skip: skipWithoutVectors,
}, async () => {
  const statement = readVector('snp/confidential-sidecar/uvm-reference-info.cose');
  await assert.rejects(read(statement, signed), { code: 'unsupported-format' });
  await assert.rejects(read(statement), { code: 'input-invalid' });
});

test('no bytes crash the reader, and no changed byte of a signed manifest is accepted', async () => {
  const genuine = sign();
  const refuses = (bytes: Uint8Array, change: Partial<ReadCorimInput>) =>
    assert.rejects(read(bytes, change), EvidenceError);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(genuine.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const bytes = genuine.slice();
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        await refuses(bytes, signed);
      },
    ),
    { numRuns: 300 },
  );
  const unsigned = makeManifest({});
  await fc.assert(
    fc.asyncProperty(
      fc.nat(unsigned.length - 1),
      fc.uint8Array({ maxLength: 8 }),
      async (at, change) => {
        const bytes = unsigned.slice();
        bytes.set(change.subarray(0, bytes.length - at), at);
        await read(bytes).catch((error: unknown) =>
          assert.ok(error instanceof EvidenceError, String(error)),
        );
      },
    ),
    { numRuns: 500 },
  );
});

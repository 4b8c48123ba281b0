// Manifests, unsigned and signed: what becomes of them. What is refused: refusals.test.ts.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { CborValue } from '../encoding/cbor-writer.js';
import { decodeHex } from '../encoding/hex.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import {
  byChip,
  byCsp,
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
  withValues,
} from '../testing/corim.js';
import type { MintCoseOptions } from '../testing/cose.js';

const hex = (length: number, byte: string): string => byte.repeat(length);
test('AMD’s profile: every numbered measurement is a claim of a SEV-SNP report', async () => {
  const { values } = await read(
    withValues(
      measured(0, { 0: map({ 0: '3', 1: 4 }) }),
      measured(1, { 1: tag(553, 4) }),
      measured(2, { 4: tag(563, [decodeHex('00000000000b0000'), decodeHex('00000000000f0000')]) }),
      measured(3, raw(16, 3)),
      measured(4, raw(16, 4)),
      measured(5, { 4: tag(560, decodeHex('00000001')) }),
      measured(6, { 1: tag(552, 0x08_16_00_00_00_00_00_03n) }),
      measured(7, raw(8, 0)),
      launch(0xab),
      measured(642, raw(32, 5)),
      measured(643, raw(48, 6)),
      measured(644, raw(48, 7)),
      measured(647, { 1: 9n }),
      measured(648, raw(1, 25)),
      measured(3328, raw(64, 8)),
      measured(3330, { 0: map({ 0: '1.55.22', 1: 16384 }) }),
    ),
  );
  assert.equal(values.format, 'sev-snp');
  assert.equal(values.kind, 'firmware');
  assert.deepEqual(values.any_of, [
    {
      signer: ['vcek'],
      report_version: [3],
      guest_svn: { min: 4 },
      policy: { set: '00000000000b0000', clear: '0000000000040000' },
      family_id: [hex(16, '03')],
      image_id: [hex(16, '04')],
      vmpl: [1],
      current_tcb: ['0300000000001608'],
      platform_info: [hex(8, '00')],
      measurement: [hex(48, 'ab')],
      host_data: [hex(32, '05')],
      id_key_digest: [hex(48, '06')],
      author_key_digest: [hex(48, '07')],
      reported_tcb: ['0900000000000000'],
      cpuid_family: [25],
      chip_id: [hex(64, '08')],
      current_firmware_major: [1],
      current_firmware_minor: [55],
      current_firmware_build: [22],
    },
  ]);
});

test('AMD’s profile: environments are named by chip, provider or launch measurement', async () => {
  const of = async (classId: CborValue, instance: Uint8Array) => {
    const environment = map({ 0: map({ 0: classId }), 1: tag(560, instance) });
    return (await read(makeManifest({ reference: [[environment, [launch(1)]]] }))).values.any_of[0];
  };
  const measurement = [hex(48, '01')];
  assert.deepEqual(await of(byChip, fill(64, 2)), {
    ...{ signer: ['vcek'], chip_id: [hex(64, '02')], measurement },
  });
  assert.deepEqual(await of(byChip, fill(48, 1)), { signer: ['vcek'], measurement });
  assert.deepEqual(await of(byCsp, new TextEncoder().encode('Cloud')), {
    ...{ signer: ['vlek'], csp_id: ['Cloud'], measurement },
  });
  await assert.rejects(of(byChip, fill(48, 2)), { code: 'unsupported-format' });
});

test('triples are alternatives, and UUIDs, entities and validity are read', async () => {
  const { values } = await read(
    makeManifest({
      reference: [
        [oidEnvironment, [launch(1)]],
        [oidEnvironment, [launch(2)]],
      ],
      comid: { 0: 'en', 1: map({ 0: fill(16, 1) }), 2: [map({ 0: 'AMD', 2: [0] })] },
      corim: {
        4: map({ 0: seconds('2026-01-01T00:00:00Z'), 1: seconds('2027-01-01T00:00:00Z') }),
        5: [map({ 0: 'AMD', 1: tag(32, 'https://amd.com'), 2: [1] })],
      },
    }),
  );
  assert.deepEqual(
    values.any_of.map(({ measurement }) => measurement),
    [[hex(48, '01')], [hex(48, '02')]],
  );
});

test('without a profile a measurement’s key is a claim of the format that the class names', async () => {
  const { values } = await read(
    plain(
      mrtd,
      measured('xfam', { 4: tag(563, [decodeHex('01'), decodeHex('03')]) }),
      measured('quote_version', { 1: tag(553, 4) }),
      measured('tcb_status', { 11: 'UpToDate' }),
      measured(undefined, {
        14: new Map<number | string, CborValue>([
          [1, [[7, fill(48, 1)]]],
          ['rtmr2', [[7, fill(48, 2)]]],
        ]),
      }),
    ),
  );
  assert.equal(values.format, 'tdx-dcap');
  assert.deepEqual(values.any_of, [
    {
      mrtd: [hex(48, 'aa')],
      xfam: { set: '01', clear: '02' },
      quote_version: { min: 4 },
      tcb_status: ['UpToDate'],
      rtmr1: [hex(48, '01')],
      rtmr2: [hex(48, '02')],
    },
  ]);
});

test('endorsed values come along with their conditions, and are not required of evidence', async () => {
  const state = (byte: number): CborValue => [oidEnvironment, [launch(byte)]];
  const svn: CborValue = [oidEnvironment, [measured(1, { 1: 101 })]];
  const { values, endorsements } = await read(
    makeManifest({ triples: map({ 0: [state(1)], 1: [svn], 10: [[[state(2)], [svn]]] }) }),
  );
  assert.equal(values.any_of.length, 1);
  const endorsed = [{ signer: ['vcek'], guest_svn: [101] }];
  assert.deepEqual(endorsements, [
    { conditions: [], endorsed },
    { conditions: [{ signer: ['vcek'], measurement: [hex(48, '02')] }], endorsed },
  ]);
});

const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const others = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const spkiOf = ({ publicKey }: typeof keys): Uint8Array =>
  new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
const sign = (change: Partial<MintCoseOptions> = {}): Uint8Array =>
  signManifest({ signingKey: keys.privateKey, ...change });
const signed = { trust: { kind: 'signed', spkis: [spkiOf(others), spkiOf(keys)] } } as const;

test('a signed manifest is taken from those whose keys the caller has', async () => {
  for (const provider of [nodeProvider, webProvider]) {
    const { values } = await read(sign(), { ...signed, provider });
    assert.equal(values.any_of.length, 1);
  }
  assert.ok(await read(sign({ tagged: false }), signed));
});

/** What corim-rs 0.2.0 (Rust) wrote, with the tag of a manifest before it, which that crate leaves to its caller. */
const written = decodeHex(
  'd901f5a3006d7465737420636f72696d2069640181d901fa58a1a40065656e2d474201a1005043bbe37f2e614b33aed353' +
    'cff1428b160281a3006941434d45204c74642e01d8207468747470733a2f2f61636d652e6578616d706c6502830001' +
    '0204a1008182a100a100d86f492b060104019c78030182a20019028101a1028182075830' +
    '010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101' +
    'a2000101a1010403d82078227461673a616d642e636f6d2c323032343a736e702d636f72696d2d70726f66696c65',
);

test('a manifest that another implementation wrote is read', async () => {
  const { values } = await read(written);
  assert.deepEqual(values.any_of, [
    { signer: ['vcek'], measurement: [hex(48, '01')], guest_svn: [4] },
  ]);
});

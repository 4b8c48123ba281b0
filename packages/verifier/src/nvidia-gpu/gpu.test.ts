// GPU reports of a software NVIDIA, good and with one thing wrong each; every change is signed again unless the row is
// about the signature.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy, parseReferenceValues } from '../appraise/policy.js';
import { sessionNonce } from '../binding.js';
import type { EvidenceErrorCode } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { nodeProvider } from '../provider-node.js';
import { badKeys, refusesKeys } from '../testing/bad-keys.test.js';
import { assertRefusesCleanly, mutationsOf, randomBytes } from '../testing/mutation.test.js';
import {
  createSoftwareNvidia,
  type GpuReportFields,
  gpuDeviceId,
  gpuOpaque,
  mintGpuReport,
  type SoftwareNvidia,
  type SoftwareNvidiaOptions,
} from '../testing/nvidia-gpu.js';
import { mintCrl } from '../testing/x509.js';
import type { ExpectedBinding, VerifiedClaims } from '../types.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import { parseGpuReport } from './parse.js';
import type { GpuEndorsements } from './verify.js';

const day = (text: string) => new Date(`${text}T00:00:00Z`);
const now = day('2026-05-01');
const binding = new Uint8Array(64).map((_, index) => index);
const nonce = await sessionNonce(binding, nodeProvider);
const valid = { notBefore: day('2021-01-01'), notAfter: day('9999-01-01') };
const nvidia = createSoftwareNvidia(valid);
const other = createSoftwareNvidia(valid);
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface Scene {
  readonly nvidia?: SoftwareNvidia;
  readonly report?: Partial<GpuReportFields>;
  /** After it is signed. */
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
  readonly chain?: (chain: readonly Uint8Array[]) => readonly Uint8Array[];
  readonly revocation?: GpuEndorsements['revocation'];
  readonly root?: Uint8Array;
  readonly expectedBinding?: ExpectedBinding;
  readonly now?: Date;
  readonly provider?: CryptoProvider;
}

async function play(scene: Scene = {}): Promise<VerifiedClaims> {
  const vendor = scene.nvidia ?? nvidia;
  const minted = mintGpuReport(vendor, { nonce, ...scene.report });
  return verifyEvidence({
    evidence: parseEvidence(scene.bytes?.(minted) ?? minted, 'nvidia-gpu'),
    endorsements: {
      format: 'nvidia-gpu',
      chain: scene.chain?.(vendor.chain) ?? vendor.chain,
      revocation: scene.revocation ?? { kind: 'not-checked' },
    },
    roots: [{ kind: 'certificate', der: scene.root ?? vendor.root }],
    expectedBinding: scene.expectedBinding ?? binding,
    now: scene.now ?? now,
    provider: scene.provider ?? nodeProvider,
  });
}

const at = (offset: number, value: number) => (bytes: Uint8Array) => {
  const changed = bytes.slice();
  changed[offset] = value;
  return changed;
};
/** Changed before signing: the rule refuses it, not the signature. */
const signed = (offset: number, value: number): Scene => ({
  report: { unsigned: at(offset, value) },
});
const vendor = (options: Partial<SoftwareNvidiaOptions>): Scene => ({
  nvidia: createSoftwareNvidia({ ...valid, ...options }),
});
const digest = (length: number) => new Uint8Array(length).fill(7);
const opaque = (change: (entries: [number, Uint8Array][]) => unknown): Scene => {
  const entries = gpuOpaque(nvidia.fwid).map(([type, value]): [number, Uint8Array] => [
    type,
    value,
  ]);
  change(entries);
  return { report: { opaque: entries } };
};
const withType = (type: number, value: Uint8Array | null) =>
  opaque((entries) => {
    const index = entries.findIndex(([each]) => each === type);
    if (value === null) entries.splice(index, 1);
    else entries[index] = [type, value];
  });
/** Offset of the response in a report. */
const response = 37;

type Rows = readonly (readonly [sentence: string, EvidenceErrorCode, Scene])[];
const rows: Rows = [
  // Signature and session
  ['a report signed by another device', 'signature-invalid', { report: { key: p384.privateKey } }],
  ['a measurement changed after signing', 'signature-invalid', { bytes: at(60, 0x55) }],
  ['our nonce changed after signing', 'signature-invalid', { bytes: at(10, 0x55) }],
  [
    'the signature changed by one bit',
    'signature-invalid',
    { bytes: (bytes) => at(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1)(bytes) },
  ],
  ['a nonce of another session', 'binding-mismatch', { report: { nonce: new Uint8Array(32) } }],
  [
    'the first half of the binding for a nonce',
    'binding-mismatch',
    { report: { nonce: binding.slice(0, 32) } },
  ],
  [
    'an expectation of another session',
    'binding-mismatch',
    { expectedBinding: new Uint8Array(64) },
  ],
  ['an expectation of 32 bytes', 'input-invalid', { expectedBinding: nonce }],
  // Shape
  ['a report cut short', 'malformed', { bytes: (bytes) => bytes.slice(0, -1) }],
  ['a byte behind it', 'trailing-data', { bytes: (bytes) => new Uint8Array([...bytes, 0]) }],
  ['the response alone', 'malformed', { bytes: (bytes) => bytes.slice(response) }],
  ['a request of SPDM 1.2', 'unsupported-version', signed(0, 0x12)],
  ['a response of SPDM 1.2', 'unsupported-version', signed(response, 0x12)],
  ['an error in place of the response', 'malformed', signed(response + 1, 0x7f)],
  ['a request without a signature', 'malformed', signed(2, 0)],
  ['a request for one measurement', 'malformed', signed(3, 1)],
  ['a request for another slot', 'malformed', signed(36, 1)],
  ['an answer from another slot', 'malformed', signed(response + 3, 1)],
  ['measurements that changed meanwhile', 'malformed', signed(response + 3, 0x10)],
  ['an answer that only counts', 'malformed', signed(response + 2, 4)],
  ['fewer blocks than it says', 'malformed', signed(response + 4, 5)],
  ['more blocks than it says', 'trailing-data', signed(response + 4, 3)],
  ['no measurements', 'malformed', { report: { measurements: [] } }],
  [
    'one index twice',
    'malformed',
    {
      report: {
        measurements: [
          [1, digest(48)],
          [1, digest(48)],
        ],
      },
    },
  ],
  ['index zero', 'malformed', { report: { measurements: [[0, digest(48)]] } }],
  ['a digest of 32 bytes', 'malformed', { report: { measurements: [[1, digest(32)]] } }],
  ['a measurement that is raw', 'malformed', signed(response + 8 + 4, 0x81)],
  ['a measurement of another specification', 'malformed', signed(response + 8 + 1, 2)],
  ['a record longer than the report', 'malformed', signed(response + 7, 1)],
  ['opaque data with a type twice', 'malformed', opaque((entries) => entries.push([3, digest(4)]))],
  [
    'opaque data that is too long',
    'malformed',
    opaque((entries) => entries.push([40, digest(1024)])),
  ],
  ['a driver version that is no text', 'malformed', withType(3, Uint8Array.of(0xff, 0))],
  ['a VBIOS version of four bytes', 'malformed', withType(6, digest(4))],
  [
    'a protected PCIe status that is neither on nor off',
    'malformed',
    withType(21, Uint8Array.of(0x54)),
  ],
  // Firmware
  ['firmware that its key does not name', 'report-signer-mismatch', withType(20, digest(48))],
  ['no word on its firmware', 'report-signer-mismatch', withType(20, null)],
  [
    'half a digest of its firmware',
    'report-signer-mismatch',
    withType(20, nvidia.fwid.slice(0, 24)),
  ],
  // Chain
  [
    'a device of another root of the same name',
    'chain-untrusted',
    { nvidia: other, root: nvidia.root },
  ],
  [
    'another device’s chain',
    'chain-invalid',
    { chain: ([leaf = digest(1)]) => [leaf, ...other.chain.slice(1)], root: other.root },
  ],
  ['a chain without its leaf', 'chain-invalid', { chain: (chain) => chain.slice(1) }],
  [
    'a chain without an intermediate',
    'chain-invalid',
    { chain: (chain) => chain.filter((_, index) => index !== 2) },
  ],
  ['the root alone', 'chain-invalid', { chain: (chain) => chain.slice(-1) }],
  ['no chain', 'chain-invalid', { chain: () => [] }],
  ['a chain the other way round', 'chain-untrusted', { chain: (chain) => chain.toReversed() }],
  [
    'a leaf that may not sign reports',
    'chain-invalid',
    vendor({ change: { firmware: { keyUsageBits: 0x20 } } }),
  ],
  [
    'a leaf that is a CA',
    'chain-invalid',
    vendor({ change: { firmware: { ca: true, keyUsageBits: 0x86 } } }),
  ],
  [
    'a leaf of another curve',
    'chain-invalid',
    vendor({ change: { firmware: { publicKey: p256.publicKey } } }),
  ],
  ['a leaf without a device id', 'chain-invalid', vendor({ deviceId: null })],
  [
    'a leaf that names another device',
    'chain-invalid',
    vendor({ deviceId: gpuDeviceId(p384.publicKey, digest(48)) }),
  ],
  ['a device id that is no DER', 'malformed', vendor({ deviceId: digest(4) })],
  [
    'an intermediate that is no CA',
    'chain-invalid',
    vendor({ change: { provisioner: { ca: false } } }),
  ],
  [
    'an expired intermediate',
    'certificate-expired',
    vendor({ change: { identity: { notAfter: day('2026-04-30') } } }),
  ],
  [
    'a leaf of next year',
    'certificate-not-yet-valid',
    vendor({ change: { firmware: { notBefore: day('2027-01-01') } } }),
  ],
  [
    'an expired root',
    'certificate-expired',
    vendor({ change: { root: { notAfter: day('2026-04-30') } } }),
  ],
  ['lists wanted and none given', 'crl-missing', { revocation: { kind: 'crls', crls: [] } }],
  [
    'a revoked intermediate',
    'certificate-revoked',
    { revocation: { kind: 'crls', crls: lists(0x41_43_02) } },
  ],
];

/** A list of every issuer above the device, that of the identity CA with this serial number in it. */
function lists(serial: number): readonly Uint8Array[] {
  return (['root', 'identity', 'provisioner'] as const).map((link) =>
    mintCrl({
      issuer: nvidia.names[link],
      thisUpdate: day('2026-04-30'),
      nextUpdate: day('2026-06-01'),
      revoked: link === 'identity' ? [{ serial, date: day('2026-01-01') }] : [],
      signingKey: nvidia.keys[link],
      signatureAlgorithm: 'ecdsa-p384-sha384',
    }),
  );
}

describe('nvidia-gpu: verify refuses', () => {
  for (const [sentence, code, scene] of rows) {
    it(sentence, async () => {
      await assert.rejects(play(scene), { name: 'EvidenceError', code });
    });
  }
});

refusesKeys('a device’s key', badKeys, p384.publicKey, async ({ spki }, provider) =>
  play({ ...vendor({ change: { firmware: { publicKey: spki } } }), provider }),
);

describe('nvidia-gpu: verify accepts', () => {
  it('a good report, and tells device, versions and measurements', async () => {
    const { values, binding: bound, debug, format } = await play();
    assert.deepEqual([format, bound, debug], ['nvidia-gpu', 'checked', false]);
    assert.equal(values.hwmodel, 'GH100 A01 GSP BROM');
    assert.equal(values.device_serial, '414303');
    assert.equal(values.driver_version, '550.90.07');
    assert.equal(values.vbios_version, '96.00.9F.00.01');
    assert.equal(values.project, '1010');
    assert.equal(values.measurement_3, 'a3'.repeat(48));
    assert.equal(values.measurement_count, 4);
    assert.equal(values.revocation_checked, false);
  });

  it('a chain without its root, which is pinned', async () => {
    assert.equal((await play({ chain: (chain) => chain.slice(0, -1) })).binding, 'checked');
  });

  it('a device that is on no list, and says that it was looked up', async () => {
    const { values } = await play({ revocation: { kind: 'crls', crls: lists(99) } });
    assert.equal(values.revocation_checked, true);
  });

  it('opaque data of a type that nobody knows, under its number', async () => {
    const { values } = await play(opaque((entries) => entries.push([77, Uint8Array.of(1, 2)])));
    assert.equal(values.opaque_77, '0102');
  });

  it('finds the format by itself, in hex too', () => {
    const report = mintGpuReport(nvidia, { nonce });
    assert.equal(parseEvidence(report, 'detect').format, 'nvidia-gpu');
    assert.equal(parseEvidence(Buffer.from(report).toString('hex'), 'detect').format, 'nvidia-gpu');
  });

  it('no input crashes the reader', () => {
    assertRefusesCleanly(mutationsOf(mintGpuReport(nvidia, { nonce })), parseGpuReport, 3000);
    assertRefusesCleanly(randomBytes, parseGpuReport, 1000);
  });

  it('refuses a report cut at every length', () => {
    const report = mintGpuReport(nvidia, { nonce });
    for (let length = 0; length < report.length; length += 1) {
      assert.throws(() => parseGpuReport(report.subarray(0, length)), { name: 'EvidenceError' });
    }
  });

  it('no changed report: every byte, one bit each', async () => {
    const report = mintGpuReport(nvidia, { nonce });
    for (let index = 0; index < report.length; index += 3) {
      const bytes = at(index, (report[index] ?? 0) ^ (1 << (index & 7)));
      await assert.rejects(play({ bytes: () => bytes(report) }), { name: 'EvidenceError' });
    }
  });
});

describe('nvidia-gpu: appraisal', () => {
  const waived = { allow_unchecked_revocation: true };
  const good = { ...waived, require: { measurement_1: ['a1'.repeat(48)] } };
  const policies: readonly (readonly [string, object, readonly string[]])[] = [
    ['passes with a measurement required', good, []],
    [
      'passes with measurements as alternatives',
      { ...waived, any_of: [{ measurement_2: ['a2'.repeat(48)] }] },
      [],
    ],
    ['passes unmeasured, said in so many words', { ...waived, allow_unmeasured: true }, []],
    ['is refused where the policy asks for no measurement', waived, ['gpu-measurements']],
    [
      'is refused where one alternative has no measurement',
      { ...waived, any_of: [{ measurement_2: ['a2'.repeat(48)] }, { project: ['1010'] }] },
      ['gpu-measurements'],
    ],
    [
      'is refused with another measurement',
      { ...waived, require: { measurement_1: ['00'.repeat(48)] } },
      ['requirement'],
    ],
    [
      'is refused without a measurement that is asked for',
      { ...waived, require: { measurement_9: ['00'.repeat(48)] } },
      ['requirement'],
    ],
    [
      'is refused where nobody looked for revocation',
      { ...good, allow_unchecked_revocation: false },
      ['revocation-not-checked'],
    ],
    ['is refused with another driver', { ...good, driver_versions: ['1'] }, ['gpu-driver-version']],
    ['is refused with another VBIOS', { ...good, vbios_versions: ['1'] }, ['gpu-vbios-version']],
    ['is refused as another model', { ...good, hwmodels: ['GB100'] }, ['gpu-model']],
    ['is refused as another device', { ...good, device_serials: ['00'] }, ['gpu-identity']],
  ];
  for (const [sentence, members, codes] of policies) {
    it(sentence, async () => {
      const policy = parseAppraisalPolicy({ name: 'p', formats: { 'nvidia-gpu': members } });
      const { faults } = appraise(await play(), policy, []);
      assert.deepEqual(
        faults.map(({ code }) => code),
        codes,
      );
    });
  }

  it('takes measurements from reference values', async () => {
    const policy = parseAppraisalPolicy({
      name: 'p',
      formats: { 'nvidia-gpu': { ...waived, allow_unmeasured: true } },
    });
    const firmware = (value: string) =>
      parseReferenceValues({
        name: 'vbios',
        kind: 'firmware',
        format: 'nvidia-gpu',
        any_of: [{ measurement_4: [value.repeat(48)] }],
      });
    const claims = await play();
    const passed = appraise(claims, policy, [firmware('a4')]);
    assert.equal(passed.status, 'affirming');
    assert.equal(passed.trustVector.runtime_opaque, 0);
    assert.equal(appraise(claims, policy, [firmware('a5')]).status, 'contraindicated');
  });
});

// NRAS results: the overall token, its devices, and every way to put them together wrongly.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { sessionNonce } from '../../binding.js';
import { nodeProvider } from '../../provider-node.js';
import { createTokenIssuer, mintToken } from '../../testing/token-issuer.js';
import { nrasDevicePayload, nrasOverallPayload, nrasText } from '../../testing/token-payloads.js';
import {
  acceptsLikeEveryToken,
  appraises,
  binding,
  bindingHex,
  claimsTrust,
  merged,
  nowSeconds,
  play,
  refuses,
  refusesLikeEveryToken,
  type Spoiled,
  session,
  type TokenScene,
} from '../../testing/token-scene.test.js';

const issuer = createTokenIssuer('ES384');
const other = createTokenIssuer('ES384', issuer.kid);
const name = 'https://nras.attestation.nvidia.com';
const nonce = await sessionNonce(binding, nodeProvider);
const stale = new Uint8Array(32);

type Members = Record<string, unknown>;
const device = (change: Members = {}, ueid?: string) =>
  merged(nrasDevicePayload(session(name), nonce, ueid), change);

/** One scene per set of devices: what is signed over them is always right. */
function sceneOf(payloads: Record<string, Members>, signer = issuer): TokenScene {
  const devices = Object.fromEntries(
    Object.entries(payloads).map(([key, payload]) => [key, mintToken(signer, payload)]),
  );
  return {
    format: 'nvidia-nras',
    issuer,
    trusted: {
      kind: 'issuer',
      format: 'nvidia-nras',
      issuer: name,
      audience: null,
      keys: issuer.keys,
    },
    payload: nrasOverallPayload(session(name), nonce, devices),
    expires: true,
    wrap: (token) => nrasText(token, devices),
  };
}

const one = sceneOf({ 'GPU-0': device() });
const two = sceneOf({ 'GPU-0': device(), 'GPU-1': device({}, '481859') });
const token = mintToken(issuer, device());
const text = (change: (pair: [unknown, Members]) => unknown): Spoiled => ({
  text: (whole) => JSON.stringify(change(JSON.parse(whole))),
});
const detached = (devices: Members): Spoiled => text(([overall]) => [overall, devices]);
const gpu = (change: Members) => sceneOf({ 'GPU-0': device(change) });
const prefix = 'x-nvidia-gpu-';

acceptsLikeEveryToken(one);
refusesLikeEveryToken(one);

describe('nvidia-nras: facts', () => {
  it('are those of each device, by number', async () => {
    const { values, debug, binding: bound } = await play(two);
    assert.equal(values.device_count, 2);
    assert.equal(values.gpu0_hwmodel, 'GH100 A01 GSP BROM');
    assert.equal(values.gpu1_ueid, '481859');
    assert.deepEqual(values.driver_versions, ['580.159.03']);
    assert.deepEqual(values.vbios_versions, ['96.00.D9.00.01']);
    assert.deepEqual(values.failed_checks, []);
    assert.deepEqual([debug, bound], [false, 'checked']);
  });

  it('of claims 2.0, which state the chain with a flag, are the same', async () => {
    const old = gpu({
      [`${prefix}attestation-report-cert-chain`]: undefined,
      [`${prefix}attestation-report-cert-chain-validated`]: true,
    });
    assert.equal((await play(old)).values.gpu0_oemid, '5703');
  });

  it('say so when any device can be debugged', async () => {
    const scene = sceneOf({ 'GPU-0': device(), 'GPU-1': device({ dbgstat: 'enabled' }, '2') });
    assert.equal((await play(scene)).debug, true);
  });
});

refuses(one, [
  ['a token that is not in a bundle', 'malformed', { text: (whole) => JSON.parse(whole)[0][1] }],
  ['a bundle of one', 'malformed', text(([overall]) => [overall])],
  ['a bundle of three', 'malformed', text((pair) => [...pair, {}])],
  ['an overall token that is no JWT', 'malformed', text(([, devices]) => [['CWT', 'AA'], devices])],
  ['devices in a list', 'malformed', text(([overall, devices]) => [overall, [devices]])],
  ['no device', 'malformed', detached({})],
  ['a name that is none of a device', 'malformed', detached({ gpu: token })],
  [
    'a device twice',
    'malformed',
    { text: (whole) => whole.replace('{"GPU-0"', '{"GPU-0":"a","GPU-0"') },
  ],
  [
    'too many devices',
    'malformed',
    detached(Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`GPU-${i}`, token]))),
  ],
  ['a device that is no token', 'malformed', detached({ 'GPU-0': 'token' })],
  ['another device’s token', 'submodule-mismatch', detached({ 'GPU-0': token })],
  [
    'a device under another name',
    'submodule-mismatch',
    text(([overall, devices]) => [overall, { 'GPU-1': devices['GPU-0'] }]),
  ],
  [
    'a device too many',
    'submodule-mismatch',
    text(([overall, devices]) => [overall, { ...devices, 'GPU-1': token }]),
  ],
  [
    'an overall verdict of no',
    'attestation-failed',
    { payload: { 'x-nvidia-overall-att-result': false } },
  ],
  [
    'no overall verdict',
    'claim-invalid',
    { payload: { 'x-nvidia-overall-att-result': undefined } },
  ],
  ['no submodules', 'claim-invalid', { payload: { submods: undefined } }],
  [
    'a digest by SHA-1',
    'claim-invalid',
    { payload: { submods: { 'GPU-0': ['DIGEST', ['SHA-1', '00'.repeat(20)]] } } },
  ],
  [
    'a digest of 20 bytes',
    'claim-invalid',
    { payload: { submods: { 'GPU-0': ['DIGEST', ['SHA-256', '00'.repeat(20)]] } } },
  ],
  ['a submodule that is no digest', 'claim-invalid', { payload: { submods: { 'GPU-0': 'JWT' } } }],
  [
    'a digest of another token',
    'submodule-mismatch',
    {
      payload: {
        submods: {
          'GPU-0': ['DIGEST', ['SHA-256', createHash('sha256').update('x').digest('hex')]],
        },
      },
    },
  ],
  [
    'the overall nonce of another session',
    'submodule-mismatch',
    { payload: { eat_nonce: '00'.repeat(32) } },
  ],
  ['no nonce', 'claim-invalid', { payload: { eat_nonce: undefined } }],
  ['the binding itself for a nonce', 'claim-invalid', { payload: { eat_nonce: bindingHex } }],
]);

refuses(two, [
  [
    'one of two devices left out',
    'submodule-mismatch',
    text(([overall, devices]) => [overall, { 'GPU-0': devices['GPU-0'] }]),
  ],
]);

for (const [sentence, code, scene] of [
  [
    'a device of another session',
    'submodule-mismatch',
    sceneOf({ 'GPU-0': merged(nrasDevicePayload(session(name), stale)) }),
  ],
  ['all of another session', 'binding-mismatch', staleScene()],
  [
    'one device counted as two',
    'submodule-mismatch',
    sceneOf({ 'GPU-0': device(), 'GPU-1': device({ jti: '2' }) }),
  ],
  ['a device’s token by another key', 'signature-invalid', sceneOf({ 'GPU-0': device() }, other)],
  ['a device’s token of another issuer', 'issuer-untrusted', gpu({ iss: 'https://other.example' })],
  ['a device’s token that is expired', 'token-expired', gpu({ exp: nowSeconds - 1 })],
  [
    'a device’s token of tomorrow',
    'token-not-yet-valid',
    gpu({ iat: nowSeconds + 86_400, exp: nowSeconds + 90_000 }),
  ],
  ['a device’s token for an audience', 'audience-mismatch', gpu({ aud: 'https://us.example' })],
  [
    'a device whose report did not verify',
    'attestation-failed',
    gpu({ [`${prefix}attestation-report-signature-verified`]: false }),
  ],
  [
    'a device that says nothing of its report',
    'attestation-failed',
    gpu({ [`${prefix}attestation-report-signature-verified`]: undefined }),
  ],
  [
    'a device whose nonce did not match',
    'attestation-failed',
    gpu({ [`${prefix}attestation-report-nonce-match`]: false }),
  ],
  [
    'a device without a chain',
    'attestation-failed',
    gpu({ [`${prefix}attestation-report-cert-chain`]: undefined }),
  ],
  [
    'a device whose chain is revoked',
    'attestation-failed',
    gpu({
      [`${prefix}attestation-report-cert-chain`]: {
        'x-nvidia-cert-status': 'valid',
        'x-nvidia-cert-ocsp-status': 'revoked',
      },
    }),
  ],
  ['a device without a measurement result', 'claim-invalid', gpu({ measres: undefined })],
  ['a device without a debug status', 'claim-invalid', gpu({ dbgstat: undefined })],
  ['a device without an identity', 'claim-invalid', gpu({ ueid: undefined })],
  ['a device with a Secure Boot of the wrong type', 'claim-invalid', gpu({ secboot: 'true' })],
] as const) {
  refuses(scene, [[sentence, code, {}]]);
}

function staleScene(): TokenScene {
  const scene = sceneOf({ 'GPU-0': merged(nrasDevicePayload(session(name), stale)) });
  return { ...scene, payload: merged(scene.payload, { eat_nonce: '00'.repeat(32) }) };
}

appraises(two, [
  ['passes', {}, []],
  [
    'passes with models and versions listed',
    { hwmodels: ['GH100 A01 GSP BROM'], driver_versions: ['580.159.03'] },
    [],
  ],
  ['is refused with another driver', { driver_versions: ['590.1'] }, ['gpu-driver-version']],
  ['is refused with another VBIOS', { vbios_versions: ['1'] }, ['gpu-vbios-version']],
  ['is refused with another model', { hwmodels: ['GB100'] }, ['gpu-model']],
  ['is refused when one of two devices is not listed', { ueids: ['481858'] }, ['gpu-identity']],
]);

appraises(gpu({ measres: 'fail' }), [
  ['with other measurements is refused', {}, ['gpu-measurements']],
]);
appraises(gpu({ measres: 'not-run' }), [
  ['that was not measured is refused', {}, ['gpu-measurements']],
]);
appraises(gpu({ secboot: false }), [['without secure boot is refused', {}, ['gpu-secure-boot']]]);
appraises(gpu({ dbgstat: 'enabled' }), [['in debug mode is refused', {}, ['debug']]]);
appraises(gpu({ [`${prefix}vbios-rim-signature-verified`]: false }), [
  ['with a failed check is refused', {}, ['gpu-check']],
  [
    'with a failed check passes if that is accepted',
    { allow_failed_checks: ['gpu-vbios-rim-signature-verified'] },
    [],
  ],
]);
appraises(sceneOf({ 'GPU-0': device(), 'GPU-1': device({ measres: 'fail' }, '2') }), [
  ['is refused when one of two devices failed, whatever the whole says', {}, ['gpu-measurements']],
]);

claimsTrust(two, [
  ['is silent on memory', {}, { configuration: 2, hardware: 2 }],
  [
    'is silent on memory with every version listed',
    { driver_versions: ['580.159.03'], vbios_versions: ['96.00.D9.00.01'] },
    { configuration: 2, hardware: 2 },
  ],
  [
    'is silent on memory with reference values too',
    {},
    { configuration: 2, executables: 2, hardware: 2 },
    {},
    { measurement_results: { subset_of: ['success'] } },
  ],
  [
    'warns of a driver that is not listed',
    { driver_versions: ['590.1'] },
    { configuration: 2, hardware: 32 },
  ],
]);
claimsTrust(gpu({ dbgstat: 'enabled' }), [
  [
    'of a device in debug mode has a claim on memory',
    {},
    {
      configuration: 96,
      hardware: 2,
      runtime_opaque: 96,
    },
  ],
]);
claimsTrust(gpu({ measres: 'fail' }), [
  [
    'of a device with other measurements warns',
    {},
    {
      configuration: 2,
      executables: 33,
      hardware: 2,
    },
  ],
]);

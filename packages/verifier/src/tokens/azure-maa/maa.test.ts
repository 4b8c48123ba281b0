// Azure Attestation tokens: SGX, TDX, SEV-SNP and whole confidential VMs, good and spoiled.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTokenIssuer } from '../../testing/token-issuer.js';
import { maaPayload } from '../../testing/token-payloads.js';
import {
  acceptsLikeEveryToken,
  appraises,
  binding,
  bindingHex,
  claimsTrust,
  merged,
  play,
  refuses,
  refusesLikeEveryToken,
  type Spoiled,
  session,
  type TokenScene,
} from '../../testing/token-scene.test.js';

const issuer = createTokenIssuer('RS256');
const name = 'https://tenant.weu.attest.azure.net';

function sceneOf(type: Parameters<typeof maaPayload>[1]): TokenScene {
  return {
    format: 'azure-maa',
    issuer,
    trusted: {
      kind: 'issuer',
      format: 'azure-maa',
      issuer: name,
      audience: null,
      keys: issuer.keys,
    },
    payload: maaPayload(session(name), type),
    expires: true,
  };
}

const sgx = sceneOf('sgx');
const tdx = sceneOf('tdxvm');
const snp = sceneOf('sevsnpvm');
const vm = sceneOf('azurevm');
const without = (...names: string[]): Spoiled => ({
  payload: Object.fromEntries(names.map((each) => [each, undefined])),
});
const isolation = vm.payload['x-ms-isolation-tee'] as Record<string, unknown>;
const inTee = (change: object): Spoiled => ({
  payload: { 'x-ms-isolation-tee': merged({ ...isolation, ...change }) },
});
const nonce = (text: unknown): Spoiled => ({
  payload: { 'x-ms-runtime': { 'client-payload': { nonce: text } } },
});

acceptsLikeEveryToken(snp);
refusesLikeEveryToken(snp);

describe('azure-maa: facts', () => {
  it('of an enclave have the names that those of an SGX quote have', async () => {
    const { values, debug, tcbStatus } = await play(sgx);
    assert.equal(values.mrenclave, 'e1'.repeat(32));
    assert.equal(values.mrsigner, 'e2'.repeat(32));
    assert.deepEqual([values.isvprodid, values.isvsvn], [1, 2]);
    assert.equal(values.report_data, bindingHex);
    assert.deepEqual([debug, tcbStatus, values.tcb_status], [false, null, 'unstated']);
  });

  it('of a TD have the names that those of a TDX quote have', async () => {
    const { values, debug, tcbStatus } = await play(tdx);
    assert.equal(values.mrtd, 'ab'.repeat(48));
    assert.equal(values.rtmr2, 'a2'.repeat(48));
    assert.equal(values.td_attributes_sept_ve_disable, true);
    assert.deepEqual([debug, tcbStatus, values.tcb_status], [false, 'UpToDate', 'UpToDate']);
  });

  it('of an SNP guest have the names that those of its report have', async () => {
    const { values, debug } = await play(snp);
    assert.equal(values.measurement, 'ab'.repeat(48));
    assert.equal(values.host_data, 'cd'.repeat(32));
    assert.equal(values.reported_tcb_snp, 24);
    assert.equal(values.vmpl, 0);
    assert.equal(debug, false);
  });

  it('of a confidential VM are its TEE’s, and the session is in the payload’s nonce', async () => {
    const { values, binding: bound } = await play(vm);
    assert.equal(values.attestation_type, 'azurevm');
    assert.equal(values.isolation_type, 'sevsnpvm');
    assert.equal(values.compliance_status, 'azure-compliant-cvm');
    assert.equal(values.report_data, '77'.repeat(64));
    assert.equal(bound, 'checked');
  });

  for (const [sentence, scene, spoiled] of [
    ['an enclave', sgx, { payload: { 'x-ms-sgx-is-debuggable': true } }],
    ['a TD', tdx, { payload: { tdx_td_attributes: '0100001000000000' } }],
    ['a profiled TD', tdx, { payload: { tdx_td_attributes: '2000001000000000' } }],
    ['an SNP guest', snp, { payload: { 'x-ms-sevsnpvm-is-debuggable': true } }],
    ['a VM’s TEE', vm, inTee({ 'x-ms-sevsnpvm-is-debuggable': true })],
    ['a VM’s kernel', vm, { payload: { 'x-ms-azurevm-kerneldebug-enabled': true } }],
    ['a VM’s boot', vm, { payload: { 'x-ms-azurevm-bootdebug-enabled': true } }],
    [
      'a VM that does not keep debuggers out',
      vm,
      { payload: { 'x-ms-azurevm-debuggersdisabled': false } },
    ],
  ] as const) {
    it(`say so when ${sentence} can be debugged`, async () => {
      assert.equal((await play(scene, spoiled)).debug, true);
    });
  }
});

refuses(sgx, [
  ['an enclave without MRENCLAVE', 'claim-invalid', without('x-ms-sgx-mrenclave')],
  [
    'an enclave that does not say whether it can be debugged',
    'claim-invalid',
    without('x-ms-sgx-is-debuggable'),
  ],
  [
    'a debug state in a string',
    'claim-invalid',
    { payload: { 'x-ms-sgx-is-debuggable': 'false' } },
  ],
  [
    'MRENCLAVE of 31 bytes',
    'claim-invalid',
    { payload: { 'x-ms-sgx-mrenclave': 'e1'.repeat(31) } },
  ],
  ['an enclave without REPORT_DATA', 'binding-mismatch', without('x-ms-sgx-report-data')],
  ['no attestation type', 'claim-invalid', without('x-ms-attestation-type')],
  ['a TPM attestation', 'claim-invalid', { payload: { 'x-ms-attestation-type': 'tpm' } }],
  [
    'an attestation type of an object’s own name',
    'claim-invalid',
    { payload: { 'x-ms-attestation-type': 'toString' } },
  ],
  ['no policy hash', 'claim-invalid', without('x-ms-policy-hash')],
  [
    'enclave claims under another type',
    'claim-invalid',
    { payload: { 'x-ms-attestation-type': 'tdxvm' } },
  ],
]);

refuses(tdx, [
  ['a revoked TCB', 'tcb-revoked', { payload: { attester_tcb_status: 'Revoked' } }],
  ['a TCB status that nobody knows', 'claim-invalid', { payload: { attester_tcb_status: 'Fine' } }],
  ['a TD without RTMR 3', 'claim-invalid', without('tdx_rtmr3')],
  [
    'a TD whose claims disagree on debugging',
    'claim-invalid',
    { payload: { tdx_is_debuggable: true } },
  ],
  [
    'a TD with another REPORT_DATA',
    'binding-mismatch',
    { payload: { tdx_report_data: '00'.repeat(64) } },
  ],
]);

refuses(snp, [
  ['a guest without a VMPL', 'claim-invalid', without('x-ms-sevsnpvm-vmpl')],
  ['a VMPL below zero', 'claim-invalid', { payload: { 'x-ms-sevsnpvm-vmpl': -1 } }],
  [
    'REPORT_DATA that is a digest of runtime data, not the binding',
    'binding-mismatch',
    { payload: { 'x-ms-sevsnpvm-reportdata': '11'.repeat(64), 'x-ms-runtime': { keys: [] } } },
  ],
]);

refuses(vm, [
  ['a VM without a TEE', 'attestation-failed', without('x-ms-isolation-tee')],
  ['a VM within a VM', 'claim-invalid', inTee({ 'x-ms-attestation-type': 'azurevm' })],
  [
    'a VM whose TEE lacks its measurement',
    'claim-invalid',
    inTee({ 'x-ms-sevsnpvm-launchmeasurement': undefined }),
  ],
  ['a VM without a nonce', 'binding-mismatch', without('x-ms-runtime')],
  ['a VM with an empty nonce', 'binding-mismatch', nonce('')],
  ['a nonce in hex', 'binding-mismatch', nonce(bindingHex)],
  [
    'a nonce of the first 32 bytes',
    'binding-mismatch',
    nonce(Buffer.from(binding.slice(0, 32)).toString('base64')),
  ],
  [
    'a nonce that goes on',
    'binding-mismatch',
    nonce(Buffer.from([...binding, 0]).toString('base64')),
  ],
  ['a nonce that is no text', 'claim-invalid', nonce(7)],
  [
    'the binding in REPORT_DATA, where Azure’s own keys belong',
    'binding-mismatch',
    {
      payload: {
        ...inTee({ 'x-ms-sevsnpvm-reportdata': bindingHex }).payload,
        ...nonce('').payload,
      },
    },
  ],
]);

const pinned = { policy_hashes: ['policy-hash'] };

appraises(snp, [
  ['passes with its policy pinned', pinned, []],
  ['passes with any policy, said in so many words', { policy_hashes: null }, []],
  ['is refused where no policy is pinned', {}, ['policy-hash']],
  ['is refused under another policy', { policy_hashes: ['other'] }, ['policy-hash']],
  ['is refused as another type', { ...pinned, attestation_types: ['sgx'] }, ['attestation-type']],
  [
    'is refused when Azure does not vouch for it',
    pinned,
    ['compliance-status'],
    { payload: { 'x-ms-compliance-status': 'not-compliant' } },
  ],
  [
    'in debug mode is refused',
    pinned,
    ['debug'],
    { payload: { 'x-ms-sevsnpvm-is-debuggable': true } },
  ],
  [
    'is refused when its token is old',
    { ...pinned, max_age_seconds: { token: 29 } },
    ['endorsement-too-old'],
  ],
  [
    'with another measurement is refused',
    { ...pinned, require: { measurement: ['00'.repeat(48)] } },
    ['requirement'],
  ],
]);

appraises(sgx, [
  ['is refused for want of a TCB status', pinned, ['tcb-status']],
  [
    'passes without one, if its policy is trusted for that',
    { ...pinned, tcb_statuses: ['unstated'] },
    [],
  ],
]);

appraises(tdx, [
  ['passes', pinned, []],
  [
    'is refused when out of date',
    pinned,
    ['tcb-status'],
    { payload: { attester_tcb_status: 'OutOfDate' } },
  ],
  [
    'is refused in an older spelling too',
    pinned,
    ['tcb-status'],
    { payload: { attester_tcb_status: 'OUT_OF_DATE' } },
  ],
]);

const unstated = { ...pinned, tcb_statuses: ['unstated'] };
const noStatus: Spoiled = without('attester_tcb_status', 'attester_tcb_date');

claimsTrust(sgx, [
  ['of an enclave is silent on the hardware', unstated, { configuration: 2, runtime_opaque: 2 }],
  [
    'of an enclave is silent on it with measurements too',
    unstated,
    { configuration: 2, executables: 2, runtime_opaque: 2 },
    {},
    { mrenclave: ['e1'.repeat(32)] },
  ],
  [
    'of an enclave whose status is asked for warns of the hardware',
    pinned,
    { configuration: 2, hardware: 32, runtime_opaque: 2 },
  ],
  [
    'of an enclave in debug mode affirms nothing',
    unstated,
    { configuration: 96, runtime_opaque: 96 },
    { payload: { 'x-ms-sgx-is-debuggable': true } },
  ],
]);

claimsTrust(tdx, [
  ['of a TD speaks of its hardware', pinned, { configuration: 2, hardware: 2, runtime_opaque: 2 }],
  [
    'of a TD without a status is silent on it',
    unstated,
    { configuration: 2, runtime_opaque: 2 },
    noStatus,
  ],
  [
    'of a TD without a status is silent on it where any will do',
    { ...pinned, tcb_statuses: null },
    { configuration: 2, runtime_opaque: 2 },
    noStatus,
  ],
  [
    'of a TD with other measurements warns',
    pinned,
    { configuration: 2, executables: 33, hardware: 2, runtime_opaque: 2 },
    {},
    { mrtd: ['00'.repeat(48)] },
  ],
]);

for (const scene of [snp, vm]) {
  claimsTrust(scene, [
    [
      'of an SNP guest speaks of its hardware, and of no identity, file or disk',
      pinned,
      { configuration: 2, hardware: 2, runtime_opaque: 2 },
    ],
  ]);
}

claimsTrust(vm, [
  [
    'of a VM in a TD without a status is silent on the hardware',
    unstated,
    { configuration: 2, runtime_opaque: 2 },
    {
      payload: {
        'x-ms-isolation-tee': merged(tdx.payload, {
          attester_tcb_status: undefined,
          'x-ms-compliance-status': 'azure-compliant-cvm',
        }),
      },
    },
  ],
]);

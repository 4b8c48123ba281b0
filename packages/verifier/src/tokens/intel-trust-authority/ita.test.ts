// Intel Trust Authority tokens: TDX and SGX, with and without the service's nonce, good and spoiled.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTokenIssuer } from '../../testing/token-issuer.js';
import { type ItaOptions, itaPayload } from '../../testing/token-payloads.js';
import {
  acceptsLikeEveryToken,
  appraises,
  binding,
  bindingHex,
  claimsTrust,
  play,
  refuses,
  refusesLikeEveryToken,
  type Spoiled,
  session,
  type TokenScene,
} from '../../testing/token-scene.test.js';

const issuer = createTokenIssuer('PS384');
const name = 'https://portal.trustauthority.intel.com';

function sceneOf(options: ItaOptions): TokenScene {
  return {
    format: 'intel-trust-authority',
    issuer,
    trusted: {
      kind: 'issuer',
      format: 'intel-trust-authority',
      issuer: name,
      audience: null,
      keys: issuer.keys,
    },
    payload: itaPayload(session(name), options),
    expires: true,
  };
}

const tdx = sceneOf({ tee: 'TDX', bind: 'nonce' });
const sgx = sceneOf({ tee: 'SGX', bind: 'nonce' });
const direct = sceneOf({ tee: 'TDX', bind: 'direct' });
const payload = (change: Record<string, unknown>): Spoiled => ({ payload: change });
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const nonce = tdx.payload.verifier_nonce as Record<string, unknown>;

acceptsLikeEveryToken(tdx);
refusesLikeEveryToken(tdx);

describe('intel-trust-authority: facts', () => {
  it('of a TD have the names that those of a TDX quote have', async () => {
    const { values, debug, tcbStatus, advisories } = await play(tdx);
    assert.equal(values.mrtd, 'ab'.repeat(48));
    assert.equal(values.tcb_date, '2025-03-12T00:00:00Z');
    assert.deepEqual(values.policy_ids_matched, ['policy-1']);
    assert.deepEqual([debug, tcbStatus, advisories], [false, 'UpToDate', []]);
  });

  it('of an enclave have the names that those of an SGX quote have', async () => {
    const { values } = await play(sgx);
    assert.equal(values.mrenclave, 'e1'.repeat(32));
    assert.equal(values.isvsvn, 2);
  });

  it('tell the advisories', async () => {
    const ids = ['INTEL-SA-00586', 'INTEL-SA-00614'];
    const { advisories } = await play(tdx, payload({ attester_advisory_ids: ids }));
    assert.deepEqual(advisories, ids);
  });

  for (const [sentence, scene, spoiled] of [
    ['the token says so of the whole', tdx, payload({ dbgstat: 'enabled' })],
    ['the token says something nobody knows', tdx, payload({ dbgstat: 'off' })],
    ['the TD’s attributes say so', tdx, payload({ tdx_td_attributes: '0100001000000000' })],
    ['the enclave does', sgx, payload({ sgx_is_debuggable: true })],
  ] as const) {
    it(`say that it can be debugged when ${sentence}`, async () => {
      assert.equal((await play(scene, spoiled)).debug, true);
    });
  }

  for (const bind of ['nonce', 'held', 'direct'] as const) {
    for (const tee of ['TDX', 'SGX'] as const) {
      it(`${tee}: bound by ${bind}`, async () => {
        assert.equal((await play(sceneOf({ tee, bind }))).binding, 'checked');
      });
    }
  }
});

refuses(tdx, [
  ['no kind of attester', 'claim-invalid', payload({ attester_type: undefined })],
  ['a kind of attester that nobody knows', 'claim-invalid', payload({ attester_type: 'NVGPU' })],
  ['a TD under the word for enclaves', 'claim-invalid', payload({ attester_type: 'SGX' })],
  ['no debug status', 'claim-invalid', payload({ dbgstat: undefined })],
  ['no MRTD', 'claim-invalid', payload({ tdx_mrtd: undefined })],
  ['an MRTD that is not hex', 'claim-invalid', payload({ tdx_mrtd: 'xy'.repeat(48) })],
  ['a revoked TCB', 'tcb-revoked', payload({ attester_tcb_status: 'REVOKED' })],
  ['a TCB status that nobody knows', 'claim-invalid', payload({ attester_tcb_status: 'OK' })],
  [
    'held data of another session',
    'claim-invalid',
    payload({ attester_held_data: base64(new Uint8Array(64)) }),
  ],
  [
    'held data that goes on',
    'claim-invalid',
    payload({ attester_held_data: base64(new Uint8Array([...binding, 0])) }),
  ],
  ['held data in base64url', 'malformed', payload({ attester_held_data: '-_'.repeat(44) })],
  ['a nonce without held data', 'claim-invalid', payload({ attester_held_data: undefined })],
  ['held data whose nonce was taken away', 'claim-invalid', payload({ verifier_nonce: undefined })],
  [
    'another nonce',
    'claim-invalid',
    payload({ verifier_nonce: { ...nonce, val: base64(new Uint8Array(64)) } }),
  ],
  ['a nonce without its time', 'claim-invalid', payload({ verifier_nonce: { val: nonce.val } })],
  ['another REPORT_DATA', 'claim-invalid', payload({ tdx_report_data: bindingHex })],
  [
    'matched policies that are no list',
    'claim-invalid',
    payload({ policy_ids_matched: 'policy-1' }),
  ],
  [
    'a matched policy without an id',
    'claim-invalid',
    payload({ policy_ids_matched: [{ version: 'v1' }] }),
  ],
  ['a matched policy that is a number', 'claim-invalid', payload({ policy_ids_matched: [1] })],
]);

refuses(direct, [
  [
    'REPORT_DATA of another session',
    'binding-mismatch',
    payload({ tdx_report_data: '00'.repeat(64) }),
  ],
  ['REPORT_DATA of 32 bytes', 'claim-invalid', payload({ tdx_report_data: '00'.repeat(32) })],
]);

refuses(sgx, [
  [
    'a digest of which the second half is not zero',
    'claim-invalid',
    payload({ sgx_report_data: `${String(sgx.payload.sgx_report_data).slice(0, 126)}01` }),
  ],
  ['an enclave without MRSIGNER', 'claim-invalid', payload({ sgx_mrsigner: undefined })],
]);

const pinned = { policy_ids: ['policy-1'] };

appraises(tdx, [
  ['passes with its policy matched', pinned, []],
  ['passes with any policy or none, said in so many words', { policy_ids: null }, []],
  ['is refused where no policy is asked for', {}, ['policy-not-matched']],
  [
    'is refused when another policy was matched',
    { policy_ids: ['policy-2'] },
    ['policy-not-matched'],
  ],
  [
    'is refused when no policy was matched',
    pinned,
    ['policy-not-matched'],
    payload({ policy_ids_matched: [] }),
  ],
  [
    'is refused when the token tells of no policies',
    pinned,
    ['policy-not-matched'],
    payload({ policy_ids_matched: null }),
  ],
  [
    'passes with ids as older tokens list them',
    pinned,
    [],
    payload({ policy_ids_matched: ['policy-1'] }),
  ],
  [
    'is refused when another policy was not met',
    pinned,
    ['policy-unmatched'],
    payload({ policy_ids_unmatched: [{ id: 'policy-2' }] }),
  ],
  ['is refused as another TEE', { ...pinned, tees: ['sgx'] }, ['attestation-type']],
  [
    'is refused when out of date',
    pinned,
    ['tcb-status'],
    payload({ attester_tcb_status: 'OUT_OF_DATE' }),
  ],
  [
    'is refused without a TCB status',
    pinned,
    ['tcb-status'],
    payload({ attester_tcb_status: undefined }),
  ],
  ['in debug mode is refused', pinned, ['debug'], payload({ dbgstat: 'enabled' })],
]);

for (const scene of [tdx, sgx]) {
  claimsTrust(scene, [
    [
      'speaks of configuration, hardware and memory',
      pinned,
      { configuration: 2, hardware: 2, runtime_opaque: 2 },
    ],
    [
      'without a TCB status is silent on the hardware',
      { ...pinned, tcb_statuses: null },
      { configuration: 2, runtime_opaque: 2 },
      payload({ attester_tcb_status: undefined }),
    ],
    [
      'without a TCB status is silent on it, if that is accepted in so many words',
      { ...pinned, tcb_statuses: ['unstated'] },
      { configuration: 2, runtime_opaque: 2 },
      payload({ attester_tcb_status: undefined }),
    ],
    [
      'out of date warns of the hardware',
      pinned,
      { configuration: 2, hardware: 32, runtime_opaque: 2 },
      payload({ attester_tcb_status: 'OutOfDate' }),
    ],
    [
      'without the policy that is asked for contraindicates',
      { policy_ids: ['policy-2'] },
      { configuration: 96, hardware: 2, runtime_opaque: 2 },
    ],
  ]);
}

claimsTrust(tdx, [
  [
    'affirms executables by reference values alone',
    pinned,
    { configuration: 2, executables: 2, hardware: 2, runtime_opaque: 2 },
    {},
    { mrtd: ['ab'.repeat(48)] },
  ],
]);

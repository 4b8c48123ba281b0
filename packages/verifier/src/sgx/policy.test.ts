// What the policy for enclaves finds, and the claims that it reads.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { defaultAppraisalPolicy, parseAppraisalPolicy } from '../appraise/policy.js';
import { later, reportData } from '../testing/dcap-scene.test.js';
import { playSgx, type SgxScene } from '../testing/sgx-scene.test.js';
import type { AttestationResult } from '../types.js';

async function judge(scene: SgxScene, members: object = {}): Promise<AttestationResult> {
  const policy = parseAppraisalPolicy({ name: 'p', formats: { 'sgx-dcap': members } });
  return appraise(await playSgx(scene), policy, []);
}

const attributes = (...flags: number[]): SgxScene => {
  const value = new Uint8Array(16);
  value.set(flags);
  value[8] = 7;
  return { quote: { report: { reportData, attributes: value } } };
};
const codes = ({ faults }: AttestationResult): string[] => faults.map(({ code }) => code);

describe('the policy for enclaves', () => {
  it('fills in the stricter choice where a document says nothing', () => {
    assert.deepEqual(defaultAppraisalPolicy.formats['sgx-dcap'], {
      require: {},
      any_of: [],
      max_age_seconds: {},
      tcb_statuses: ['UpToDate'],
      advisories: null,
      min_tcb_evaluation_number: 0,
      allow_provision_key: false,
      allow_einittoken_key: false,
      sgx_types: null,
    });
  });

  const old: SgxScene = {
    collateral: { tcbInfoText: (text) => text.replace('"svn":5', '"svn":6') },
  };
  const rows: [string, SgxScene, object, string[]][] = [
    ['finds nothing wrong with good evidence', {}, {}, []],
    ['finds debug', attributes(0x07), {}, ['debug']],
    ['finds the provisioning key', attributes(0x15), {}, ['provision-key']],
    ['accepts it if told to', attributes(0x15), { allow_provision_key: true }, []],
    ['finds the key that launches others', attributes(0x25), {}, ['einittoken-key']],
    ['accepts that too', attributes(0x25), { allow_einittoken_key: true }, []],
    ['finds both', attributes(0x35), {}, ['provision-key', 'einittoken-key']],
    ['finds an enclave that is not initialised', attributes(0x04), {}, ['not-initialised']],
    ['finds a reserved attribute', attributes(0x0d), {}, ['reserved-attributes']],
    ['finds a reserved attribute far up', attributes(5, 8), {}, ['reserved-attributes']],
    ['accepts CET, KSS and AEX-notify', attributes(0xc5, 4), {}, []],
    [
      'finds a reserved bit of MISCSELECT',
      { quote: { report: { reportData, miscSelect: Uint8Array.of(4, 0, 0, 0) } } },
      {},
      ['reserved-attributes'],
    ],
    ['finds an old platform', old, {}, ['tcb-status']],
    ['finds its advisories', old, { tcb_statuses: ['OutOfDate'], advisories: [] }, ['advisory']],
    [
      'accepts them by name',
      old,
      { tcb_statuses: ['OutOfDate'], advisories: ['INTEL-SA-00001'] },
      [],
    ],
    [
      'finds collateral from before a recovery',
      {},
      { min_tcb_evaluation_number: 19 },
      ['tcb-evaluation-number'],
    ],
    ['finds memory without integrity', {}, { sgx_types: ['standard'] }, ['sgx-type']],
    ['accepts it by name', {}, { sgx_types: ['scalable'] }, []],
    ['finds an enclave that is another', {}, { require: { mrenclave: ['00'] } }, ['requirement']],
    ['finds a low ISVSVN', {}, { require: { isvsvn: { min: 2 } } }, ['requirement']],
    [
      'finds XFRM bits that nobody wants',
      {},
      { require: { xfrm: { clear: '0400000000000000' } } },
      ['requirement'],
    ],
    [
      'finds a configuration that is another',
      { quote: { report: { reportData, configId: new Uint8Array(64).fill(1) } } },
      { require: { configid: ['00'.repeat(64)] } },
      ['requirement'],
    ],
  ];
  for (const [name, scene, members, expected] of rows) {
    it(name, async () => {
      assert.deepEqual(codes(await judge(scene, members)), expected);
    });
  }

  for (const kind of ['tcb-info', 'qe-identity', 'pck-crl', 'root-ca-crl']) {
    it(`finds an old ${kind}`, async () => {
      const scene = { now: later(60_000) };
      assert.deepEqual(codes(await judge(scene, { max_age_seconds: { [kind]: 59 } })), [
        'endorsement-too-old',
      ]);
      assert.deepEqual(codes(await judge(scene, { max_age_seconds: { [kind]: 60 } })), []);
    });
  }

  it('speaks of the hardware and of the configuration in the trust vector', async () => {
    const { trustVector } = await judge(attributes(0x15), { sgx_types: [] });
    assert.equal(trustVector.configuration, 96);
    assert.equal(trustVector.hardware, 32);
  });

  const documents: [string, object][] = [
    ['Revoked as acceptable', { tcb_statuses: ['Revoked'] }],
    ['a knob of TDX', { allow_service_td: true }],
    ['a flag as text', { allow_provision_key: 'no' }],
    ['types that are no list', { sgx_types: 'scalable' }],
  ];
  for (const [name, members] of documents) {
    it(`refuses a document with ${name}`, () => {
      assert.throws(() => parseAppraisalPolicy({ name: 'p', formats: { 'sgx-dcap': members } }), {
        code: 'input-invalid',
      });
    });
  }
});

describe('claims of an enclave', () => {
  it('spell out every field of the report', async () => {
    const { values, debug } = await playSgx({
      quote: {
        version: 5,
        report: {
          reportData,
          attributes: Uint8Array.of(0x87, 4, 0, 0, 0, 0, 0, 0, 0xe7, 2, 6, 0, 0, 0, 0, 0),
          mrEnclave: new Uint8Array(32).fill(1),
          mrSigner: new Uint8Array(32).fill(2),
          isvProdId: 3,
          isvSvn: 4,
          configSvn: 5,
          configId: new Uint8Array(64).fill(6),
          isvExtProdId: new Uint8Array(16).fill(7),
          isvFamilyId: new Uint8Array(16).fill(8),
          miscSelect: Uint8Array.of(1, 0, 0, 0),
          cetAttributes: Uint8Array.of(9, ...new Uint8Array(11)),
        },
      },
    });
    assert.equal(debug, true);
    const expected: Readonly<Record<string, unknown>> = {
      mrenclave: '01'.repeat(32),
      mrsigner: '02'.repeat(32),
      isvprodid: 3,
      isvsvn: 4,
      configsvn: 5,
      configid: '06'.repeat(64),
      isvextprodid: '07'.repeat(16),
      isvfamilyid: '08'.repeat(16),
      attributes: '8704000000000000',
      attributes_init: true,
      attributes_debug: true,
      attributes_mode64bit: true,
      attributes_provision_key: false,
      attributes_einittoken_key: false,
      attributes_cet: false,
      attributes_kss: true,
      attributes_aex_notify: true,
      attributes_reserved: false,
      xfrm: 'e702060000000000',
      miscselect: '01000000',
      miscselect_exinfo: true,
      miscselect_cpinfo: false,
      miscselect_reserved: false,
      cet_attributes: '09',
      report_data: '42'.repeat(64),
      quote_version: 5,
      fmspc: 'f0f1f2000000',
      sgx_type: 'scalable',
      pcesvn: 11,
      tcb_status: 'UpToDate',
      platform_status: 'UpToDate',
      qe_status: 'UpToDate',
      qe_isvsvn: 8,
      tcb_evaluation_number: 18,
      smt_enabled: true,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(values[name], value, name);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mint } from '../mint.js';
import type { ClaimSet, ReferenceValues, VerifiedClaims } from '../types.js';
import { appraise } from './appraise.js';
import { defaultAppraisalPolicy, parseAppraisalPolicy, parseReferenceValues } from './policy.js';

const tdx: ClaimSet = {
  format: 'tdx-dcap',
  debug: false,
  binding: 'checked',
  tcbStatus: 'UpToDate',
  advisories: [],
  endorsementAges: { 'tcb-info': 100 },
  verifiedAt: '2026-01-01T00:00:00Z',
  values: {
    mrtd: 'aa'.repeat(48),
    rtmr0: 'bb'.repeat(48),
    td_attributes: '0000001000000000',
    td_attributes_reserved: false,
    mr_servicetd: '00'.repeat(48),
    tcb_evaluation_number: 18,
    cached_keys: true,
    flags: ['a', 'b'],
  },
};
const tcb = { bootloader: 4, tee: 0, snp: 22, microcode: 213 };
const snp: ClaimSet = {
  ...tdx,
  format: 'sev-snp',
  tcbStatus: null,
  values: {
    vmpl: 0,
    signer: 'vcek',
    product: 'milan',
    chip_id: 'cc'.repeat(64),
    migration_agent: false,
    revocation_checked: true,
    measurement: 'dd'.repeat(48),
    ...Object.fromEntries(
      ['reported', 'committed', 'launch', 'current'].flatMap((name) =>
        Object.entries(tcb).map(([part, level]) => [`${name}_tcb_${part}`, level]),
      ),
    ),
  },
};

function withValues(base: ClaimSet, values: ClaimSet['values']): VerifiedClaims {
  return mint({ ...base, values: { ...base.values, ...values } });
}

function policyOf(format: string, members: object): ReturnType<typeof parseAppraisalPolicy> {
  return parseAppraisalPolicy({ name: 'p', formats: { [format]: members } });
}

function reference(members: Partial<ReferenceValues>): ReferenceValues {
  return parseReferenceValues({
    name: 'web',
    kind: 'workload',
    format: 'tdx-dcap',
    any_of: [{ mrtd: ['aa'.repeat(48)] }],
    ...members,
  });
}

describe('appraise accepts', () => {
  const rows: [string, VerifiedClaims, object, ReferenceValues[]][] = [
    ['an up-to-date TD by default', mint(tdx), {}, []],
    ['a TD whose reference values match', mint(tdx), {}, [reference({})]],
    [
      'upper-case reference values',
      mint(tdx),
      {},
      [reference({ any_of: [{ mrtd: ['AA'.repeat(48)] }] })],
    ],
    [
      'a second document of the same kind',
      mint(tdx),
      {},
      [reference({ any_of: [{ mrtd: ['00'.repeat(48)] }] }), reference({})],
    ],
    [
      'a second set of the same document',
      mint(tdx),
      {},
      [reference({ any_of: [{ mrtd: ['x'] }, { mrtd: ['aa'.repeat(48)] }] })],
    ],
    [
      'bits, bounds, flags and subsets as required',
      mint(tdx),
      {
        require: {
          td_attributes: { set: '0000001000000000', clear: '0100000000000000' },
          tcb_evaluation_number: { min: 18, max: 18 },
          cached_keys: [true],
          flags: { subset_of: ['a', 'b', 'c'] },
        },
      },
      [],
    ],
    [
      'a worse TCB status that the policy accepts, with its advisories',
      mint({ ...tdx, tcbStatus: 'SWHardeningNeeded', advisories: ['INTEL-SA-00615'] }),
      { tcb_statuses: ['UpToDate', 'SWHardeningNeeded'], advisories: ['INTEL-SA-00615'] },
      [],
    ],
    [
      'a service TD where the policy allows it',
      withValues(tdx, { mr_servicetd: 'ab'.repeat(48) }),
      { allow_service_td: true },
      [],
    ],
  ];
  for (const [name, claims, policy, references] of rows) {
    it(name, () => {
      const result = appraise(claims, policyOf('tdx-dcap', policy), references);
      assert.deepEqual(result.faults, []);
      assert.equal(result.status, 'affirming');
    });
  }

  it('an SNP guest whose patch levels and chip the policy lists', () => {
    const policy = policyOf('sev-snp', { min_spl: { milan: tcb }, chip_ids: ['CC'.repeat(64)] });
    assert.equal(appraise(mint(snp), policy, []).status, 'affirming');
  });
});

describe('appraise refuses', () => {
  const tdxRows: [string, VerifiedClaims, object, ReferenceValues[], string][] = [
    ['debug', mint({ ...tdx, debug: true }), {}, [], 'debug'],
    ['an outdated TCB', mint({ ...tdx, tcbStatus: 'OutOfDate' }), {}, [], 'tcb-status'],
    ['an unknown TCB status', mint({ ...tdx, tcbStatus: null }), {}, [], 'tcb-status'],
    [
      'an advisory off the list',
      mint({ ...tdx, advisories: ['INTEL-SA-2', 'INTEL-SA-1'] }),
      { advisories: ['INTEL-SA-1'] },
      [],
      'advisory',
    ],
    ['old collateral', mint(tdx), { min_tcb_evaluation_number: 19 }, [], 'tcb-evaluation-number'],
    [
      'an endorsement over its age',
      mint(tdx),
      { max_age_seconds: { 'tcb-info': 99 } },
      [],
      'endorsement-too-old',
    ],
    [
      'a missing endorsement whose age is limited',
      mint(tdx),
      { max_age_seconds: { 'root-crl': 99 } },
      [],
      'endorsement-too-old',
    ],
    [
      'reserved attributes',
      withValues(tdx, { td_attributes_reserved: true }),
      {},
      [],
      'reserved-attributes',
    ],
    ['a service TD', withValues(tdx, { mr_servicetd: '01'.repeat(48) }), {}, [], 'service-td'],
    [
      'another measurement',
      mint(tdx),
      {},
      [reference({ any_of: [{ mrtd: ['00'.repeat(48)] }] })],
      'reference-mismatch',
    ],
    [
      'a claim the evidence does not have',
      mint(tdx),
      {},
      [reference({ any_of: [{ rtmr9: ['00'] }] })],
      'reference-mismatch',
    ],
    [
      'reference values for another format only',
      mint(tdx),
      {},
      [reference({ format: 'sev-snp' })],
      'reference-values-missing',
    ],
    [
      'a workload that has only platform values for its format',
      mint(tdx),
      {},
      [reference({ kind: 'platform' }), reference({ format: 'sev-snp' })],
      'reference-values-missing',
    ],
    ['a claim of another type', mint(tdx), { require: { mrtd: { min: 0 } } }, [], 'requirement'],
    [
      'a bit that is not set',
      mint(tdx),
      { require: { td_attributes: { set: '0000000000000080' } } },
      [],
      'requirement',
    ],
    [
      'a bit that is not clear',
      mint(tdx),
      { require: { td_attributes: { clear: '0000001000000000' } } },
      [],
      'requirement',
    ],
    [
      'a mask of another length',
      mint(tdx),
      { require: { td_attributes: { set: '00' } } },
      [],
      'requirement',
    ],
    [
      'a list with an item off the list',
      mint(tdx),
      { require: { flags: { subset_of: ['a'] } } },
      [],
      'requirement',
    ],
    ['no set of the policy', mint(tdx), { any_of: [{ mrtd: ['x'] }] }, [], 'reference-mismatch'],
    [
      'an inherited property as a claim',
      mint(tdx),
      { require: { constructor: { max: 1 } } },
      [],
      'requirement',
    ],
  ];
  for (const [name, claims, policy, references, code] of tdxRows) {
    it(name, () => {
      const result = appraise(claims, policyOf('tdx-dcap', policy), references);
      assert.deepEqual(
        result.faults.map((fault) => fault.code),
        [code],
      );
      assert.equal(result.status, 'contraindicated');
    });
  }

  const snpRows: [string, VerifiedClaims, object, string][] = [
    ['a migration agent', withValues(snp, { migration_agent: true }), {}, 'migration-agent'],
    [
      'a key that nobody looked up in the revocation lists',
      withValues(snp, { revocation_checked: false }),
      {},
      'revocation-not-checked',
    ],
    ['a report from VMPL 2', withValues(snp, { vmpl: 2 }), {}, 'vmpl'],
    [
      'a VLEK where only VCEK is accepted',
      withValues(snp, { signer: 'vlek' }),
      { signers: ['vcek'] },
      'signer',
    ],
    ['a chip off the list', mint(snp), { chip_ids: ['ab'] }, 'chip'],
    [
      'a masked chip id',
      withValues(snp, { chip_id: '00'.repeat(64) }),
      { chip_ids: ['00'.repeat(64)] },
      'chip',
    ],
    [
      'a patch level under the floor',
      mint(snp),
      { min_spl: { milan: { snp: 23 } } },
      'spl-too-low',
    ],
    ['a product without floors', mint(snp), { min_spl: { genoa: { snp: 1 } } }, 'spl-too-low'],
    [
      'a part that the product has not',
      mint(snp),
      { min_spl: { milan: { fmc: 0 } } },
      'spl-too-low',
    ],
    [
      'an inherited product name',
      withValues(snp, { product: 'toString' }),
      { min_spl: { milan: { snp: 1 } } },
      'spl-too-low',
    ],
  ];
  for (const [name, claims, policy, code] of snpRows) {
    it(name, () => {
      const result = appraise(claims, policyOf('sev-snp', policy), []);
      assert.deepEqual([...new Set(result.faults.map((fault) => fault.code))], [code]);
      assert.equal(result.status, 'contraindicated');
    });
  }

  it('a format that the policy does not name', () => {
    const { faults } = appraise(mint(snp), policyOf('tdx-dcap', {}), []);
    assert.equal(faults[0]?.code, 'format-not-accepted');
  });

  it('a revoked TCB even if a hand-made policy lists it', () => {
    const base = policyOf('tdx-dcap', {});
    const inner = base.formats['tdx-dcap'];
    assert.ok(inner);
    const policy = {
      ...base,
      formats: { 'tdx-dcap': { ...inner, tcb_statuses: ['Revoked'] as const } },
    };
    const { faults } = appraise(mint({ ...tdx, tcbStatus: 'Revoked' }), policy, []);
    assert.equal(faults[0]?.code, 'tcb-status');
  });

  it('claims that verify() did not make', () => {
    assert.throws(() => appraise(tdx as VerifiedClaims, defaultAppraisalPolicy, []), {
      code: 'input-invalid',
    });
  });
});

describe('appraise reports', () => {
  it('every fault at once, with what was expected and seen', () => {
    const claims = mint({ ...tdx, debug: true, tcbStatus: 'OutOfDate' });
    const result = appraise(claims, policyOf('tdx-dcap', { min_tcb_evaluation_number: 99 }), [
      reference({ any_of: [{ mrtd: ['x'], rtmr0: ['y'] }] }),
    ]);
    assert.deepEqual(
      result.faults.map(({ code, claim }) => [code, claim]),
      [
        ['debug', 'debug'],
        ['tcb-status', 'tcb_status'],
        ['tcb-evaluation-number', 'tcb_evaluation_number'],
        ['reference-mismatch', 'mrtd'],
        ['reference-mismatch', 'rtmr0'],
      ],
    );
    assert.equal(result.faults[1]?.seen, 'OutOfDate');
    assert.equal(result.faults[1]?.expected, 'UpToDate');
    assert.equal(result.trustVector.configuration, 96);
    assert.equal(result.trustVector.hardware, 32);
    assert.equal(result.trustVector.executables, 33);
    assert.equal(result.trustReasons.configuration, 'debug');
    assert.equal(result.trustReasons.runtime_opaque, 'debug');
    assert.equal(result.trustReasons.hardware, 'tcb-status, tcb-evaluation-number');
    assert.equal(result.trustReasons.executables, 'reference-mismatch');
    assert.equal(result.trustReasons.file_system, 'not appraised');
  });

  it('the faults of the closest set', () => {
    const { faults } = appraise(mint(tdx), policyOf('tdx-dcap', {}), [
      reference({
        any_of: [
          { mrtd: ['x'], rtmr0: ['y'] },
          { mrtd: ['aa'.repeat(48)], rtmr0: ['y'] },
        ],
      }),
    ]);
    assert.deepEqual(
      faults.map(({ claim }) => claim),
      ['rtmr0'],
    );
  });

  it('an unchecked binding as a warning, never as affirming', () => {
    const result = appraise(mint({ ...tdx, binding: 'not-checked' }), defaultAppraisalPolicy, []);
    assert.equal(result.status, 'warning');
    assert.equal(result.faults[0]?.code, 'binding-not-checked');
  });
});

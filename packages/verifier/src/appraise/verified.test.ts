// Policies on claims that verify() really made: the names that appraise() reads are those that the
// formats write.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSnpReport } from '../snp/parse.js';
import { verifySnpReport } from '../snp/verify.js';
import { reportData } from '../testing/dcap-scene.test.js';
import { chipOf, levels, play as playSnp, stage } from '../testing/snp-scene.js';
import { playTdx } from '../testing/tdx-scene.test.js';
import type { ReferenceValues, VerifiedClaims } from '../types.js';
import { appraise } from './appraise.js';
import { defaultAppraisalPolicy, parseAppraisalPolicy, parseReferenceValues } from './policy.js';

const hex = (byte: string, length: number): string => byte.repeat(length);

function codesOf(
  claims: VerifiedClaims,
  format: string,
  members: object,
  references: readonly ReferenceValues[] = [],
): string[] {
  const policy = parseAppraisalPolicy({ name: 'p', formats: { [format]: members } });
  const { faults } = appraise(claims, policy, references);
  return [...new Set(faults.map(({ code }) => code))];
}

describe('a verified TD', () => {
  const mrTd = new Uint8Array(48).fill(0xab);
  const rows: [string, Parameters<typeof playTdx>[0], object, string[]][] = [
    ['passes the default policy', {}, {}, []],
    [
      'passes bounds on each endorsement',
      {},
      { max_age_seconds: { 'tcb-info': 0, 'qe-identity': 0, 'pck-crl': 0, 'root-ca-crl': 0 } },
      [],
    ],
    [
      'passes reference values and bits',
      { quote: { report: { reportData, mrTd } } },
      {
        require: {
          mrtd: [hex('ab', 48)],
          td_attributes: { set: '0000001000000000', clear: 'ff00000000000000' },
          td_attributes_sept_ve_disable: [true],
          smt_enabled: [true],
          fmspc: ['f0f1f2000000'],
          tcb_evaluation_number: { min: 18 },
        },
      },
      [],
    ],
    [
      'with another measurement is refused',
      {},
      { require: { mrtd: [hex('ab', 48)] } },
      ['requirement'],
    ],
    [
      'in debug mode is refused',
      { quote: { report: { reportData, tdAttributes: Uint8Array.of(1, 0, 0, 0x10, 0, 0, 0, 0) } } },
      {},
      ['debug'],
    ],
    [
      'that is profiled is refused like one in debug mode',
      { quote: { report: { reportData, tdAttributes: Uint8Array.of(0x20, 0, 0, 0, 0, 0, 0, 0) } } },
      {},
      ['debug'],
    ],
    [
      'with a reserved attribute is refused',
      { quote: { report: { reportData, tdAttributes: Uint8Array.of(0, 1, 0, 0x10, 0, 0, 0, 0) } } },
      {},
      ['reserved-attributes'],
    ],
    [
      'with a reserved untrusted attribute is refused twice over',
      { quote: { report: { reportData, tdAttributes: Uint8Array.of(2, 0, 0, 0x10, 0, 0, 0, 0) } } },
      {},
      ['debug', 'reserved-attributes'],
    ],
    [
      'with a service TD is refused',
      { quote: { report: { reportData, mrServiceTd: mrTd } } },
      {},
      ['service-td'],
    ],
    [
      'on an old quoting enclave is refused, by status and advisory',
      { quote: { qeReport: { isvSvn: 1 } } },
      { advisories: [] },
      ['tcb-status', 'advisory'],
    ],
    [
      'under collateral older than the floor is refused',
      { collateral: { evaluationNumber: 17 } },
      { min_tcb_evaluation_number: 18 },
      ['tcb-evaluation-number'],
    ],
    [
      'whose CRL is too old is refused',
      { collateral: { pckCrl: { thisUpdate: new Date('2026-04-30T12:00:00Z') } } },
      { max_age_seconds: { 'pck-crl': 86_399 } },
      ['endorsement-too-old'],
    ],
  ];
  for (const [name, scene, members, codes] of rows) {
    it(name, async () => {
      assert.deepEqual(codesOf(await playTdx(scene), 'tdx-dcap', members), codes);
    });
  }
});

describe('a verified SNP guest', () => {
  const { fmc: _, ...milanLevels } = levels;
  const chip = Buffer.from(chipOf('milan')).toString('hex');
  const rows: [string, Parameters<typeof playSnp>[0], object, string[]][] = [
    ['passes the default policy', {}, {}, []],
    [
      'passes floors, chip, signer and bits',
      {},
      {
        min_spl: { milan: milanLevels },
        chip_ids: [chip],
        signers: ['vcek'],
        max_age_seconds: { crl: 100_000 },
        require: {
          measurement: [hex('aa', 48)],
          policy: { set: '0000000000020000', clear: '0000000000080000' },
          platform_alias_check_complete: [true],
        },
      },
      [],
    ],
    [
      'of Turin passes a floor on its FMC',
      { product: 'turin' },
      { min_spl: { turin: levels } },
      [],
    ],
    [
      'whose committed firmware is under the floor is refused',
      { report: { otherLevels: { committed: { ...levels, snp: 23 } } } },
      { min_spl: { milan: milanLevels } },
      ['spl-too-low'],
    ],
    ['that may be debugged is refused', { report: { policy: 0xb0000n } }, {}, ['debug']],
    ['at VMPL 1 is refused', { report: { vmpl: 1 } }, {}, ['vmpl']],
    [
      'signed by a VLEK is refused where chips are listed',
      { signer: 'vlek' },
      { chip_ids: [chip] },
      ['chip'],
    ],
    [
      'signed by a VLEK is refused where only VCEKs are accepted',
      { signer: 'vlek' },
      { signers: ['vcek'] },
      ['signer'],
    ],
    [
      'nobody looked up is refused',
      { endorsements: { revocation: { kind: 'not-checked' } } },
      {},
      ['revocation-not-checked'],
    ],
    [
      'with a migration agent is refused',
      { report: { overwrite: [{ offset: 0x160, bytes: new Uint8Array(32).fill(7) }] } },
      {},
      ['migration-agent'],
    ],
    ['is refused where only TDs are accepted', {}, { format: 'tdx-dcap' }, ['format-not-accepted']],
  ];
  for (const [name, scene, members, codes] of rows) {
    it(name, async () => {
      const { format = 'sev-snp', ...rest } = members as { format?: string };
      assert.deepEqual(codesOf(await playSnp(scene), format, rest), codes);
    });
  }

  it('is refused when a role knows its platform but not its workload', async () => {
    const values = (kind: string, format: string): ReferenceValues =>
      parseReferenceValues({ name: kind, kind, format, any_of: [{ report_data: ['x'] }] });
    const platform = parseReferenceValues({
      name: 'milan',
      kind: 'platform',
      format: 'sev-snp',
      any_of: [{ product: ['milan'] }],
    });
    const codes = codesOf(await playSnp({}), 'sev-snp', {}, [
      platform,
      values('workload', 'tdx-dcap'),
    ]);
    assert.deepEqual(codes, ['reference-values-missing']);
  });

  it('whose binding nobody checked is a warning', async () => {
    const { bytes, input } = stage({ input: { expectedBinding: { binding: 'not-checked' } } });
    const claims = await verifySnpReport({ evidence: parseSnpReport(bytes), ...input });
    assert.equal(appraise(claims, defaultAppraisalPolicy, []).status, 'warning');
  });
});

// Genuine quotes about TDs with genuine collateral, at the times and with the outcomes that the vectors state.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { defaultAppraisalPolicy } from '../appraise/policy.js';
import { judgesSets, verifySet } from '../dcap/conformance-genuine.test.js';
import { facts, quoteWithText, type VectorSet } from '../testing/dcap-vectors.test.js';
import { tdxFormat } from '../testing/tdx-scene.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { parseTdxEvidence } from './parse.js';

const tdxSets = facts.sets.filter((set) => set.computed.tdx_module !== null);

function refusalOf({ collateral, status }: VectorSet): string | null {
  if (collateral.includes('no CRLs')) return 'crl-missing';
  return status === 'NoMatchingLevel' ? 'tcb-no-matching-level' : null;
}

judgesSets(
  tdxFormat,
  tdxSets.map((set) => [set, refusalOf(set)]),
  ({ values }, { computed }) => {
    const [moduleId, , moduleStatus] = computed.tdx_module ?? [];
    assert.equal(values.tdx_module_id, moduleId === 'module0' ? 'TDX_00' : moduleId);
    assert.equal(values.tdx_module_status ?? null, moduleStatus);
  },
);

describe('genuine TDX quotes', { skip: skipWithoutVectors }, () => {
  it('a quote with a line of text behind it is refused', () => {
    assert.throws(() => parseTdxEvidence(readVector(quoteWithText)), { code: 'trailing-data' });
  });

  it('claims say what the quote says', async () => {
    const set = tdxSets.find(({ name }) => name === 'tdx5-go-tdx-guest-2026-02');
    assert.ok(set);
    const file = facts.files.find(({ file: path }) => path === set.quote);
    assert.ok(file);
    const { values } = await verifySet(tdxFormat, set, set.check_at);
    const names: Readonly<Record<string, string>> = {
      mrtd: 'mrtd',
      rtmr0: 'rtmr0',
      rtmr1: 'rtmr1',
      rtmr2: 'rtmr2',
      rtmr3: 'rtmr3',
      tee_tcb_svn: 'teetcbsvn',
      tee_tcb_svn2: 'teetcbsvn2',
      td_attributes: 'tdattr',
      xfam: 'xfam',
      mrseam: 'mrseam',
      mrconfigid: 'mrconfigid',
      report_data: 'reportdata',
      mr_servicetd: 'mrservicetd',
      fmspc: 'fmspc',
      pcesvn: 'pck_pcesvn',
    };
    for (const [claim, fact] of Object.entries(names)) {
      assert.equal(values[claim], file.facts[fact], claim);
    }
    assert.equal(values.td_attributes_sept_ve_disable, true);
    assert.equal(values.td_attributes_debug, false);
    assert.equal(
      values.root_fingerprint,
      '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3',
    );
  });

  const verdicts: [string, string[]][] = [
    ['tdx4-phala-2025-06', []],
    ['tdx5-go-tdx-guest-2026-02', []],
    ['tdx-v4-gcp-2026-06', []],
    ['tdx4-trustee-debug-2023-07', ['debug']],
    ['tdx4-automata-outofdate-2025-07', ['tcb-status']],
    ['tdx5-alibaba-2025-06', ['service-td']],
    ['tdx5-alibaba-2026-02', ['tcb-status', 'service-td']],
  ];
  for (const [name, codes] of verdicts) {
    it(`${name}: the default policy finds ${codes.join(' and ') || 'nothing wrong'}`, async () => {
      const set = tdxSets.find((candidate) => candidate.name === name);
      assert.ok(set);
      const claims = await verifySet(tdxFormat, set, set.check_at);
      const result = appraise(claims, defaultAppraisalPolicy, []);
      assert.deepEqual(
        result.faults.map((fault) => fault.code),
        codes,
      );
    });
  }
});

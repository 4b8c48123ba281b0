// Genuine quotes with genuine collateral, at the times and with the outcomes that the vectors state.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { defaultAppraisalPolicy } from '../appraise/policy.js';
import { type DcapEndorsements, parseDcapEndorsements } from '../dcap/endorsements.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { decodeHex } from '../encoding/hex.js';
import { nodeProvider } from '../provider-node.js';
import {
  assembleCollateral,
  type CollateralParts,
  facts,
  text,
  type VectorSet,
} from '../testing/dcap-vectors.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { VerifiedClaims } from '../types.js';
import { parseTdxEvidence } from './parse.js';
import { verifyTdx } from './verify.js';

/** Its publisher appended a line of text, which belongs to nothing. */
const quoteWithText = 'tdx/go-tdx-guest/tdx-v4-production-spr-e4.quote';

function readQuote(path: string): Uint8Array {
  const [file = path] = path.split(' ');
  if (file.endsWith('.hex')) return decodeHex(text(file).trim().replace(/^0x/, ''));
  if (file === quoteWithText) return readVector(file).subarray(0, -39);
  if (!file.endsWith('.evidence.json')) return readVector(file);
  const { tdx_quote_base64: quote } = JSON.parse(text(file)) as { tdx_quote_base64: string };
  return Uint8Array.from(Buffer.from(quote, 'base64url'));
}

/** Sets that come as single files; the PCK CRL's chain is taken out of the quote. */
const partsOf: Readonly<Record<string, CollateralParts>> = {
  'tdx/go-tdx-guest/*2023* + sgx/oasis-core/tcb-signing-chain.pem': {
    tcbInfo: 'tdx/go-tdx-guest/tdx-tcb-info-50806f000000-2023-06.json',
    qeIdentity: 'tdx/go-tdx-guest/td-qe-identity-2023-06.json',
    tcbChain: 'sgx/oasis-core/tcb-signing-chain.pem',
    rootCrl: 'tdx/go-tdx-guest/root-ca-crl-2023-04.der',
    pckCrl: 'tdx/go-tdx-guest/pck-platform-crl-2023-06.der',
  },
  'tdx/oasis-core/*2024-09* + sgx/oasis-core/tcb-signing-chain.pem (no CRLs)': {
    tcbInfo: 'tdx/oasis-core/tdx-tcb-info-c0806f000000-2024-09.json',
    qeIdentity: 'tdx/oasis-core/td-qe-identity-2024-09.json',
    tcbChain: 'sgx/oasis-core/tcb-signing-chain.pem',
    rootCrl: null,
    pckCrl: null,
  },
};
const granite: CollateralParts = {
  tcbInfo: 'tdx/trustee/tdx-tcb-info-00a06d080000-2025-10.json',
  qeIdentity: 'tdx/trustee/td-qe-identity-2025-10.json',
  tcbChain: 'sgx/oasis-core/tcb-signing-chain.pem',
  rootCrl: null,
  pckCrl: null,
};

function endorsementsOf(set: VectorSet, quote: Uint8Array): DcapEndorsements {
  const parts = partsOf[set.collateral] ?? (set.collateral.includes('2025-10') ? granite : null);
  const { certification } = parseTdxEvidence(quote).quote;
  if (parts !== null && certification.kind === 'pck-chain') {
    return assembleCollateral(parts, certification.pem);
  }
  return parseDcapEndorsements(text(set.collateral));
}

function verifyAt(set: VectorSet, time: string): Promise<VerifiedClaims> {
  const quote = readQuote(set.quote);
  const evidence = parseTdxEvidence(quote);
  return verifyTdx({
    evidence,
    endorsements: endorsementsOf(set, quote),
    roots: pinnedIntelRoots,
    expectedBinding: Uint8Array.from(evidence.report.reportData),
    now: new Date(time),
    provider: nodeProvider,
  });
}

const tdxSets = facts.sets.filter((set) => set.computed.tdx_module !== null);
const withoutCrls = (set: VectorSet): boolean => set.collateral.includes('no CRLs');

describe('genuine TDX quotes', { skip: skipWithoutVectors }, () => {
  for (const set of tdxSets) {
    if (withoutCrls(set)) {
      it(`${set.name}: refused for want of CRLs`, async () => {
        await assert.rejects(verifyAt(set, set.check_at), { code: 'crl-missing' });
      });
    } else if (set.status === 'NoMatchingLevel') {
      it(`${set.name}: refused, no level fits`, async () => {
        await assert.rejects(verifyAt(set, set.check_at), { code: 'tcb-no-matching-level' });
      });
    } else {
      it(`${set.name}: ${set.status}`, async () => {
        const claims = await verifyAt(set, set.check_at);
        assert.equal(claims.tcbStatus, set.status);
        assert.deepEqual(claims.advisories, set.computed.advisory_ids);
        assert.equal(claims.values.tcb_date, set.computed.tcb_date);
        assert.equal(claims.values.qe_status, set.computed.qe_status);
        assert.equal(claims.values.tcb_evaluation_number, set.computed.tcb_eval_number);
        const [moduleId, , moduleStatus] = set.computed.tdx_module ?? [];
        assert.equal(claims.values.tdx_module_id, moduleId === 'module0' ? 'TDX_00' : moduleId);
        assert.equal(claims.values.tdx_module_status ?? null, moduleStatus);
      });
      const [from, to] = set.computed.all_valid_window;
      it(`${set.name}: valid from ${from} to ${to} and not a second longer`, async () => {
        await verifyAt(set, from);
        await verifyAt(set, to);
        const outside = [
          [from, -1000, /not-yet-valid$/],
          [to, 1000, /expired$/],
        ] as const;
        for (const [edge, offset, code] of outside) {
          const time = new Date(Date.parse(edge) + offset).toISOString();
          await assert.rejects(verifyAt(set, time), { code });
        }
      });
    }
  }

  it('a quote with a line of text behind it is refused', () => {
    assert.throws(() => parseTdxEvidence(readVector(quoteWithText)), { code: 'trailing-data' });
  });

  it('claims say what the quote says', async () => {
    const set = tdxSets.find(({ name }) => name === 'tdx5-go-tdx-guest-2026-02');
    assert.ok(set);
    const file = facts.files.find(({ file: path }) => path === set.quote);
    assert.ok(file);
    const { values } = await verifyAt(set, set.check_at);
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
      const result = appraise(await verifyAt(set, set.check_at), defaultAppraisalPolicy, []);
      assert.deepEqual(
        result.faults.map((fault) => fault.code),
        codes,
      );
    });
  }
});

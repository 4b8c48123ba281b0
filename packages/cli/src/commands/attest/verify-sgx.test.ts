// `attest verify` and `attest show` over genuine quotes about enclaves.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codesOf, judge, put, skip, vector } from '../../testing/evidence.js';
import { runVouchsafe } from '../../testing/stub-server.js';

const quote = vector('sgx/phala-dcap-qvl/sgx-v3-production.quote');
const collateral = `-collateral=${vector('sgx/phala-dcap-qvl/sgx-v3-production.collateral.json')}`;
const at = '-at=2025-07-04T10:28:44Z';

describe('genuine SGX quotes', { skip }, () => {
  test('are genuine, and acceptable only if the policy says so', async () => {
    const [code, verdict] = await judge(collateral, at, quote);
    assert.equal(code, 3);
    assert.equal(verdict.format, 'sgx-dcap');
    assert.equal(verdict.tcb_status, 'ConfigurationAndSWHardeningNeeded');
    assert.deepEqual(verdict.advisories, ['INTEL-SA-00289', 'INTEL-SA-00615']);
    assert.match(String(verdict.claims.mrenclave), /^33d8736d/);
    assert.deepEqual(codesOf(verdict), ['tcb-status']);
    const formats = { 'sgx-dcap': { tcb_statuses: ['ConfigurationAndSWHardeningNeeded'] } };
    const policy = put('policy.json', JSON.stringify({ name: 'p', formats }));
    assert.equal((await judge(collateral, at, `-policy=${policy}`, quote))[0], 0);
  });

  test('are shown field by field, with what has to be fetched', async () => {
    const { code, out } = await runVouchsafe(['attest', 'show', '-format=json', quote]);
    assert.equal(code, 0);
    const shown = JSON.parse(out) as {
      readonly format: string;
      readonly fields: Readonly<Record<string, unknown>>;
      readonly endorsements: readonly { readonly kind: string; readonly id: string }[];
    };
    assert.equal(shown.format, 'sgx-dcap');
    assert.match(String(shown.fields.mrEnclave), /^33d8736d/);
    assert.equal(shown.fields.quoteVersion, 3);
    assert.deepEqual(
      shown.endorsements.map(({ kind }) => kind),
      ['tcb-info', 'qe-identity', 'pck-crl', 'root-ca-crl'],
    );
  });
});

const ofTdx = `-collateral=${vector('tdx/phala-dcap-qvl/tdx-v4-production.collateral.json')}`;
const named = vector('sgx/oasis-core/sgx-v3-cert-type-3-encrypted-ppid.quote');
const refused: readonly [string, readonly string[], string][] = [
  ['without collateral', [at, quote], 'collateral-missing'],
  ['with collateral about a TD', [at, ofTdx, quote], 'crl-missing'],
  ['that only names its platform', [at, collateral, named], 'collateral-missing'],
  [
    'long after its collateral ran out',
    [collateral, '-at=2026-07-04T10:28:44Z', quote],
    'crl-expired',
  ],
];
describe('a quote about an enclave is refused with 4', { skip }, () => {
  for (const [name, args, code] of refused) {
    test(name, async () => {
      const [exit, { faults }] = await judge(...args);
      assert.equal(faults[0]?.code, code, JSON.stringify(faults));
      assert.equal(exit, 4);
    });
  }
});

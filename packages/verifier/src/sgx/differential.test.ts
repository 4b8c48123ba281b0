// The same SGX evidence judged by another implementation: equal verdicts on genuine sets, nothing that it
// refuses is accepted here, and every other difference has a reason that is known.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compare,
  judge,
  judgeByOracle,
  readInput,
  skipWithoutOracle,
} from '../testing/dcap-oracle.test.js';

const time = '2025-07-04T10:28:44Z';

describe('like dcap-qvl', { skip: skipWithoutOracle }, () => {
  const good = readInput('sgx/phala-dcap-qvl/sgx-v3-production', time);

  it('gives a genuine enclave its status and advisories', async () => {
    const theirs = judgeByOracle(good);
    assert.deepEqual(theirs, {
      status: 'ConfigurationAndSWHardeningNeeded',
      advisories: ['INTEL-SA-00289', 'INTEL-SA-00615'],
    });
    assert.deepEqual(await judge(good, 'sgx-dcap'), theirs);
  });

  it('judges 2,000 spoiled inputs', async () => {
    const { collateral: ofTdx } = readInput('tdx/phala-dcap-qvl/tdx-v4-production', time);
    const tally = await compare(good, 'sgx-dcap', ofTdx, 2000);
    assert.ok(tally.refused > 1000, JSON.stringify(tally));
    assert.ok(tally.accepted > 100, JSON.stringify(tally));
  });
});

// The same TDX evidence judged by another implementation (version 4 quotes only): equal verdicts on genuine
// sets, nothing that it refuses is accepted here, and every other difference has a reason that is known.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compare,
  judge,
  judgeByOracle,
  readInput,
  skipWithoutOracle,
} from '../testing/dcap-oracle.test.js';

describe('like dcap-qvl', { skip: skipWithoutOracle }, () => {
  const sets: [string, string, string][] = [
    ['tdx/phala-dcap-qvl/tdx-v4-production', '2025-07-04T10:16:31Z', 'UpToDate'],
    ['tdx/flashbots-attested-tls/tdx-v4-gcp-2026-01', '2026-02-11T09:25:52Z', 'UpToDate'],
    ['tdx/flashbots-attested-tls/tdx-v4-gcp-2026-06', '2026-07-15T08:03:03Z', 'UpToDate'],
    ['tdx/automata/tdx-v4-production-00806f050000', '2025-07-22T09:13:34Z', 'OutOfDate'],
  ];
  for (const [path, time, status] of sets) {
    it(`${path} is ${status}`, async () => {
      const input = readInput(path, time);
      const theirs = judgeByOracle(input);
      assert.equal('status' in theirs && theirs.status, status);
      assert.deepEqual(await judge(input, 'tdx-dcap'), theirs);
    });
  }

  it('judges 2,000 spoiled inputs', async () => {
    const time = '2025-07-04T10:16:31Z';
    const good = readInput('tdx/phala-dcap-qvl/tdx-v4-production', time);
    const { collateral: ofSgx } = readInput('sgx/phala-dcap-qvl/sgx-v3-production', time);
    const tally = await compare(good, 'tdx-dcap', ofSgx, 2000);
    assert.ok(tally.refused > 1000, JSON.stringify(tally));
    assert.ok(tally.accepted > 100, JSON.stringify(tally));
  });
});

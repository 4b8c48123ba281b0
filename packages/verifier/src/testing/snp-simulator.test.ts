// The simulated machine: its evidence passes under its own root and under no other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { snpEndorsementsFromTable } from '../snp/endorsements.js';
import { parseSnpReport } from '../snp/parse.js';
import { pinnedAmdRoots } from '../snp/roots/roots.js';
import { verifySnpReport } from '../snp/verify.js';
import { amdOf, chipOf, day, levels, now, reportData } from './snp-scene.js';
import { parseSoftwareAmd, SnpSimulator, serializeSoftwareAmd } from './snp-simulator.js';

const amd = parseSoftwareAmd(serializeSoftwareAmd(amdOf('turin')));
const simulator = new SnpSimulator({
  amd,
  chipId: chipOf('turin'),
  levels,
  notBefore: day('2025-01-01'),
  notAfter: day('2030-01-01'),
});

function inputOf(measurement: Uint8Array) {
  const { report, certificateTable } = simulator.attest({ reportData, measurement });
  const evidence = parseSnpReport(report);
  const validity = { thisUpdate: day('2025-05-31'), nextUpdate: day('2025-07-01') };
  const revocation = { kind: 'crls', crls: [simulator.crl(validity)] } as const;
  return {
    evidence,
    endorsements: snpEndorsementsFromTable(certificateTable, evidence, revocation),
    roots: [{ kind: 'certificate', der: amd.ark.der }] as const,
    expectedBinding: reportData,
    now,
    provider: nodeProvider,
  };
}

const input = inputOf(new Uint8Array(48).fill(7));

test('its evidence passes under its own root, also after a round trip through JSON', async () => {
  const { values } = await verifySnpReport(input);
  assert.equal(values.measurement, '07'.repeat(48));
  assert.equal(values.product, 'turin');
});

const refusals: readonly (readonly [string, EvidenceErrorCode, object])[] = [
  ["AMD's own roots", 'chain-untrusted', { roots: pinnedAmdRoots }],
  ['no root', 'chain-untrusted', { roots: [] }],
  ['another binding', 'binding-mismatch', { expectedBinding: new Uint8Array(64) }],
  ['a later time', 'certificate-expired', { now: day('2031-01-01') }],
];
for (const [what, code, change] of refusals) {
  test(`its evidence is refused with ${what}`, () =>
    assert.rejects(
      verifySnpReport({ ...input, ...change }),
      (error) => error instanceof EvidenceError && error.code === code,
    ));
}

test('refuses JSON that is no software AMD', () => {
  for (const json of ['null', '{}', '{"product":"rome"}', '{"product":"milan","ark":{"der":1}}']) {
    assert.throws(() => parseSoftwareAmd(json), EvidenceError);
  }
});

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
import { SnpSimulator } from './snp-simulator.js';

const created = SnpSimulator.create({
  amd: amdOf('turin'),
  chipId: chipOf('turin'),
  levels,
  notBefore: day('2025-01-01'),
  notAfter: day('2030-01-01'),
});
const simulator = SnpSimulator.fromJson(created.toJson());

function inputOf(measurement: Uint8Array) {
  const { report, certificateTable } = simulator.attest({ reportData, measurement });
  const evidence = parseSnpReport(report);
  const validity = { thisUpdate: day('2025-05-31'), nextUpdate: day('2025-07-01') };
  const revocation = { kind: 'crls', crls: [simulator.crl(validity)] } as const;
  return {
    evidence,
    endorsements: snpEndorsementsFromTable(certificateTable, evidence, revocation),
    roots: [{ kind: 'certificate', der: simulator.amd.ark.der }] as const,
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

const broken: Readonly<Record<string, string>> = {
  'JSON that is no object': 'null',
  'an object of another kind': '{}',
  'a product that AMD does not make': '{"product":"rome"}',
  'a certificate that is no text': '{"product":"milan","ark":{"der":1}}',
  'a machine without its chip': JSON.stringify({ ...JSON.parse(created.toJson()), chip_id: null }),
  'a chip without its key': JSON.stringify({ ...JSON.parse(created.toJson()), vcek: null }),
};
for (const [what, json] of Object.entries(broken)) {
  test(`refuses ${what}`, () => {
    assert.throws(() => SnpSimulator.fromJson(json), EvidenceError);
  });
}

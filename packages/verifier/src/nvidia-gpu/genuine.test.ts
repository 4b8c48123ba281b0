// The report of a real H100 with its chain, and chains that others found to be wrong.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import { pinnedNvidiaRoots } from './roots.js';
import { gpuEndorsementsFromPem } from './verify.js';

const textOf = (path: string) => new TextDecoder().decode(readVector(path));
const genuine = 'gpu/nvtrust/hopper-cert-chain.pem';

const verify = (chain: string, hex: string, provider = nodeProvider) =>
  verifyEvidence({
    evidence: parseEvidence(hex, 'detect'),
    endorsements: gpuEndorsementsFromPem(chain, { kind: 'not-checked' }),
    roots: pinnedNvidiaRoots,
    expectedBinding: { binding: 'not-checked' },
    now: new Date('2025-06-01T00:00:00Z'),
    provider,
  });

describe('the report of a real H100', { skip: skipWithoutVectors }, () => {
  const report = () => textOf('gpu/nvtrust/hopper-spdm-report.hex').trim();

  for (const [name, provider] of [
    ['node:crypto', nodeProvider],
    ['WebCrypto', webProvider],
  ] as const) {
    it(`gives the facts that were published with it (${name})`, async () => {
      const { values } = await verify(textOf(genuine), report(), provider);
      assert.match(String(values.nonce), /^931d8dd0add203ac3d8b4fbde75e1152/);
      assert.equal(values.hwmodel, 'GH100 A01 GSP BROM');
      assert.equal(values.driver_version, '550.90.07');
      assert.equal(values.vbios_version, '96.00.9F.00.01');
      assert.equal(values.measurement_count, 64);
    });
  }

  for (const file of ['case2', 'case3', 'case4']) {
    it(`is refused under the broken chain ${file}`, async () => {
      const chain = textOf(`bad/trustee/nvidia-hopper-chain-${file}.pem`);
      await assert.rejects(verify(chain, report()), { code: 'chain-invalid' });
    });
  }

  it('is refused with any bit changed', async () => {
    const chain = textOf(genuine);
    const bytes = Buffer.from(report(), 'hex');
    for (let index = 0; index < bytes.length; index += 41) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ (1 << (index & 7));
      await assert.rejects(async () => verify(chain, changed.toString('hex')), EvidenceError);
    }
  });
});

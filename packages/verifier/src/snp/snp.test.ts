// Good minted reports: what verify() establishes about them, and that nothing that was changed in
// them gets past it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvidenceError } from '../errors.js';
import { webProvider } from '../provider-web.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import { chipOf, flipBit, levels, now, play, stage } from '../testing/snp-scene.js';
import { snpEndorsementsFor } from './endorsements.js';
import { parseSnpReport } from './parse.js';
import { pinnedAmdRoots } from './roots/roots.js';
import { snpVerifier } from './snp-verifier.js';
import { verifySnpReport } from './verify.js';

for (const product of ['milan', 'genoa', 'turin'] as const) {
  for (const signer of ['vcek', 'vlek'] as const) {
    for (const version of [2, 3, 5] as const) {
      if (version === 2 && product === 'turin') continue;
      test(`accepts a version ${version} report of ${product} under a ${signer}`, async () => {
        const { values, debug, binding } = await play({ product, signer, version });
        assert.deepEqual([values.product, values.signer], [product, signer]);
        assert.equal(values.report_version, version);
        assert.equal(values.reported_tcb_microcode, levels.microcode);
        assert.equal(values.reported_tcb_fmc, product === 'turin' ? levels.fmc : undefined);
        assert.equal(values.chip_id_masked, signer === 'vlek');
        assert.equal(values.cpuid_family === undefined, version === 2);
        assert.equal(values.current_mitigation_vector === undefined, version !== 5);
        assert.deepEqual([debug, binding], [false, 'checked']);
      });
    }
  }
}

test('says debug, VMPL, chip masking, policy and platform bits as they are', async () => {
  const { values, debug } = await play({
    report: {
      policy: 0x3ff_ffffn,
      platformInfo: 0x1_0000_00a1n,
      vmpl: 2,
      guestSvn: 7,
      chipId: new Uint8Array(64),
      otherLevels: { committed: { ...levels, snp: 20 }, current: { ...levels, snp: 25 } },
    },
  });
  assert.equal(debug, true);
  assert.deepEqual([values.vmpl, values.guest_svn], [2, 7]);
  assert.deepEqual([values.policy_abi_major, values.policy_abi_minor], [255, 255]);
  for (const bit of ['debug_allowed', 'migrate_ma_allowed', 'page_swap_disabled']) {
    assert.equal(values[`policy_${bit}`], true);
  }
  assert.equal(values.platform_alias_check_complete, true);
  assert.equal(values.platform_tsme_enabled, false);
  assert.equal(values.platform_unknown_bits, '0000000100000000');
  assert.equal(values.chip_id_masked, true);
  assert.equal(values.certificate_hwid, 'c1'.repeat(64));
  assert.deepEqual([values.committed_tcb_snp, values.current_tcb_snp], [20, 25]);
  assert.deepEqual([values.reported_tcb_snp, values.launch_tcb_snp], [24, 24]);
});

test('says when binding or revocation were not checked, and how old the list is', async () => {
  const open = await play({
    endorsements: { revocation: { kind: 'not-checked' } },
    input: { expectedBinding: { binding: 'not-checked' } },
  });
  assert.equal(open.binding, 'not-checked');
  assert.equal(open.values.revocation_checked, false);
  assert.deepEqual(open.endorsementAges, {});
  const closed = await play({});
  assert.equal(closed.values.revocation_checked, true);
  assert.deepEqual(closed.endorsementAges, { crl: 86_400 });
  assert.equal(closed.verifiedAt, now.toISOString());
});

test('does not let a VLEK vouch for a chip', async () => {
  const { values } = await play({ signer: 'vlek', report: { chipId: chipOf('milan') } });
  assert.equal(values.chip_id, undefined);
  assert.equal(values.unendorsed_chip_id, 'c1'.repeat(64));
  const masked = await play({ signer: 'vlek' });
  assert.equal(masked.values.chip_id, '00'.repeat(64));
});

test('verifies with WebCrypto, and reads a HWID in an OCTET STRING', async () => {
  const hwid = Uint8Array.of(4, 64, ...new Uint8Array(64).fill(0xc1));
  const key = { extensions: { '1.3.6.1.4.1.3704.1.4': hwid } };
  const { values } = await play({ key, input: { provider: webProvider } });
  assert.equal(values.certificate_hwid, 'c1'.repeat(64));
});

test('accepts a version 6 report that keeps to the layout of 5', async () => {
  const overwrite = [{ offset: 0, bytes: Uint8Array.of(6) }];
  const { values } = await play({ version: 5, report: { overwrite } });
  assert.equal(values.report_version, 6);
});

test('refuses a software chain when the genuine roots are trusted', async () => {
  const { bytes, input } = stage({});
  const evidence = parseSnpReport(bytes);
  await assert.rejects(
    verifySnpReport({ ...input, evidence, roots: pinnedAmdRoots }),
    (error) => error instanceof EvidenceError && error.code === 'chain-untrusted',
  );
});

test('refuses a report cut at every length', () => {
  const { bytes } = stage({});
  for (let length = 0; length < bytes.length; length += 1) {
    assert.throws(() => parseSnpReport(bytes.subarray(0, length)), EvidenceError);
  }
});

test('refuses a report with any one bit flipped', async () => {
  const codes = new Map<string, number>();
  for (const product of ['milan', 'turin'] as const) {
    const { bytes, input } = stage({ product, version: 5 });
    // 7 is prime to the 9,472 bits, so that every position within a byte is met.
    for (let bit = product === 'milan' ? 0 : 3; bit < bytes.length * 8; bit += 7) {
      try {
        const evidence = parseSnpReport(flipBit(bytes, bit));
        await verifySnpReport({ ...input, evidence });
        assert.fail(`bit ${bit} may be flipped`);
      } catch (error) {
        if (!(error instanceof EvidenceError)) throw error;
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
      }
    }
  }
  assert.ok((codes.get('signature-invalid') ?? 0) > 500, JSON.stringify([...codes]));
  // Nothing gets as far as the binding: REPORT_DATA is under the signature.
  assert.equal(codes.get('binding-mismatch'), undefined);
});

test('fuzz: spoiled reports are read or refused', () => {
  const { bytes } = stage({ version: 5 });
  assertRefusesCleanly(mutationsOf(bytes), parseSnpReport);
});

test('fuzz: spoiled endorsement keys are read or refused', async () => {
  const { bytes, input } = stage({});
  const evidence = parseSnpReport(bytes);
  const { endorsementKey } = input.endorsements;
  for (let bit = 0; bit < endorsementKey.length * 8; bit += 61) {
    const endorsements = { ...input.endorsements, endorsementKey: flipBit(endorsementKey, bit) };
    await assert.rejects(verifySnpReport({ ...input, evidence, endorsements }), EvidenceError);
  }
});

test('names the endorsements of a report', () => {
  const turin = parseSnpReport(stage({ product: 'turin', version: 5 }).bytes);
  assert.deepEqual(snpEndorsementsFor(turin), [
    {
      kind: 'vcek',
      id: '/vcek/v1/Turin/c1c1c1c1c1c1c1c1' + '?fmcSPL=1&blSPL=4&teeSPL=2&snpSPL=24&ucodeSPL=219',
    },
    { kind: 'authority', id: '/vcek/v1/Turin/cert_chain' },
    { kind: 'crl', id: '/vcek/v1/Turin/crl' },
  ]);
  const unnamed = snpVerifier.endorsementsFor(parseSnpReport(stage({ version: 2 }).bytes));
  assert.deepEqual(
    unnamed.map(({ id }) => id.split('?')[0]?.slice(0, 15)),
    ['/vcek/v1/Milan/', '/vcek/v1/Milan/', '/vcek/v1/Milan/'].concat([
      '/vcek/v1/Genoa/',
      '/vcek/v1/Genoa/',
      '/vcek/v1/Genoa/',
    ]),
  );
  const vlek = snpEndorsementsFor(parseSnpReport(stage({ signer: 'vlek' }).bytes));
  assert.deepEqual(
    vlek.map(({ kind }) => kind),
    ['authority', 'crl'],
  );
});

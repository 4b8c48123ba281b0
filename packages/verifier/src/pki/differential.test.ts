// The same verdicts as the openssl program on minted and genuine chains and CRLs, good and spoiled. What it
// refuses is not accepted here, what it accepts is refused here only with a reason: see chain-reasons.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { type SpoiledChain, spoiledChains } from '../testing/chain-mutations.test.js';
import { explainLaxer, explainStricter } from '../testing/chain-reasons.test.js';
import { type ChainInput, chainScenes } from '../testing/chain-scenes.test.js';
import { OpensslChains, type OpensslVerdict } from '../testing/openssl.test.js';
import { skipWithout } from '../testing/programs.test.js';
import { numbersFrom } from '../testing/seeded.test.js';
import { parseCertificate } from './certificate.js';
import { verifyChain } from './chain.js';
import { parseCrl } from './crl.js';

const count = 2000;
const atOnce = 4;
const seed = Number(process.env.VOUCHSAFE_FUZZ_SEED ?? 3);

/** Null: accepted. */
async function judge({ chain, root, crls, now }: ChainInput): Promise<EvidenceErrorCode | null> {
  try {
    await verifyChain({
      chain: chain.map(parseCertificate),
      trustedRoots: [{ kind: 'certificate', der: root }],
      revocation:
        crls.length === 0
          ? { kind: 'not-checked' }
          : { kind: 'crls', crls: crls.map(parseCrl), requiredFor: 'every-link' },
      now,
      provider: nodeProvider,
    });
    return null;
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
}

describe('chains, beside openssl', { skip: skipWithout('openssl') }, () => {
  const openssl = new OpensslChains();
  const scenes = chainScenes();
  const sceneOf = new Map(scenes.map((scene) => [scene.name, scene]));
  const options = new Map<string, readonly string[]>();
  const tally = { accepted: 0, refused: 0, stricter: 0, laxer: 0 };
  after(() => openssl.close());

  for (const scene of scenes) {
    it(`accepts the chain as it is: ${scene.name}`, async () => {
      assert.equal(await judge(scene), null);
      assert.equal(await openssl.verify(scene), null);
      // As strict as the vendor lets openssl be: leaves of AMD and AWS fail it.
      const isStrict = (await openssl.verify(scene, '-x509_strict')) === null;
      options.set(scene.name, isStrict ? ['-x509_strict'] : []);
    });
  }

  function compare(spoiled: SpoiledChain, ours: EvidenceErrorCode | null, theirs: OpensslVerdict) {
    const { scene, what } = spoiled;
    const where = `${scene}, ${what}: here ${ours}, openssl ${theirs} (seed ${seed})`;
    if (ours !== null && theirs !== null) {
      tally.refused += 1;
    } else if (ours !== null) {
      assert.notEqual(explainStricter(spoiled, ours), null, where);
      tally.stricter += 1;
    } else if (theirs !== null) {
      const good = sceneOf.get(scene);
      assert.ok(good);
      assert.notEqual(explainLaxer(spoiled, good, theirs), null, where);
      tally.laxer += 1;
    } else {
      tally.accepted += 1;
    }
  }

  it(`gives the same verdicts on ${count} spoiled ones, or differs for a stated reason`, async (t) => {
    const spoiled = spoiledChains(scenes, count, numbersFrom(seed));
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const each of spoiled) {
          const theirs = await openssl.verify(each, ...(options.get(each.scene) ?? []));
          compare(each, await judge(each), theirs);
        }
      }),
    );
    t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`);
    assert.equal(tally.accepted + tally.refused + tally.stricter + tally.laxer, count);
    assert.ok(tally.accepted > count / 10, 'too few are accepted to show anything');
    assert.ok(tally.refused > count / 3, 'too few are refused to show anything');
  });
});

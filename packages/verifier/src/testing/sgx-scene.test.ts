// One good piece of SGX evidence with its endorsements, and a way to spoil any part of it. Holds no
// test of its own: the name keeps it out of the published package.

import type { EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { parseSgxEvidence } from '../sgx/parse.js';
import { verifySgx } from '../sgx/verify.js';
import type { VerifiedClaims } from '../types.js';
import { DcapCa } from './dcap-ca.js';
import { mintDcapCollateral } from './dcap-collateral.js';
import { type MintSgxQuoteOptions, mintSgxQuote } from './sgx-quote.js';
import { type DcapScene, good, now, refusesAs, reportData } from './tdx-scene.test.js';

export type SgxScene = DcapScene<MintSgxQuoteOptions>;

export async function playSgx(scene: SgxScene): Promise<VerifiedClaims> {
  const ca = scene.ca === undefined ? good : DcapCa.create({ now, ...scene.ca });
  const minted = mintSgxQuote(ca, { version: 3, report: { reportData }, ...scene.quote });
  const collateral = mintDcapCollateral(ca, { now, tee: 'SGX', ...scene.collateral });
  return verifySgx({
    evidence: parseSgxEvidence(scene.bytes === undefined ? minted : scene.bytes(minted)),
    endorsements: scene.endorsements?.(collateral, ca) ?? collateral,
    roots: scene.roots?.(ca) ?? ca.roots,
    expectedBinding: scene.expectedBinding ?? reportData,
    now: scene.now ?? now,
    provider: scene.provider ?? nodeProvider,
  });
}

export function refusesSgx(
  what: string,
  rows: readonly (readonly [string, EvidenceErrorCode, SgxScene])[],
): void {
  refusesAs(playSgx, what, rows);
}

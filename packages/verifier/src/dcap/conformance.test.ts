// What quotes about SGX and TDX have to be refused for alike. Holds no test of its own: the formats call it.

import { createPublicKey } from 'node:crypto';
import { badKeys, badPoints, refusesKeys } from '../testing/bad-keys.test.js';
import type { DcapCertificateKind } from '../testing/dcap-ca.js';
import type { MintQuoteOptions } from '../testing/dcap-quote.js';
import { type DcapScene, good } from '../testing/tdx-scene.test.js';
import type { VerifiedClaims } from '../types.js';

export type PlayScene = (scene: DcapScene<MintQuoteOptions>) => Promise<VerifiedClaims>;

const signers: readonly DcapCertificateKind[] = ['root', 'pckCa', 'pck', 'tcbSigning'];

/** Keys that are none, wherever a quote or its collateral has one. */
export function refusesKeysInQuotes(play: PlayScene): void {
  const attestationKey = createPublicKey(good.keys.attestation);
  refusesKeys('an attestation key', badPoints, attestationKey, ({ coordinates }, provider) =>
    play({ quote: { attestationPoint: coordinates }, provider }),
  );
  for (const kind of signers) {
    const key = createPublicKey(good.keys[kind]);
    refusesKeys(`a certificate (${kind}) with a key`, badKeys, key, async ({ spki }, provider) =>
      play({ ca: { certificates: { [kind]: { publicKey: spki } } }, provider }),
    );
  }
}

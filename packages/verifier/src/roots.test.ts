// What a caller trusts is of two kinds: roots of certificates, issuers of tokens. Neither stands in for the other.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isChainRoot } from './pki/chain.js';
import { good } from './testing/dcap-scene.test.js';
import { aws, play as playNitro } from './testing/nitro-scene.test.js';
import { playSgx } from './testing/sgx-scene.test.js';
import { play as playSnp, stage } from './testing/snp-scene.js';
import { playTdx } from './testing/tdx-scene.test.js';
import { akCa, playTpm } from './testing/tpm-scene.js';
import type { EvidenceFormat, TrustedIssuer, TrustedRoot, VerifiedClaims } from './types.js';

type Roots = readonly TrustedRoot[];
const rows: readonly [EvidenceFormat, Roots, (roots: Roots) => Promise<VerifiedClaims>][] = [
  ['tdx-dcap', good.roots, (roots) => playTdx({ roots: () => roots })],
  ['sgx-dcap', good.roots, (roots) => playSgx({ roots: () => roots })],
  ['sev-snp', stage({}).input.roots, (roots) => playSnp({ input: { roots } })],
  [
    'aws-nitro',
    [{ kind: 'certificate', der: aws.root }],
    (roots) => playNitro({ input: { roots } }),
  ],
  [
    'tpm2-quote',
    [{ kind: 'certificate', der: akCa().root.der }],
    (roots) => playTpm({ input: { roots } }),
  ],
];

for (const [format, roots, play] of rows) {
  /** Its keys are the very roots to which the evidence does lead. */
  const issuer: TrustedIssuer = {
    kind: 'issuer',
    format,
    issuer: 'https://issuer.example',
    audience: null,
    keys: { kind: 'x5c', roots: roots.filter(isChainRoot), revocation: { kind: 'not-checked' } },
  };
  describe(`${format} by a chain`, () => {
    it('is refused where only an issuer is trusted', async () => {
      await assert.rejects(play([issuer]), { name: 'EvidenceError', code: 'chain-untrusted' });
    });
    it('is refused where nothing is trusted', async () => {
      await assert.rejects(play([]), { name: 'EvidenceError', code: 'chain-untrusted' });
    });
    it('is verified where an issuer is trusted beside its root', async () => {
      assert.equal((await play([issuer, ...roots])).format, format);
    });
  });
}

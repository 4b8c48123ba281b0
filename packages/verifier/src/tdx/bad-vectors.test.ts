// Bad evidence that others made, mix-ups of genuine pieces, and genuine evidence cut or changed: all of it must be
// refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type GenuineBase,
  refusesMixes,
  refusesSpoiled,
  verifyQuoteOf,
} from '../dcap/conformance-genuine.test.js';
import { splitSignedDocument } from '../dcap/endorsements.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { parseCertificatesPem } from '../pki/certificate.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { good, identityOf, infoOf } from '../testing/dcap-scene.test.js';
import { readCollateral, text } from '../testing/dcap-vectors.test.js';
import { tdxFormat } from '../testing/tdx-scene.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { parseTdxEvidence } from './parse.js';

const phala: GenuineBase = {
  path: 'tdx/phala-dcap-qvl/tdx-v4-production',
  at: new Date('2025-07-04T10:16:31Z'),
};
const sample = 'bad/intel-qvl-sample/tdx';
const ofSgx = () => readCollateral('sgx/phala-dcap-qvl/sgx-v3-production.collateral.json');
const ofAlibaba = () => readCollateral('tdx/automata/tdx-v5-alibaba.collateral.json');
const later = () => readCollateral('tdx/flashbots-attested-tls/tdx-v4-gcp-2026-06.collateral.json');

describe('bad vectors', { skip: skipWithoutVectors }, () => {
  it("Intel's TDX sample, whose chain is DER, is refused", () => {
    const quote = readVector(`${sample}/quote.dat`);
    assert.throws(() => parseTdxEvidence(quote), { name: 'EvidenceError' });
  });

  it("Intel's sample root has the right name", () => {
    const [root] = parseCertificatesPem(text(`${sample}/trustedRootCaCert.pem`));
    assert.equal(root?.subject.commonName, 'Intel SGX Root CA');
  });

  it('refuses a genuine quote with the collateral of a testing CA that is trusted as well', async () => {
    const quote = readVector(`${phala.path}.quote`);
    const minted = mintDcapCollateral(good, { now: phala.at });
    const roots = [...pinnedIntelRoots, ...good.roots];
    await assert.rejects(verifyQuoteOf(tdxFormat, quote, minted, phala.at, roots), {
      name: 'EvidenceError',
    });
  });
});

refusesMixes(tdxFormat, phala, [
  [
    'root of Intel’s sample',
    'chain-untrusted',
    () => ({ pckCrlIssuerChain: text(`${sample}/trustedRootCaCert.pem`) }),
  ],
  [
    'chain from it, of the right names',
    'chain-invalid',
    () => ({ pckCrlIssuerChain: text(`${sample}/pckSignChain.pem`) }),
  ],
  [
    'TCB info of Intel’s sample',
    'signature-invalid',
    () => {
      const { text: tcbInfo, signature } = splitSignedDocument(
        text(`${sample}/tcbInfo.json`),
        'tcbInfo',
      );
      return { tcbInfo, tcbInfoSignature: signature };
    },
  ],
  [
    'mock chain of others',
    'chain-untrusted',
    () => ({ pckCrlIssuerChain: text('bad/flashbots-attested-tls/tdx-mock-pck-chain.pem') }),
  ],
  ['TCB info of another platform', 'collateral-mismatch', () => infoOf(ofAlibaba())],
  ['TCB info about SGX', 'collateral-mismatch', () => infoOf(ofSgx())],
  ['identity of the SGX quoting enclave', 'collateral-mismatch', () => identityOf(ofSgx())],
  ['CRL of the Processor CA', 'crl-missing', () => ({ pckCrl: ofSgx().pckCrl })],
  ['CRL of another time', 'crl-not-yet-valid', () => ({ pckCrl: later().pckCrl })],
]);

refusesSpoiled(
  tdxFormat,
  { path: 'tdx/go-tdx-guest/tdx-v5-production', at: new Date('2026-02-25T00:45:50Z') },
  97,
);

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
import { type DcapEndorsements, splitSignedDocument } from '../dcap/endorsements.js';
import { parseCertificatesPem } from '../pki/certificate.js';
import { good, identityOf, infoOf, reportData } from '../testing/dcap-scene.test.js';
import { readCollateral, text } from '../testing/dcap-vectors.test.js';
import { mintSgxQuote } from '../testing/sgx-quote.js';
import { sgxFormat } from '../testing/sgx-scene.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';

const production: GenuineBase = {
  path: 'sgx/phala-dcap-qvl/sgx-v3-production',
  at: new Date('2025-07-04T10:28:44Z'),
};
const ofTdx = () => readCollateral('tdx/phala-dcap-qvl/tdx-v4-production.collateral.json');
const sample = 'bad/intel-qvl-sample/sgx';

/** Intel's self-made set: right in all names, under a root of another key. */
function sampleCollateral(): DcapEndorsements {
  const tcbInfo = splitSignedDocument(text(`${sample}/tcbInfo.json`), 'tcbInfo');
  const qeIdentity = splitSignedDocument(text(`${sample}/qeIdentity.json`), 'enclaveIdentity');
  const issuers = text(`${sample}/pckSignChain.pem`);
  return {
    format: 'dcap',
    pckCertificateChain: `${text(`${sample}/pckCert.pem`)}\n${issuers}`,
    pckCrlIssuerChain: issuers,
    rootCaCrl: readVector(`${sample}/rootCaCrl.der`),
    pckCrl: readVector(`${sample}/intermediateCaCrl.der`),
    tcbInfoIssuerChain: text(`${sample}/tcbSignChain.pem`),
    tcbInfo: tcbInfo.text,
    tcbInfoSignature: tcbInfo.signature,
    qeIdentityIssuerChain: text(`${sample}/tcbSignChain.pem`),
    qeIdentity: qeIdentity.text,
    qeIdentitySignature: qeIdentity.signature,
  };
}

describe("Intel's sample, whose root looks like the genuine one", {
  skip: skipWithoutVectors,
}, () => {
  const refused = (quote: Uint8Array, code: string) =>
    assert.rejects(async () => verifyQuoteOf(sgxFormat, quote, sampleCollateral(), production.at), {
      name: 'EvidenceError',
      code,
    });

  it('is refused under the pinned root', async () => {
    // It names its platform in 34 bytes, without the PCE's id: no genuine quoting enclave does.
    await refused(readVector(`${sample}/quote.dat`), 'malformed');
  });

  it('has a chain under the right names that is not trusted, and refused', async () => {
    const [root] = parseCertificatesPem(text(`${sample}/trustedRootCaCert.pem`));
    assert.equal(root?.subject.commonName, 'Intel SGX Root CA');
    const minted = mintSgxQuote(good, {
      version: 3,
      report: { reportData },
      certificationType: 1,
      certificationData: new Uint8Array(36),
    });
    await refused(minted, 'chain-untrusted');
  });
});

refusesMixes(sgxFormat, production, [
  ['TCB info of Intel’s sample', 'signature-invalid', () => infoOf(sampleCollateral())],
  [
    'TCB info of Intel’s sample, with its chain',
    'chain-untrusted',
    () => ({
      ...infoOf(sampleCollateral()),
      tcbInfoIssuerChain: sampleCollateral().tcbInfoIssuerChain,
    }),
  ],
  ['QE identity of Intel’s sample', 'signature-invalid', () => identityOf(sampleCollateral())],
  [
    'root CRL of Intel’s sample',
    'crl-invalid',
    () => ({ rootCaCrl: sampleCollateral().rootCaCrl }),
  ],
  [
    'CRL of the PCK CA of Intel’s sample',
    'crl-invalid',
    () => ({ pckCrl: sampleCollateral().pckCrl }),
  ],
  [
    'chain of the PCK CA of Intel’s sample',
    'chain-untrusted',
    () => ({ pckCrlIssuerChain: sampleCollateral().pckCrlIssuerChain }),
  ],
  ['collateral about TDX', 'crl-missing', ofTdx],
  ['TCB info about TDX', 'collateral-mismatch', () => infoOf(ofTdx())],
  ['identity of the TD quoting enclave', 'collateral-mismatch', () => identityOf(ofTdx())],
  ['CRL of the Platform CA', 'crl-missing', () => ({ pckCrl: ofTdx().pckCrl })],
]);

refusesSpoiled(sgxFormat, production, 67);

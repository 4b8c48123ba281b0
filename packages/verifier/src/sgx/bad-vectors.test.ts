// Bad evidence that others made, mix-ups of genuine pieces, and genuine evidence cut or changed: all of
// it must be refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DcapEndorsements,
  parseDcapEndorsements,
  splitSignedDocument,
} from '../dcap/endorsements.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { EvidenceError } from '../errors.js';
import { parseCertificatesPem } from '../pki/certificate.js';
import { nodeProvider } from '../provider-node.js';
import { text } from '../testing/dcap-vectors.test.js';
import { mintSgxQuote } from '../testing/sgx-quote.js';
import { good, reportData } from '../testing/tdx-scene.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { TrustedRoot } from '../types.js';
import { parseSgxEvidence } from './parse.js';
import { verifySgx } from './verify.js';

const collateral = (path: string): DcapEndorsements => parseDcapEndorsements(text(path));
const production = 'sgx/phala-dcap-qvl/sgx-v3-production';
const tdx = 'tdx/phala-dcap-qvl/tdx-v4-production';
const sample = 'bad/intel-qvl-sample/sgx';
const checkAt = new Date('2025-07-04T10:28:44Z');

async function refusalOf(
  quote: Uint8Array,
  endorsements: DcapEndorsements,
  roots: readonly TrustedRoot[] = pinnedIntelRoots,
  now = checkAt,
): Promise<string | null> {
  try {
    const evidence = parseSgxEvidence(quote);
    const expectedBinding = Uint8Array.from(evidence.report.reportData);
    await verifySgx({
      evidence,
      endorsements,
      roots,
      expectedBinding,
      now,
      provider: nodeProvider,
    });
    return null;
  } catch (error) {
    if (error instanceof EvidenceError) return error.code;
    throw error;
  }
}

/** Intel's self-made set: right in all names, under a root of another key. */
function sampleCollateral(identity: string): DcapEndorsements {
  const tcbInfo = splitSignedDocument(text(`${sample}/tcbInfo.json`), 'tcbInfo');
  const qeIdentity = splitSignedDocument(text(`${sample}/${identity}`), 'enclaveIdentity');
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
  const quote = (): Uint8Array => readVector(`${sample}/quote.dat`);

  it('is refused under the pinned root', async () => {
    const code = await refusalOf(quote(), sampleCollateral('qeIdentity.json'));
    // It names its platform in 34 bytes, without the PCE's id: no genuine quoting enclave does.
    assert.equal(code, 'malformed');
  });

  it('has a chain under the right names that is not trusted', async () => {
    const [root] = parseCertificatesPem(text(`${sample}/trustedRootCaCert.pem`));
    assert.equal(root?.subject.commonName, 'Intel SGX Root CA');
    const minted = mintSgxQuote(good, {
      version: 3,
      report: { reportData },
      certificationType: 1,
      certificationData: new Uint8Array(36),
    });
    assert.equal(await refusalOf(minted, sampleCollateral('qeIdentity.json')), 'chain-untrusted');
  });

  const pieces: [string, (of: DcapEndorsements) => Partial<DcapEndorsements>, string][] = [
    [
      'TCB info',
      ({ tcbInfo, tcbInfoSignature }) => ({ tcbInfo, tcbInfoSignature }),
      'signature-invalid',
    ],
    [
      'TCB info with its chain',
      ({ tcbInfo, tcbInfoSignature, tcbInfoIssuerChain }) => ({
        tcbInfo,
        tcbInfoSignature,
        tcbInfoIssuerChain,
      }),
      'chain-untrusted',
    ],
    [
      'QE identity',
      ({ qeIdentity, qeIdentitySignature }) => ({ qeIdentity, qeIdentitySignature }),
      'signature-invalid',
    ],
    ['root CRL', ({ rootCaCrl }) => ({ rootCaCrl }), 'crl-invalid'],
    ['CRL of the PCK CA', ({ pckCrl }) => ({ pckCrl }), 'crl-invalid'],
    ['chain of the PCK CA', ({ pckCrlIssuerChain }) => ({ pckCrlIssuerChain }), 'chain-untrusted'],
  ];
  for (const [name, pick, code] of pieces) {
    it(`its ${name} does not pass for the genuine one`, async () => {
      const genuine = collateral(`${production}.collateral.json`);
      const mixed = { ...genuine, ...pick(sampleCollateral('qeIdentity.json')) };
      assert.equal(await refusalOf(readVector(`${production}.quote`), mixed), code);
    });
  }
});

describe('genuine pieces that do not belong together', { skip: skipWithoutVectors }, () => {
  const swaps: [string, string, (tdx: DcapEndorsements) => Partial<DcapEndorsements>][] = [
    ['collateral about TDX', 'crl-missing', (all) => all],
    [
      'TCB info about TDX',
      'collateral-mismatch',
      ({ tcbInfo, tcbInfoSignature }) => ({ tcbInfo, tcbInfoSignature }),
    ],
    [
      'identity of the TD quoting enclave',
      'collateral-mismatch',
      ({ qeIdentity, qeIdentitySignature }) => ({ qeIdentity, qeIdentitySignature }),
    ],
    ['CRL of the Platform CA', 'crl-missing', ({ pckCrl }) => ({ pckCrl })],
  ];
  for (const [name, code, pick] of swaps) {
    it(`refuses the ${name}`, async () => {
      const genuine = collateral(`${production}.collateral.json`);
      const mixed = { ...genuine, ...pick(collateral(`${tdx}.collateral.json`)) };
      assert.equal(await refusalOf(readVector(`${production}.quote`), mixed), code);
    });
  }

  it('refuses a signer that is a CA', async () => {
    const mixed = {
      ...collateral(`${production}.collateral.json`),
      tcbInfoIssuerChain: text('bad/oasis-core/tcb-signing-chain-wrong-leaf.pem'),
    };
    assert.equal(await refusalOf(readVector(`${production}.quote`), mixed), 'chain-invalid');
  });

  it('refuses genuine evidence when only a testing CA is trusted', async () => {
    const genuine = collateral(`${production}.collateral.json`);
    const code = await refusalOf(readVector(`${production}.quote`), genuine, good.roots);
    assert.equal(code, 'chain-untrusted');
  });
});

describe('a genuine quote', { skip: skipWithoutVectors }, () => {
  it('is refused at every length but its own', () => {
    const quote = readVector(`${production}.quote`);
    for (let length = 0; length < quote.length; length += 1) {
      const cut = quote.subarray(0, length);
      // The closing zeros of the chain belong to it: without them the stated length is not there.
      assert.throws(() => parseSgxEvidence(cut), { name: 'EvidenceError' }, `${length} bytes`);
    }
  });

  it('is refused with a bit flipped anywhere up to the certificates', async () => {
    const quote = readVector(`${production}.quote`);
    const genuine = collateral(`${production}.collateral.json`);
    const certificates = new TextDecoder('latin1').decode(quote).indexOf('-----BEGIN');
    const codes = new Map<string, number>();
    // 67 is prime to 8, so that every position within a byte is met.
    for (let bit = 0; bit < certificates * 8; bit += 67) {
      const changed = Uint8Array.from(quote);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const code = await refusalOf(changed, genuine);
      assert.ok(code !== null, `bit ${bit} may be flipped`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert.ok((codes.get('signature-invalid') ?? 0) > 50, JSON.stringify([...codes]));
  });
});

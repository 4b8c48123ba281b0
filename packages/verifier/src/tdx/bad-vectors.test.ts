// Bad evidence that others made, and mix-ups of genuine pieces: all of it must be refused.
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
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { good, later, now, refuses } from '../testing/tdx-scene.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { VerifiedClaims } from '../types.js';
import { parseTdxEvidence } from './parse.js';
import { verifyTdx } from './verify.js';

const present = skipWithoutVectors === false;
const text = (path: string): string => (present ? new TextDecoder().decode(readVector(path)) : '');
const collateral = (path: string): DcapEndorsements => parseDcapEndorsements(text(path));
const phala = 'tdx/phala-dcap-qvl/tdx-v4-production';
const checkAt = new Date('2025-07-04T10:16:31Z');

function verify(
  quote: Uint8Array,
  endorsements: DcapEndorsements,
  roots = pinnedIntelRoots,
): Promise<VerifiedClaims> {
  const evidence = parseTdxEvidence(quote);
  const expectedBinding = Uint8Array.from(evidence.report.reportData);
  return verifyTdx({
    evidence,
    endorsements,
    roots,
    expectedBinding,
    now: checkAt,
    provider: nodeProvider,
  });
}

describe('bad vectors', { skip: skipWithoutVectors }, () => {
  it("Intel's TDX sample, whose chain is DER, does not parse", () => {
    const quote = readVector('bad/intel-qvl-sample/tdx/quote.dat');
    assert.throws(() => parseTdxEvidence(quote), { name: 'EvidenceError' });
  });

  it("Intel's sample root has the right name and is not trusted", async () => {
    const root = text('bad/intel-qvl-sample/tdx/trustedRootCaCert.pem');
    assert.equal(parseCertificatesPem(root)[0]?.subject.commonName, 'Intel SGX Root CA');
    const genuine = collateral(`${phala}.collateral.json`);
    await assert.rejects(
      verify(readVector(`${phala}.quote`), { ...genuine, pckCrlIssuerChain: root }),
      { code: 'chain-untrusted' },
    );
  });

  it("nor does a chain from it pass for one of the root's name", async () => {
    const pckCrlIssuerChain = text('bad/intel-qvl-sample/tdx/pckSignChain.pem');
    const genuine = collateral(`${phala}.collateral.json`);
    await assert.rejects(verify(readVector(`${phala}.quote`), { ...genuine, pckCrlIssuerChain }), {
      code: 'chain-invalid',
    });
  });

  it("Intel's sample collateral does not pass for the platform's", async () => {
    const sample = splitSignedDocument(text('bad/intel-qvl-sample/tdx/tcbInfo.json'), 'tcbInfo');
    const endorsements = {
      ...collateral(`${phala}.collateral.json`),
      tcbInfo: sample.text,
      tcbInfoSignature: sample.signature,
    };
    await assert.rejects(verify(readVector(`${phala}.quote`), endorsements), {
      code: 'signature-invalid',
    });
  });

  it('a mock chain is not trusted', async () => {
    const chain = text('bad/flashbots-attested-tls/tdx-mock-pck-chain.pem');
    const endorsements = { ...collateral(`${phala}.collateral.json`), pckCrlIssuerChain: chain };
    await assert.rejects(verify(readVector(`${phala}.quote`), endorsements), {
      code: 'chain-untrusted',
    });
  });

  it('a genuine CA in place of the TCB signing certificate is refused', async () => {
    const tcbInfoIssuerChain = text('bad/oasis-core/tcb-signing-chain-wrong-leaf.pem');
    const endorsements = { ...collateral(`${phala}.collateral.json`), tcbInfoIssuerChain };
    await assert.rejects(verify(readVector(`${phala}.quote`), endorsements), {
      code: 'chain-invalid',
    });
  });
});

const swaps: [string, string, string, (other: DcapEndorsements) => Partial<DcapEndorsements>][] = [
  [
    'TCB info of another platform',
    'collateral-mismatch',
    'tdx/automata/tdx-v5-alibaba.collateral.json',
    ({ tcbInfo, tcbInfoSignature }) => ({ tcbInfo, tcbInfoSignature }),
  ],
  [
    'TCB info about SGX',
    'collateral-mismatch',
    'sgx/phala-dcap-qvl/sgx-v3-production.collateral.json',
    ({ tcbInfo, tcbInfoSignature }) => ({ tcbInfo, tcbInfoSignature }),
  ],
  [
    'identity of the SGX quoting enclave',
    'collateral-mismatch',
    'sgx/phala-dcap-qvl/sgx-v3-production.collateral.json',
    ({ qeIdentity, qeIdentitySignature }) => ({ qeIdentity, qeIdentitySignature }),
  ],
  [
    'CRL of the Processor CA',
    'crl-missing',
    'sgx/phala-dcap-qvl/sgx-v3-production.collateral.json',
    ({ pckCrl }) => ({ pckCrl }),
  ],
  [
    'CRL of another time',
    'crl-not-yet-valid',
    'tdx/flashbots-attested-tls/tdx-v4-gcp-2026-06.collateral.json',
    ({ pckCrl }) => ({ pckCrl }),
  ],
];

describe('genuine pieces that do not belong together', { skip: skipWithoutVectors }, () => {
  for (const [name, code, path, pick] of swaps) {
    it(`refuses the ${name}`, async () => {
      const endorsements = { ...collateral(`${phala}.collateral.json`), ...pick(collateral(path)) };
      await assert.rejects(verify(readVector(`${phala}.quote`), endorsements), { code });
    });
  }

  it('refuses genuine evidence when only a testing CA is trusted', async () => {
    await assert.rejects(
      verify(readVector(`${phala}.quote`), collateral(`${phala}.collateral.json`), good.roots),
      { code: 'chain-untrusted' },
    );
  });

  it('refuses a genuine quote with the collateral of a testing CA that is trusted as well', async () => {
    await assert.rejects(
      verify(readVector(`${phala}.quote`), mintDcapCollateral(good, { now: checkAt }), [
        ...pinnedIntelRoots,
        ...good.roots,
      ]),
      { name: 'EvidenceError' },
    );
  });
});

describe('a genuine quote', { skip: skipWithoutVectors }, () => {
  const quote = present ? readVector('tdx/go-tdx-guest/tdx-v5-production.quote') : new Uint8Array();
  const endorsements = present
    ? collateral('tdx/go-tdx-guest/tdx-v5-production.collateral.json')
    : mintDcapCollateral(good, { now });
  const at = new Date('2026-02-25T00:45:50Z');

  it('is refused when cut at any length', () => {
    for (let length = 0; length < quote.length; length += 1) {
      assert.throws(
        () => parseTdxEvidence(quote.subarray(0, length)),
        { name: 'EvidenceError' },
        `${length} bytes`,
      );
    }
  });

  it('is refused with a bit flipped anywhere up to the certificates', async () => {
    const certificates = new TextDecoder('latin1').decode(quote).indexOf('-----BEGIN');
    const codes = new Map<string, number>();
    // 97 is prime to 8, so that every position within a byte is met.
    for (let bit = 0; bit < certificates * 8; bit += 97) {
      const changed = Uint8Array.from(quote);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const code = await refusalOf(changed, at);
      assert.ok(code !== null, `bit ${bit} may be flipped`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    assert.ok((codes.get('signature-invalid') ?? 0) > 50, JSON.stringify([...codes]));
  });

  async function refusalOf(bytes: Uint8Array, time: Date): Promise<string | null> {
    try {
      const evidence = parseTdxEvidence(bytes);
      const expectedBinding = Uint8Array.from(evidence.report.reportData);
      await verifyTdx({
        evidence,
        endorsements,
        roots: pinnedIntelRoots,
        expectedBinding,
        now: time,
        provider: nodeProvider,
      });
      return null;
    } catch (error) {
      if (error instanceof EvidenceError) return error.code;
      throw error;
    }
  }
});

refuses('old collateral with new evidence', [
  ['a month later', 'crl-expired', { now: later(31 * 86_400_000) }],
  ['before it was issued', 'crl-not-yet-valid', { now: later(-1000) }],
]);

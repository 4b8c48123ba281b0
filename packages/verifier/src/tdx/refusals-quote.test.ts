// Quotes, bindings and chains that verify() must refuse: one change to good evidence per row.
import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { refusesKeysInQuotes } from '../dcap/conformance.test.js';
import { pinnedIntelRoots } from '../dcap/roots.js';
import { nodeProvider } from '../provider-node.js';
import { DcapCa, dcapSerials } from '../testing/dcap-ca.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';
import {
  flip,
  good,
  hour,
  later,
  now,
  other,
  play,
  refuses,
  reportData,
  type Scene,
  strangerKey,
  twoLinks,
} from '../testing/tdx-scene.test.js';
import type { ExpectedBinding } from '../types.js';
import { parseTdxEvidence } from './parse.js';
import { verifyTdx } from './verify.js';

describe('verify accepts', () => {
  const rows: [string, Scene][] = [
    ['a version 5 quote with a TD 1.5 report', {}],
    ['a version 5 quote with a TD 1.0 report', { quote: { bodyType: 2 } }],
    ['a version 4 quote', { quote: { version: 4 } }],
    ['zeros behind the quote', { quote: { trailing: new Uint8Array(3000) } }],
    ['a quoting enclave without authentication data', { quote: { qeAuthData: new Uint8Array() } }],
    ['a chain in the quote that leaves the root out', { quote: { certificationData: twoLinks() } }],
    [
      'a platform that is only named, with its chain in the collateral',
      {
        quote: { certificationType: 3, certificationData: new Uint8Array(404) },
        collateral: { pckCertificateChain: good.chainPem('pck') },
      },
    ],
    [
      'members of the TCB info that are not known',
      { collateral: { tcbInfo: (doc) => ({ ...doc, extra: [1] }) } },
    ],
  ];
  for (const [name, scene] of rows) {
    it(name, async () => {
      const claims = await play(scene);
      assert.equal(claims.tcbStatus, 'UpToDate');
      assert.equal(claims.binding, 'checked');
    });
  }

  it('no binding if the caller says so in so many words', async () => {
    const claims = await play({ expectedBinding: { binding: 'not-checked' } });
    assert.equal(claims.binding, 'not-checked');
  });

  it('a platform of the Processor CA, which states no instance', async () => {
    const subject = { CN: 'Intel SGX PCK Processor CA' };
    const claims = await play({
      ca: {
        platform: { platformInstanceId: null },
        certificates: { pckCa: { subject }, pck: { issuer: subject } },
      },
      collateral: { pckCrl: { issuer: subject } },
    });
    assert.equal(claims.values.platform_instance_id, undefined);
    assert.equal(claims.values.smt_enabled, undefined);
  });

  it('and states the age of each endorsement in seconds', async () => {
    const claims = await play({
      now: later(hour),
      collateral: { rootCaCrl: { thisUpdate: later(-hour) } },
    });
    assert.deepEqual(claims.endorsementAges, {
      'tcb-info': 3600,
      'qe-identity': 3600,
      'pck-crl': 3600,
      'root-ca-crl': 7200,
    });
  });

  it('and takes the lower evaluation number of the two documents', async () => {
    const claims = await play({
      collateral: { qeIdentity: (doc) => ({ ...doc, tcbEvaluationDataNumber: 3 }) },
    });
    assert.equal(claims.values.tcb_evaluation_number, 3);
  });
});

refuses('a quote in which', [
  ['the version is 3', 'unsupported-version', { quote: { header: { version: 3 } } }],
  ['the version is 6', 'unsupported-version', { quote: { header: { version: 6 } } }],
  ['the key type is 3', 'unsupported-algorithm', { quote: { header: { keyType: 3 } } }],
  ['the TEE is SGX', 'unsupported-format', { quote: { header: { teeType: 0 } } }],
  [
    'the vendor of the quoting enclave is another',
    'unsupported-format',
    { quote: { header: { qeVendorId: new Uint8Array(16) } } },
  ],
  [
    'the version is 5 but the layout that of 4',
    'unsupported-format',
    { quote: { version: 4, header: { version: 5 } } },
  ],
  [
    'the certification data names a PCK without its chain',
    'collateral-missing',
    { quote: { certificationType: 3, certificationData: new Uint8Array(404) } },
  ],
  [
    'the platform that is named is another than the one whose chain was fetched',
    'collateral-mismatch',
    {
      quote: { certificationType: 1, certificationData: new Uint8Array(36).fill(1) },
      collateral: { pckCertificateChain: good.chainPem('pck') },
    },
  ],
  [
    'the certification data is a chain in the place of a name',
    'trailing-data',
    { quote: { certificationType: 3 } },
  ],
  [
    'the certification data is of an unknown type',
    'unsupported-format',
    { quote: { certificationType: 8 } },
  ],
  ['the chain is DER', 'malformed', { quote: { certificationData: good.certificates.pck } }],
  ['the chain is empty', 'malformed', { quote: { certificationData: new Uint8Array() } }],
  [
    'the chain has a certificate too many',
    'chain-invalid',
    {
      quote: {
        certificationData: new TextEncoder().encode(good.chainPem('pck') + good.chainPem('root')),
      },
    },
  ],
  [
    'bytes other than zero follow',
    'trailing-data',
    { quote: { trailing: Uint8Array.of(0, 0, 1) } },
  ],
  ['the certification data has bytes behind it', 'trailing-data', { bytes: growOuter }],
  ['the body is said to be longer', 'malformed', { bytes: flip(50) }],
  ['a bit of the header is changed', 'signature-invalid', { bytes: flip(30) }],
  ['a bit of the body is changed', 'signature-invalid', { bytes: flip(60) }],
  [
    'another key signed',
    'signature-invalid',
    { quote: { attestationKey: strangerKey, qeReport: { reportData: new Uint8Array(64) } } },
  ],
  [
    'another PCK vouches for the quoting enclave',
    'signature-invalid',
    { quote: { pckKey: strangerKey } },
  ],
  [
    'the quoting enclave vouches for another key',
    'signature-invalid',
    { quote: { qeReport: { reportData: new Uint8Array(64) } } },
  ],
  [
    'the hash in the QE report is not followed by zeros',
    'signature-invalid',
    { quote: { qeReport: { reportData: hashThenOnes() } } },
  ],
  [
    'the PCK states no SGX extensions',
    'malformed',
    { ca: { certificates: { pck: { extensions: [] } } } },
  ],
  [
    'the PCK extensions lack components',
    'malformed',
    {
      ca: { platform: { sgxComponents: [1, 2, 3] } },
      collateral: { tcbInfo: (doc) => ({ ...doc, tcbLevels: [] }) },
    },
  ],
  [
    'the FMSPC is of the wrong length',
    'malformed',
    {
      ca: { platform: { fmspc: new Uint8Array(5) } },
      collateral: { tcbInfo: (doc) => ({ ...doc, fmspc: '000000000000' }) },
    },
  ],
]);

/** What the QE report of a minted quote has, but with ones where zeros must be. */
function hashThenOnes(): Uint8Array {
  const spki = createPublicKey(good.keys.attestation).export({ type: 'spki', format: 'der' });
  const authData = Uint8Array.from({ length: 32 }, (_, index) => index);
  const digest = createHash('sha256').update(spki.subarray(-64)).update(authData).digest();
  return Uint8Array.from([...digest, ...new Uint8Array(32).fill(1)]);
}

/** One more byte inside the outer certification data, all lengths grown, but nothing to claim it. */
function growOuter(quote: Uint8Array): Uint8Array {
  const view = new DataView(Uint8Array.from([...quote, 0]).buffer);
  const start = 48 + 6 + 648;
  view.setUint32(start, view.getUint32(start, true) + 1, true);
  const outer = start + 4 + 128 + 2;
  view.setUint32(outer, view.getUint32(outer, true) + 1, true);
  return new Uint8Array(view.buffer);
}

refuses('a binding', [
  ['that differs in the first byte', 'binding-mismatch', { expectedBinding: flip(0)(reportData) }],
  ['that differs in the last byte', 'binding-mismatch', { expectedBinding: flip(63)(reportData) }],
  ['of zeros', 'binding-mismatch', { expectedBinding: new Uint8Array(64) }],
  [
    'of 32 bytes that are a prefix',
    'input-invalid',
    { expectedBinding: reportData.subarray(0, 32) },
  ],
  ['of no bytes', 'input-invalid', { expectedBinding: new Uint8Array() }],
  [
    'that a caller without types left out',
    'input-invalid',
    { expectedBinding: {} as ExpectedBinding },
  ],
]);

refuses('a chain in which', [
  [
    "the root has Intel's name, but another key",
    'chain-untrusted',
    { roots: () => pinnedIntelRoots },
  ],
  [
    'the root is left out and is not the pinned one',
    'chain-invalid',
    { roots: () => other.roots, quote: { certificationData: twoLinks() } },
  ],
  ['nobody is trusted', 'chain-untrusted', { roots: () => [] }],
  [
    'the PCK has expired',
    'certificate-expired',
    { ca: { certificates: { pck: { notAfter: later(-hour) } } } },
  ],
  [
    'the PCK is not yet valid',
    'certificate-not-yet-valid',
    { ca: { certificates: { pck: { notBefore: later(hour) } } } },
  ],
  [
    'the PCK CA has expired',
    'certificate-expired',
    { ca: { certificates: { pckCa: { notAfter: later(-hour) } } } },
  ],
  [
    'the PCK CA is not yet valid',
    'certificate-not-yet-valid',
    { ca: { certificates: { pckCa: { notBefore: later(hour) } } } },
  ],
  [
    'the root has expired',
    'certificate-expired',
    { ca: { certificates: { root: { notAfter: later(-hour) } } } },
  ],
  [
    'the root is not yet valid',
    'certificate-not-yet-valid',
    { ca: { certificates: { root: { notBefore: later(hour) } } } },
  ],
  [
    'the TCB signing key has expired',
    'certificate-expired',
    { ca: { certificates: { tcbSigning: { notAfter: later(-hour) } } } },
  ],
  [
    'the TCB signing key is not yet valid',
    'certificate-not-yet-valid',
    { ca: { certificates: { tcbSigning: { notBefore: later(hour) } } } },
  ],
  ['the PCK is a CA', 'chain-invalid', { ca: { certificates: { pck: { ca: true } } } }],
  ['the PCK CA is none', 'chain-invalid', { ca: { certificates: { pckCa: { ca: false } } } }],
  [
    'the PCK is signed by another',
    'chain-invalid',
    { ca: { certificates: { pck: { signingKey: strangerKey } } } },
  ],
  [
    'the PCK CA is signed by another',
    'chain-invalid',
    { ca: { certificates: { pckCa: { signingKey: strangerKey } } } },
  ],
  [
    'the leaf is not a PCK by name',
    'chain-invalid',
    { ca: { certificates: { pck: { subject: { CN: 'Intel SGX TCB Signing' } } } } },
  ],
  [
    'the PCK comes straight from the root',
    'chain-invalid',
    {
      ca: {
        certificates: {
          pck: { issuer: { CN: 'Intel SGX Root CA', O: 'Simulated, not Intel', C: 'XX' } },
        },
      },
    },
  ],
  [
    'a critical extension of the PCK is not known',
    'chain-invalid',
    {
      ca: {
        certificates: {
          pck: { extensions: [{ oid: '1.2.3', critical: true, value: new Uint8Array() }] },
        },
      },
    },
  ],
  [
    'the PCK is revoked',
    'certificate-revoked',
    { collateral: { pckCrl: { revoked: [{ serial: dcapSerials.pck, date: now }] } } },
  ],
  [
    'the PCK CA is revoked',
    'certificate-revoked',
    { collateral: { rootCaCrl: { revoked: [{ serial: dcapSerials.pckCa, date: now }] } } },
  ],
  [
    'the TCB signing key is revoked',
    'certificate-revoked',
    { collateral: { rootCaCrl: { revoked: [{ serial: dcapSerials.tcbSigning, date: now }] } } },
  ],
]);

describe('the simulated CA', () => {
  it('is the same after a round through JSON', async () => {
    const again = DcapCa.fromJson(good.toJson());
    const claims = await verifyTdx({
      evidence: parseTdxEvidence(mintTdxQuote(again, { version: 4, report: { reportData } })),
      endorsements: mintDcapCollateral(good, { now }),
      roots: good.roots,
      expectedBinding: reportData,
      now,
      provider: nodeProvider,
    });
    assert.equal(claims.tcbStatus, 'UpToDate');
    assert.deepEqual(again.platform, good.platform);
  });

  it('gives each instance keys of its own', () => {
    const spki = (ca: DcapCa) =>
      createPublicKey(ca.keys.root).export({ type: 'spki', format: 'der' });
    assert.notDeepEqual(spki(good), spki(other));
  });
});

refusesKeysInQuotes(play);

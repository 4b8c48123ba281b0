// Collateral, TCBs and quoting enclaves that verify() must refuse: one change to good ones per row.
// What SGX shares with TDX is in tdx/refusals-collateral.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { playSgx, refusesSgx, type SgxScene } from '../testing/sgx-scene.test.js';
import {
  good,
  later,
  now,
  other,
  play,
  reportData,
  strangerKey,
} from '../testing/tdx-scene.test.js';

type Document = Record<string, unknown>;
const tcbInfo = (change: (document: Document) => Document): SgxScene => ({
  collateral: { tcbInfo: change },
});
const tcbInfoText = (change: (text: string) => string): SgxScene => ({
  collateral: { tcbInfoText: change },
});
const qeIdentity = (change: (document: Document) => Document): SgxScene => ({
  collateral: { qeIdentity: change },
});
const ofTdx = mintDcapCollateral(good, { now, tee: 'TDX' });

refusesSgx('collateral in which', [
  [
    'the TCB info is about TDX',
    'collateral-mismatch',
    {
      endorsements: (e) => ({
        ...e,
        tcbInfo: ofTdx.tcbInfo,
        tcbInfoSignature: ofTdx.tcbInfoSignature,
      }),
    },
  ],
  [
    'the QE identity is that of the TD quoting enclave',
    'collateral-mismatch',
    {
      endorsements: (e) => ({
        ...e,
        qeIdentity: ofTdx.qeIdentity,
        qeIdentitySignature: ofTdx.qeIdentitySignature,
      }),
    },
  ],
  ['everything is about TDX', 'collateral-mismatch', { endorsements: () => ofTdx }],
  [
    'the identity is that of the verification enclave',
    'collateral-invalid',
    qeIdentity((doc) => ({ ...doc, id: 'QVE' })),
  ],
  [
    'the identity of the quoting enclave has a version that is not known',
    'collateral-invalid',
    qeIdentity((doc) => ({ ...doc, version: 3 })),
  ],
  [
    'the FMSPC is that of another platform',
    'collateral-mismatch',
    tcbInfo((doc) => ({ ...doc, fmspc: '00906ED50000' })),
  ],
  ['the PCEID is another', 'collateral-mismatch', tcbInfo((doc) => ({ ...doc, pceId: '0001' }))],
  [
    'the TCB info has expired',
    'collateral-expired',
    tcbInfo((doc) => ({ ...doc, nextUpdate: '2026-05-01T11:59:59Z' })),
  ],
  [
    'the TCB info is not yet valid',
    'collateral-not-yet-valid',
    tcbInfo((doc) => ({ ...doc, issueDate: '2026-05-01T12:00:01Z' })),
  ],
  [
    'the QE identity has expired',
    'collateral-expired',
    qeIdentity((doc) => ({ ...doc, nextUpdate: '2026-05-01T11:59:59Z' })),
  ],
  [
    'the QE identity is not yet valid',
    'collateral-not-yet-valid',
    qeIdentity((doc) => ({ ...doc, issueDate: '2026-05-01T12:00:01Z' })),
  ],
  [
    "the root's CRL is missing",
    'crl-missing',
    { endorsements: (e) => ({ ...e, rootCaCrl: new Uint8Array() }) },
  ],
  [
    "the PCK CA's CRL is missing",
    'crl-missing',
    { endorsements: (e) => ({ ...e, pckCrl: new Uint8Array() }) },
  ],
  [
    "the root's CRL has expired",
    'crl-expired',
    { collateral: { rootCaCrl: { nextUpdate: later(-1000) } } },
  ],
  [
    "the PCK CA's CRL is not yet valid",
    'crl-not-yet-valid',
    { collateral: { pckCrl: { thisUpdate: later(1000) } } },
  ],
  [
    "the PCK CA's CRL is signed by another",
    'crl-invalid',
    { collateral: { pckCrl: { signingKey: strangerKey } } },
  ],
  [
    'a character of the TCB info is changed',
    'signature-invalid',
    { endorsements: (e) => ({ ...e, tcbInfo: e.tcbInfo.replace('"OutOfDate"', '"UpToDate" ') }) },
  ],
  [
    'a character of the QE identity is changed',
    'signature-invalid',
    { endorsements: (e) => ({ ...e, qeIdentity: e.qeIdentity.replace('"QE"', '"QF"') }) },
  ],
  [
    'the TCB info is that of a stranger',
    'chain-untrusted',
    {
      endorsements: (e) => {
        const theirs = mintDcapCollateral(other, { now, tee: 'SGX' });
        const { tcbInfo: text, tcbInfoSignature, tcbInfoIssuerChain } = theirs;
        return { ...e, tcbInfo: text, tcbInfoSignature, tcbInfoIssuerChain };
      },
    },
  ],
]);

refusesSgx('TCB info in which', [
  [
    'a key is there twice',
    'malformed',
    tcbInfoText((text) => text.replace('"tcbStatus":', '"tcbStatus":"UpToDate","tcbStatus":')),
  ],
  [
    'lists nest a thousand deep',
    'malformed',
    tcbInfoText((text) => text.replace('{', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},`)),
  ],
  ['the version is 1', 'collateral-invalid', tcbInfo((doc) => ({ ...doc, version: 1 }))],
  [
    'version 2 has the components of version 3',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, version: 2 })),
  ],
  [
    'version 3 has the components of version 2',
    'collateral-invalid',
    {
      collateral: { tcbInfoVersion: 2, tcbInfo: (doc) => ({ ...doc, id: 'SGX', version: 3 }) },
    },
  ],
  [
    'a component of version 2 is missing',
    'collateral-invalid',
    {
      collateral: {
        tcbInfoVersion: 2,
        tcbInfoText: (text) => text.replace('sgxtcbcomp16svn', 'sgxtcbcomp17svn'),
      },
    },
  ],
  ['there are no levels', 'tcb-no-matching-level', tcbInfo((doc) => ({ ...doc, tcbLevels: [] }))],
  [
    'every level asks for a higher PCESVN',
    'tcb-no-matching-level',
    tcbInfoText((text) => text.replaceAll('"pcesvn":11', '"pcesvn":12')),
  ],
  [
    'every level asks for a higher component',
    'tcb-no-matching-level',
    tcbInfoText((text) => text.replaceAll('"svn":0', '"svn":1')),
  ],
  [
    'the level is revoked',
    'tcb-revoked',
    tcbInfoText((text) => text.replace('"UpToDate"', '"Revoked"')),
  ],
]);

refusesSgx('a quoting enclave in which', [
  [
    'MRSIGNER is another',
    'qe-identity-mismatch',
    { quote: { qeReport: { mrSigner: new Uint8Array(32) } } },
  ],
  [
    'ISVPRODID is that of the TD quoting enclave',
    'qe-identity-mismatch',
    { quote: { qeReport: { isvProdId: 2 } } },
  ],
  [
    'MISCSELECT is another',
    'qe-identity-mismatch',
    { quote: { qeReport: { miscSelect: Uint8Array.of(1, 0, 0, 0) } } },
  ],
  [
    'DEBUG is set',
    'qe-identity-mismatch',
    { quote: { qeReport: { attributes: Uint8Array.of(0x13, ...new Uint8Array(15)) } } },
  ],
  [
    'PROVISION_KEY is not set',
    'qe-identity-mismatch',
    { quote: { qeReport: { attributes: Uint8Array.of(0x01, ...new Uint8Array(15)) } } },
  ],
  ['the version reaches no level', 'tcb-no-matching-level', { quote: { qeReport: { isvSvn: 0 } } }],
  [
    'the version is revoked',
    'tcb-revoked',
    { collateral: { qeIdentityText: (text) => text.replace('"UpToDate"', '"Revoked"') } },
  ],
]);

describe('the status of an SGX platform', () => {
  const rows: [string, string, readonly string[], SgxScene][] = [
    [
      'is the level that all components reach',
      'OutOfDate',
      ['INTEL-SA-00001'],
      tcbInfoText((text) => text.replace('"svn":5', '"svn":6')),
    ],
    [
      'counts an old quoting enclave in',
      'OutOfDate',
      ['INTEL-SA-00002'],
      { quote: { qeReport: { isvSvn: 7 } } },
    ],
    [
      'keeps a need for configuration beside an old quoting enclave',
      'OutOfDateConfigurationNeeded',
      ['INTEL-SA-00002'],
      {
        quote: { qeReport: { isvSvn: 7 } },
        ...tcbInfoText((text) => text.replace('"UpToDate"', '"ConfigurationNeeded"')),
      },
    ],
    [
      'unites the advisories of both',
      'OutOfDate',
      ['INTEL-SA-00001', 'INTEL-SA-00002'],
      {
        quote: { qeReport: { isvSvn: 7 } },
        ...tcbInfoText((text) => text.replace('"svn":5', '"svn":6')),
      },
    ],
  ];
  for (const [name, status, advisories, scene] of rows) {
    it(name, async () => {
      const claims = await playSgx(scene);
      assert.equal(claims.tcbStatus, status);
      assert.deepEqual(claims.advisories, advisories);
    });
  }
});

describe('collateral about SGX', () => {
  it('is refused for a TD', async () => {
    const ofSgx = mintDcapCollateral(good, { now, tee: 'SGX' });
    await assert.rejects(play({ quote: { report: { reportData } }, endorsements: () => ofSgx }), {
      code: 'collateral-mismatch',
    });
  });
});

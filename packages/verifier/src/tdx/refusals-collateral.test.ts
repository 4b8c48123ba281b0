// Endorsements that verify() must refuse: one change to good collateral per row.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DcapEndorsements, parseDcapEndorsements } from '../dcap/endorsements.js';
import type { EvidenceErrorCode } from '../errors.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { later, now, other, refuses, strangerKey } from '../testing/tdx-scene.test.js';

const fromOther = (pick: (endorsements: DcapEndorsements) => Partial<DcapEndorsements>) => ({
  endorsements: (endorsements: DcapEndorsements): DcapEndorsements => ({
    ...endorsements,
    ...pick(mintDcapCollateral(other, { now })),
  }),
});

refuses('CRLs of which', [
  [
    "the root's is missing",
    'crl-missing',
    { endorsements: (e) => ({ ...e, rootCaCrl: new Uint8Array() }) },
  ],
  [
    "the PCK CA's is missing",
    'crl-missing',
    { endorsements: (e) => ({ ...e, pckCrl: new Uint8Array() }) },
  ],
  [
    "the PCK CA's is another's",
    'crl-missing',
    { collateral: { pckCrl: { issuer: { CN: 'Intel SGX PCK Processor CA' } } } },
  ],
  ["both are the root's", 'crl-missing', { endorsements: (e) => ({ ...e, pckCrl: e.rootCaCrl }) }],
  [
    "the root's has expired",
    'crl-expired',
    { collateral: { rootCaCrl: { nextUpdate: later(-1000) } } },
  ],
  [
    "the PCK CA's has expired",
    'crl-expired',
    { collateral: { pckCrl: { nextUpdate: later(-1000) } } },
  ],
  [
    "the root's is not yet valid",
    'crl-not-yet-valid',
    { collateral: { rootCaCrl: { thisUpdate: later(1000) } } },
  ],
  [
    "the PCK CA's is not yet valid",
    'crl-not-yet-valid',
    { collateral: { pckCrl: { thisUpdate: later(1000) } } },
  ],
  [
    "the root's is signed by another",
    'crl-invalid',
    { collateral: { rootCaCrl: { signingKey: strangerKey } } },
  ],
  [
    "the PCK CA's is signed by another",
    'crl-invalid',
    { collateral: { pckCrl: { signingKey: strangerKey } } },
  ],
  [
    'one is garbage',
    'malformed',
    { endorsements: (e) => ({ ...e, pckCrl: new Uint8Array(300).fill(0x31) }) },
  ],
]);

refuses('collateral in which', [
  [
    'the TCB info has expired',
    'collateral-expired',
    { collateral: { tcbInfo: (doc) => ({ ...doc, nextUpdate: '2026-05-01T11:59:59Z' }) } },
  ],
  [
    'the TCB info is not yet valid',
    'collateral-not-yet-valid',
    { collateral: { tcbInfo: (doc) => ({ ...doc, issueDate: '2026-05-01T12:00:01Z' }) } },
  ],
  [
    'the QE identity has expired',
    'collateral-expired',
    { collateral: { qeIdentity: (doc) => ({ ...doc, nextUpdate: '2026-05-01T11:59:59Z' }) } },
  ],
  [
    'the QE identity is not yet valid',
    'collateral-not-yet-valid',
    { collateral: { qeIdentity: (doc) => ({ ...doc, issueDate: '2026-05-01T12:00:01Z' }) } },
  ],
  [
    'a character of the TCB info is changed',
    'signature-invalid',
    { endorsements: (e) => ({ ...e, tcbInfo: e.tcbInfo.replace('"OutOfDate"', '"UpToDate" ') }) },
  ],
  [
    'a space is added to the TCB info',
    'signature-invalid',
    { endorsements: (e) => ({ ...e, tcbInfo: `${e.tcbInfo} ` }) },
  ],
  [
    'a character of the QE identity is changed',
    'signature-invalid',
    { endorsements: (e) => ({ ...e, qeIdentity: e.qeIdentity.replace('TD_QE', 'TD_QF') }) },
  ],
  [
    'a signature is too short',
    'signature-invalid',
    { endorsements: (e) => ({ ...e, tcbInfoSignature: e.tcbInfoSignature.subarray(1) }) },
  ],
  [
    'the signatures are swapped',
    'signature-invalid',
    {
      endorsements: (e) => ({
        ...e,
        tcbInfoSignature: e.qeIdentitySignature,
        qeIdentitySignature: e.tcbInfoSignature,
      }),
    },
  ],
  [
    'a PCK CA poses as TCB signer',
    'chain-invalid',
    { endorsements: (e, ca) => ({ ...e, tcbInfoIssuerChain: ca.chainPem('pckCa') }) },
  ],
  [
    'a PCK poses as TCB signer',
    'crl-missing',
    { endorsements: (e, ca) => ({ ...e, qeIdentityIssuerChain: ca.chainPem('pck') }) },
  ],
  [
    'the root poses as TCB signer',
    'chain-invalid',
    { endorsements: (e, ca) => ({ ...e, tcbInfoIssuerChain: ca.chainPem('root') }) },
  ],
  [
    'the TCB signing certificate is a CA',
    'chain-invalid',
    { ca: { certificates: { tcbSigning: { ca: true } } } },
  ],
  [
    'the TCB chain is not PEM',
    'malformed',
    { endorsements: (e) => ({ ...e, tcbInfoIssuerChain: 'chain' }) },
  ],
  [
    'everything is of another root, though both are trusted',
    'crl-invalid',
    { roots: (ca) => [...ca.roots, ...other.roots], ...fromOther((e) => e) },
  ],
  [
    'the TCB info is of another root, though both are trusted',
    'crl-invalid',
    {
      roots: (ca) => [...ca.roots, ...other.roots],
      ...fromOther(({ tcbInfo, tcbInfoSignature, tcbInfoIssuerChain }) => ({
        tcbInfo,
        tcbInfoSignature,
        tcbInfoIssuerChain,
      })),
    },
  ],
  [
    'the TCB info is of another root',
    'chain-untrusted',
    fromOther(({ tcbInfo, tcbInfoSignature, tcbInfoIssuerChain }) => ({
      tcbInfo,
      tcbInfoSignature,
      tcbInfoIssuerChain,
    })),
  ],
  [
    'the FMSPC is that of another platform',
    'collateral-mismatch',
    { collateral: { tcbInfo: (doc) => ({ ...doc, fmspc: '00806F050000' }) } },
  ],
  [
    'the PCEID is another',
    'collateral-mismatch',
    { collateral: { tcbInfo: (doc) => ({ ...doc, pceId: '0001' }) } },
  ],
  [
    'the TCB info is about SGX',
    'collateral-mismatch',
    { collateral: { tcbInfo: (doc) => ({ ...doc, id: 'SGX' }) } },
  ],
  ['the TCB info is of version 2', 'collateral-mismatch', { collateral: { tcbInfo: toVersion2 } }],
  [
    'the QE identity is that of the SGX enclave',
    'collateral-mismatch',
    { collateral: { qeIdentity: (doc) => ({ ...doc, id: 'QE' }) } },
  ],
]);

function toVersion2(document: Record<string, unknown>): Record<string, unknown> {
  const components = Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [`sgxtcbcomp${String(i + 1).padStart(2, '0')}svn`, 0]),
  );
  const level = { tcbDate: '2025-05-14T00:00:00Z', tcbStatus: 'UpToDate' };
  const { id: _, ...rest } = document;
  return { ...rest, version: 2, tcbLevels: [{ tcb: { ...components, pcesvn: 0 }, ...level }] };
}

const tcbInfo = (change: (document: Record<string, unknown>) => Record<string, unknown>) => ({
  collateral: { tcbInfo: change },
});
const tcbInfoText = (change: (text: string) => string) => ({
  collateral: { tcbInfoText: change },
});

refuses('signed documents in which', [
  ['a key is there twice', 'malformed', tcbInfoText((text) => text.replace('{', '{"version":3,'))],
  [
    'a key deep inside is there twice',
    'malformed',
    tcbInfoText((text) => text.replace('"tcbStatus":', '"tcbStatus":"UpToDate","tcbStatus":')),
  ],
  [
    'lists nest a thousand deep',
    'malformed',
    tcbInfoText((text) => text.replace('{', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},`)),
  ],
  [
    'there are a million characters',
    'malformed',
    tcbInfoText((text) => text.replace('{', `{"x":"${'x'.repeat(1e6)}",`)),
  ],
  [
    'there are too many values',
    'malformed',
    tcbInfoText((text) => text.replace('{', `{"x":[${'0,'.repeat(30_000)}0],`)),
  ],
  ['there is no JSON', 'malformed', tcbInfoText(() => 'not JSON')],
  ['there is a list in place of the object', 'collateral-invalid', tcbInfoText(() => '[]')],
  ['the version is 4', 'collateral-invalid', tcbInfo((doc) => ({ ...doc, version: 4 }))],
  [
    'the way of comparing is not known',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, tcbType: 1 })),
  ],
  ['the id is not known', 'collateral-invalid', tcbInfo((doc) => ({ ...doc, id: 'TDY' }))],
  [
    'a date is not in the calendar',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, issueDate: '2026-02-30T00:00:00Z' })),
  ],
  [
    'a date has an offset',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, issueDate: '2026-02-01T00:00:00+01:00' })),
  ],
  [
    'a number is text',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, tcbEvaluationDataNumber: '18' })),
  ],
  ['the levels are missing', 'collateral-invalid', tcbInfo(({ tcbLevels: _, ...rest }) => rest)],
  [
    'there are too many levels',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, tcbLevels: Array(65).fill({}) })),
  ],
  ['the TDX module is missing', 'collateral-invalid', tcbInfo(({ tdxModule: _, ...rest }) => rest)],
  [
    'TDX components are missing',
    'collateral-invalid',
    tcbInfoText((text) => text.replaceAll('tdxtcbcomponents', 'other')),
  ],
  [
    'components are fifteen',
    'collateral-invalid',
    tcbInfoText((text) => text.replace('{"svn":2},', '')),
  ],
  [
    'an SVN is over 255',
    'collateral-invalid',
    tcbInfoText((text) => text.replace('"svn":2', '"svn":256')),
  ],
  [
    'an SVN is negative',
    'collateral-invalid',
    tcbInfoText((text) => text.replace('"svn":2', '"svn":-1')),
  ],
  [
    'a status is not known',
    'collateral-invalid',
    tcbInfoText((text) => text.replace('UpToDate', 'Splendid')),
  ],
  [
    'a status is one that only verifiers compute',
    'collateral-invalid',
    tcbInfoText((text) => text.replace('UpToDate', 'TDRelaunchAdvised')),
  ],
  [
    'the QE identity has version 1',
    'collateral-invalid',
    { collateral: { qeIdentity: (doc) => ({ ...doc, version: 1 }) } },
  ],
  [
    'the QE identity has an unknown id',
    'collateral-invalid',
    { collateral: { qeIdentity: (doc) => ({ ...doc, id: 'QVE' }) } },
  ],
  [
    'the MRSIGNER is short',
    'collateral-invalid',
    { collateral: { qeIdentity: (doc) => ({ ...doc, mrsigner: 'ab' }) } },
  ],
]);

describe('parseDcapEndorsements', () => {
  const text = (change: (document: Record<string, unknown>) => void): string => {
    const document: Record<string, unknown> = {
      pck_crl_issuer_chain: 'x',
      root_ca_crl: '00',
      pck_crl: '00',
      tcb_info_issuer_chain: 'x',
      tcb_info: 'x',
      tcb_info_signature: '00',
      qe_identity_issuer_chain: 'x',
      qe_identity: 'x',
      qe_identity_signature: '00',
    };
    change(document);
    return JSON.stringify(document);
  };
  const rows: [string, EvidenceErrorCode, string][] = [
    ['no root CRL', 'crl-missing', text((d) => delete d.root_ca_crl)],
    ['an empty PCK CRL', 'crl-missing', text((d) => Object.assign(d, { pck_crl: '' }))],
    ['no TCB info', 'collateral-missing', text((d) => delete d.tcb_info)],
    [
      'a QE identity that is null',
      'collateral-missing',
      text((d) => Object.assign(d, { qe_identity: null })),
    ],
    [
      'a chain that is a number',
      'collateral-invalid',
      text((d) => Object.assign(d, { tcb_info_issuer_chain: 1 })),
    ],
    ['a CRL that is not hex', 'malformed', text((d) => Object.assign(d, { pck_crl: 'PEM' }))],
    ['a duplicate member', 'malformed', text(() => {}).replace('{', '{"pck_crl":"",')],
    ['no object', 'collateral-invalid', '"x"'],
  ];
  for (const [name, code, document] of rows) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parseDcapEndorsements(document), { code });
    });
  }
});

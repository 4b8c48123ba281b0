// What SGX and TDX have in common of collateral and quoting enclaves: what verify() must refuse, one change to good ones
// per row. Holds no test of its own: the formats call it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { quotingEnclaves } from '../testing/dcap-quote.js';
import {
  type DcapFormat,
  good,
  hour,
  identityOf,
  infoOf,
  later,
  now,
  other,
  qeIdentity,
  refusesAs,
  type SharedScene,
  strangerKey,
  tcbInfo,
  tcbInfoText,
} from '../testing/dcap-scene.test.js';
import type { DcapEndorsements } from './endorsements.js';

type Pick = (endorsements: DcapEndorsements) => Partial<DcapEndorsements>;
const signedInfoOf: Pick = (all) => ({
  ...infoOf(all),
  tcbInfoIssuerChain: all.tcbInfoIssuerChain,
});
/** These members in the place of the good ones. */
const replaced = (from: DcapEndorsements, pick: Pick): SharedScene => ({
  endorsements: (endorsements) => ({ ...endorsements, ...pick(from) }),
});
const bothTrusted: SharedScene = { roots: (ca) => [...ca.roots, ...other.roots] };

function statesAges({ play }: DcapFormat): void {
  describe('verify states', () => {
    it('the age of each endorsement in seconds', async () => {
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

    it('the lower evaluation number of the two documents', async () => {
      const claims = await play(qeIdentity((doc) => ({ ...doc, tcbEvaluationDataNumber: 3 })));
      assert.equal(claims.values.tcb_evaluation_number, 3);
    });
  });
}

function refusesCrls({ play }: DcapFormat): void {
  refusesAs<SharedScene>(play, 'CRLs of which', [
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
    [
      "both are the root's",
      'crl-missing',
      { endorsements: (e) => ({ ...e, pckCrl: e.rootCaCrl }) },
    ],
    ...(['rootCaCrl', 'pckCrl'] as const).flatMap((list) => {
      const whose = list === 'pckCrl' ? "the PCK CA's" : "the root's";
      return [
        [
          `${whose} has expired`,
          'crl-expired',
          { collateral: { [list]: { nextUpdate: later(-1000) } } },
        ] as const,
        [
          `${whose} is not yet valid`,
          'crl-not-yet-valid',
          { collateral: { [list]: { thisUpdate: later(1000) } } },
        ] as const,
        [
          `${whose} is signed by another`,
          'crl-invalid',
          { collateral: { [list]: { signingKey: strangerKey } } },
        ] as const,
      ];
    }),
    [
      'one is garbage',
      'malformed',
      { endorsements: (e) => ({ ...e, pckCrl: new Uint8Array(300).fill(0x31) }) },
    ],
  ]);
  refusesAs<SharedScene>(play, 'old collateral with new evidence', [
    ['a month later', 'crl-expired', { now: later(31 * 86_400_000) }],
    ['before it was issued', 'crl-not-yet-valid', { now: later(-1000) }],
  ]);
}

/** Whose documents these are, when, and for which platform. */
function refusesDocuments({ play, tee }: DcapFormat): void {
  const otherTee = tee === 'SGX' ? 'TDX' : 'SGX';
  const ofOtherTee = mintDcapCollateral(good, { now, tee: otherTee });
  const ofStranger = mintDcapCollateral(other, { now, tee });
  const expired = { nextUpdate: '2026-05-01T11:59:59Z' };
  const future = { issueDate: '2026-05-01T12:00:01Z' };
  refusesAs<SharedScene>(play, 'collateral in which', [
    ['the TCB info has expired', 'collateral-expired', tcbInfo((doc) => ({ ...doc, ...expired }))],
    [
      'the TCB info is not yet valid',
      'collateral-not-yet-valid',
      tcbInfo((doc) => ({ ...doc, ...future })),
    ],
    [
      'the QE identity has expired',
      'collateral-expired',
      qeIdentity((doc) => ({ ...doc, ...expired })),
    ],
    [
      'the QE identity is not yet valid',
      'collateral-not-yet-valid',
      qeIdentity((doc) => ({ ...doc, ...future })),
    ],
    ['the TCB info is of another root', 'chain-untrusted', replaced(ofStranger, signedInfoOf)],
    [
      'the TCB info is of another root, though both are trusted',
      'crl-invalid',
      { ...replaced(ofStranger, signedInfoOf), ...bothTrusted },
    ],
    [
      'everything is of another root, though both are trusted',
      'crl-invalid',
      { ...replaced(ofStranger, (all) => all), ...bothTrusted },
    ],
    [
      `the TCB info is that about ${otherTee}`,
      'collateral-mismatch',
      replaced(ofOtherTee, signedInfoOf),
    ],
    [
      `the QE identity is that for ${otherTee}`,
      'collateral-mismatch',
      replaced(ofOtherTee, identityOf),
    ],
    [`everything is about ${otherTee}`, 'collateral-mismatch', replaced(ofOtherTee, (all) => all)],
    [
      'the FMSPC is that of another platform',
      'collateral-mismatch',
      tcbInfo((doc) => ({ ...doc, fmspc: '00806F050000' })),
    ],
    ['the PCEID is another', 'collateral-mismatch', tcbInfo((doc) => ({ ...doc, pceId: '0001' }))],
  ]);
}

/** Who signed the documents. */
function refusesSigners({ play }: DcapFormat): void {
  refusesAs<SharedScene>(play, 'collateral of which', [
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
      { endorsements: (e) => ({ ...e, qeIdentity: e.qeIdentity.replace('QE"', 'QF"') }) },
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
      'the TCB signer is a CA',
      'chain-invalid',
      { ca: { certificates: { tcbSigning: { ca: true } } } },
    ],
    [
      'the TCB chain is not PEM',
      'malformed',
      { endorsements: (e) => ({ ...e, tcbInfoIssuerChain: 'chain' }) },
    ],
  ]);
}

/** Documents that are signed well, and should not have been. */
function refusesContents({ play }: DcapFormat): void {
  refusesAs<SharedScene>(play, 'signed documents in which', [
    [
      'a key is there twice',
      'malformed',
      tcbInfoText((text) => text.replace('{', '{"version":3,')),
    ],
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
    ['the version is 1', 'collateral-invalid', tcbInfo((doc) => ({ ...doc, version: 1 }))],
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
    [
      'components are fifteen',
      'collateral-invalid',
      tcbInfoText((text) => text.replace(/\{"svn":\d+\},/, '')),
    ],
    [
      'an SVN is over 255',
      'collateral-invalid',
      tcbInfoText((text) => text.replace(/"svn":\d+/, '"svn":256')),
    ],
    [
      'an SVN is negative',
      'collateral-invalid',
      tcbInfoText((text) => text.replace(/"svn":\d+/, '"svn":-1')),
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
      qeIdentity((doc) => ({ ...doc, version: 1 })),
    ],
    [
      'the QE identity has version 3',
      'collateral-invalid',
      qeIdentity((doc) => ({ ...doc, version: 3 })),
    ],
    [
      'the QE identity is that of the verification enclave',
      'collateral-invalid',
      qeIdentity((doc) => ({ ...doc, id: 'QVE' })),
    ],
    [
      'the MRSIGNER is short',
      'collateral-invalid',
      qeIdentity((doc) => ({ ...doc, mrsigner: 'ab' })),
    ],
  ]);
}

function refusesLevels({ play }: DcapFormat): void {
  refusesAs<SharedScene>(play, 'a TCB in which', [
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
      'the platform is revoked',
      'tcb-revoked',
      tcbInfoText((text) => text.replaceAll(/"tcbStatus":"\w+"/g, '"tcbStatus":"Revoked"')),
    ],
  ]);
}

function refusesQuotingEnclaves({ play, tee }: DcapFormat): void {
  const { isvProdId } = quotingEnclaves[tee === 'SGX' ? 'TDX' : 'SGX'];
  const attributes = (flags: number) => Uint8Array.of(flags, ...new Uint8Array(15));
  refusesAs<SharedScene>(play, 'a quoting enclave in which', [
    [
      'MRSIGNER is another',
      'qe-identity-mismatch',
      { quote: { qeReport: { mrSigner: new Uint8Array(32) } } },
    ],
    [
      'ISVPRODID is that of the other TEE’s',
      'qe-identity-mismatch',
      { quote: { qeReport: { isvProdId } } },
    ],
    [
      'MISCSELECT is another',
      'qe-identity-mismatch',
      { quote: { qeReport: { miscSelect: Uint8Array.of(1, 0, 0, 0) } } },
    ],
    [
      'DEBUG is set',
      'qe-identity-mismatch',
      { quote: { qeReport: { attributes: attributes(0x13) } } },
    ],
    [
      'PROVISION_KEY is not set',
      'qe-identity-mismatch',
      { quote: { qeReport: { attributes: attributes(0x01) } } },
    ],
    [
      'the version reaches no level',
      'tcb-no-matching-level',
      { quote: { qeReport: { isvSvn: 0 } } },
    ],
    [
      'the version is revoked',
      'tcb-revoked',
      { collateral: { qeIdentityText: (text) => text.replace('"UpToDate"', '"Revoked"') } },
    ],
  ]);
}

export function conformsInCollateral(format: DcapFormat): void {
  describe(format.format, () => {
    statesAges(format);
    refusesCrls(format);
    refusesDocuments(format);
    refusesSigners(format);
    refusesContents(format);
    refusesLevels(format);
    refusesQuotingEnclaves(format);
  });
}

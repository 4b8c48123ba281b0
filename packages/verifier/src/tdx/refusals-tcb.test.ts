// TCBs and quoting enclaves that verify() must refuse: one change to good evidence per row.
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { good, now, refuses, reportData } from '../testing/tdx-scene.test.js';

const tcbInfo = (change: (document: Record<string, unknown>) => Record<string, unknown>) => ({
  collateral: { tcbInfo: change },
});
const tcbInfoText = (change: (text: string) => string) => ({
  collateral: { tcbInfoText: change },
});

const platformDown = (index: number) => ({
  platform: {
    sgxComponents: [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0].map((svn, i) =>
      i === index ? 0 : svn,
    ),
  },
});
const levelsOfGood = (doc: Record<string, unknown>) => ({ ...doc, tcbLevels: mintedLevels });
const mintedLevels = (
  JSON.parse(mintDcapCollateral(good, { now }).tcbInfo) as { tcbLevels: readonly unknown[] }
).tcbLevels;
const svn = (first: number, second: number, third: number): Uint8Array =>
  Uint8Array.of(first, second, third, ...new Uint8Array(13));

refuses('a TCB in which', [
  ['there are no levels', 'tcb-no-matching-level', tcbInfo((doc) => ({ ...doc, tcbLevels: [] }))],
  [
    'one SGX component reaches no level',
    'tcb-no-matching-level',
    { ca: platformDown(4), collateral: { tcbInfo: levelsOfGood } },
  ],
  [
    'the PCESVN reaches no level',
    'tcb-no-matching-level',
    { ca: { platform: { pceSvn: 10 } }, collateral: { tcbInfo: levelsOfGood } },
  ],
  [
    'one TDX component reaches no level',
    'tcb-no-matching-level',
    { quote: { report: { reportData, teeTcbSvn: svn(5, 1, 1) } } },
  ],
  [
    'the platform is revoked',
    'tcb-revoked',
    tcbInfoText((text) => text.replaceAll(/"tcbStatus":"\w+"/g, '"tcbStatus":"Revoked"')),
  ],
  [
    'the TDX module is revoked',
    'tcb-revoked',
    tcbInfoText((text) => text.replace('"UpToDate"', '"Revoked"')),
  ],
  [
    'the quoting enclave is revoked',
    'tcb-revoked',
    { collateral: { qeIdentityText: (text) => text.replace('"UpToDate"', '"Revoked"') } },
  ],
  [
    'the quoting enclave reaches no level',
    'tcb-no-matching-level',
    { quote: { qeReport: { isvSvn: 0 } } },
  ],
  [
    'the TDX module reaches no level',
    'tcb-no-matching-level',
    { quote: { report: { reportData, teeTcbSvn: svn(1, 1, 2) } } },
  ],
  [
    'the TDX module has a version that Intel does not list',
    'tdx-module-mismatch',
    { quote: { report: { reportData, teeTcbSvn: svn(5, 9, 2) } } },
  ],
  [
    'MRSIGNERSEAM is not that of the module',
    'tdx-module-mismatch',
    { quote: { report: { reportData, mrSignerSeam: new Uint8Array(48).fill(1) } } },
  ],
  [
    'SEAMATTRIBUTES are not zero',
    'tdx-module-mismatch',
    { quote: { report: { reportData, seamAttributes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) } } },
  ],
  [
    'the module of TDX 1.0 has another signer',
    'tdx-module-mismatch',
    {
      quote: {
        report: { reportData, teeTcbSvn: svn(5, 0, 2), mrSignerSeam: new Uint8Array(48).fill(1) },
      },
    },
  ],
]);

refuses('a quoting enclave in which', [
  [
    'MRSIGNER is another',
    'qe-identity-mismatch',
    { quote: { qeReport: { mrSigner: new Uint8Array(32) } } },
  ],
  ['ISVPRODID is another', 'qe-identity-mismatch', { quote: { qeReport: { isvProdId: 1 } } }],
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
]);

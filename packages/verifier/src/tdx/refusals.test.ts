// What verify() must refuse of TDs alone, one change to good evidence per row. The rest is in
// dcap/conformance-quote.test.ts and dcap/conformance-collateral.test.ts.
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import {
  acceptsAs,
  good,
  now,
  qeIdentity,
  reportData,
  tcbInfo,
  tcbInfoText,
} from '../testing/dcap-scene.test.js';
import { mintSgxQuote } from '../testing/sgx-quote.js';
import { playTdx, refusesTdx, type TdxScene } from '../testing/tdx-scene.test.js';

acceptsAs<TdxScene>(playTdx, [
  ['a version 5 quote with a TD 1.5 report', {}],
  ['a version 5 quote with a TD 1.0 report', { quote: { bodyType: 2 } }],
]);

/** One more byte inside the outer certification data, all lengths grown, but nothing to claim it. */
function growOuter(quote: Uint8Array): Uint8Array {
  const view = new DataView(Uint8Array.from([...quote, 0]).buffer);
  const start = 48 + 6 + 648;
  view.setUint32(start, view.getUint32(start, true) + 1, true);
  const outer = start + 4 + 128 + 2;
  view.setUint32(outer, view.getUint32(outer, true) + 1, true);
  return new Uint8Array(view.buffer);
}

refusesTdx('a quote in which', [
  ['the version is 3', 'unsupported-version', { quote: { header: { version: 3 } } }],
  ['the certification data has bytes behind it', 'trailing-data', { bytes: growOuter }],
  [
    'there is an enclave',
    'unsupported-format',
    { bytes: () => mintSgxQuote(good, { version: 4, report: { reportData } }) },
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

refusesTdx('collateral in which', [
  [
    'the id of the TCB info is SGX',
    'collateral-mismatch',
    tcbInfo((doc) => ({ ...doc, id: 'SGX' })),
  ],
  ['the TCB info is of version 2', 'collateral-mismatch', tcbInfo(toVersion2)],
  [
    'the QE identity is that of the SGX enclave',
    'collateral-mismatch',
    qeIdentity((doc) => ({ ...doc, id: 'QE' })),
  ],
  ['the TDX module is missing', 'collateral-invalid', tcbInfo(({ tdxModule: _, ...rest }) => rest)],
  [
    'TDX components are missing',
    'collateral-invalid',
    tcbInfoText((text) => text.replaceAll('tdxtcbcomponents', 'other')),
  ],
]);

const platformDown = (index: number) => ({
  platform: {
    sgxComponents: [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0].map((svn, i) =>
      i === index ? 0 : svn,
    ),
  },
});
const mintedLevels = (
  JSON.parse(mintDcapCollateral(good, { now }).tcbInfo) as { tcbLevels: readonly unknown[] }
).tcbLevels;
const levelsOfGood = tcbInfo((doc) => ({ ...doc, tcbLevels: mintedLevels }));
const svn = (first: number, second: number, third: number): Uint8Array =>
  Uint8Array.of(first, second, third, ...new Uint8Array(13));
const report = (fields: object): TdxScene => ({ quote: { report: { reportData, ...fields } } });
const signer = new Uint8Array(48).fill(1);

refusesTdx('a TCB in which', [
  [
    'one SGX component reaches no level',
    'tcb-no-matching-level',
    { ca: platformDown(4), ...levelsOfGood },
  ],
  [
    'the PCESVN reaches no level',
    'tcb-no-matching-level',
    { ca: { platform: { pceSvn: 10 } }, ...levelsOfGood },
  ],
  [
    'one TDX component reaches no level',
    'tcb-no-matching-level',
    report({ teeTcbSvn: svn(5, 1, 1) }),
  ],
  [
    'the TDX module is revoked',
    'tcb-revoked',
    tcbInfoText((text) => text.replace('"UpToDate"', '"Revoked"')),
  ],
  ['the TDX module reaches no level', 'tcb-no-matching-level', report({ teeTcbSvn: svn(1, 1, 2) })],
  [
    'the TDX module has a version that Intel does not list',
    'tdx-module-mismatch',
    report({ teeTcbSvn: svn(5, 9, 2) }),
  ],
  [
    'MRSIGNERSEAM is not that of the module',
    'tdx-module-mismatch',
    report({ mrSignerSeam: signer }),
  ],
  [
    'SEAMATTRIBUTES are not zero',
    'tdx-module-mismatch',
    report({ seamAttributes: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) }),
  ],
  [
    'the module of TDX 1.0 has another signer',
    'tdx-module-mismatch',
    report({ teeTcbSvn: svn(5, 0, 2), mrSignerSeam: signer }),
  ],
]);

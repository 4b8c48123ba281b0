// What verify() must refuse of enclaves alone, one change to good evidence per row, and what their TCB levels say. The
// rest is in dcap/conformance-quote.test.ts and dcap/conformance-collateral.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  acceptsAs,
  flip,
  good,
  qeIdentity,
  reportData,
  tcbInfo,
  tcbInfoText,
} from '../testing/dcap-scene.test.js';
import { playSgx, refusesSgx, type SgxScene } from '../testing/sgx-scene.test.js';
import { mintTdxQuote } from '../testing/tdx-quote.js';

acceptsAs<SgxScene>(playSgx, [
  ['a version 3 quote', {}],
  ['TCB info of version 2', { collateral: { tcbInfoVersion: 2 } }],
]);

refusesSgx('a quote in which', [
  [
    'the reserved field of version 3 is set',
    'unsupported-format',
    { quote: { header: { teeType: 1 } } },
  ],
  ['the body is a TD by its type', 'unsupported-format', { quote: { version: 5, bodyType: 2 } }],
  ['the body is of no known type', 'unsupported-format', { quote: { version: 5, bodyType: 4 } }],
  [
    'the layout is that of version 3 but the number 4',
    'unsupported-format',
    { quote: { version: 3, header: { version: 4 } } },
  ],
  [
    'there is a TD',
    'unsupported-format',
    { bytes: () => mintTdxQuote(good, { version: 4, report: { reportData } }) },
  ],
  ['a bit of MRENCLAVE is changed', 'signature-invalid', { bytes: flip(48 + 64) }],
  ['a bit of MRSIGNER is changed', 'signature-invalid', { bytes: flip(48 + 128) }],
  [
    'reserved bytes of the report are set',
    'reserved-bits',
    { quote: { report: { reportData, cetAttributes: new Uint8Array(12).fill(1) } } },
  ],
]);

refusesSgx('TCB info in which', [
  [
    'version 2 has the components of version 3',
    'collateral-invalid',
    tcbInfo((doc) => ({ ...doc, version: 2 })),
  ],
  [
    'version 3 has the components of version 2',
    'collateral-invalid',
    { collateral: { tcbInfoVersion: 2, tcbInfo: (doc) => ({ ...doc, id: 'SGX', version: 3 }) } },
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
  [
    'the level that fits is revoked',
    'tcb-revoked',
    tcbInfoText((text) => text.replace('"UpToDate"', '"Revoked"')),
  ],
  ['the id is TDX', 'collateral-invalid', tcbInfo((doc) => ({ ...doc, id: 'TDX' }))],
]);

refusesSgx('a QE identity in which', [
  [
    'the id is that of the TD quoting enclave',
    'collateral-mismatch',
    qeIdentity((doc) => ({ ...doc, id: 'TD_QE' })),
  ],
]);

describe('the status of an SGX platform', () => {
  const old = tcbInfoText((text) => text.replace('"svn":5', '"svn":6'));
  const oldEnclave = { quote: { qeReport: { isvSvn: 7 } } };
  const rows: [string, string, readonly string[], SgxScene][] = [
    ['is the level that all components reach', 'OutOfDate', ['INTEL-SA-00001'], old],
    ['counts an old quoting enclave in', 'OutOfDate', ['INTEL-SA-00002'], oldEnclave],
    [
      'keeps a need for configuration beside an old quoting enclave',
      'OutOfDateConfigurationNeeded',
      ['INTEL-SA-00002'],
      {
        ...oldEnclave,
        ...tcbInfoText((text) => text.replace('"UpToDate"', '"ConfigurationNeeded"')),
      },
    ],
    [
      'unites the advisories of both',
      'OutOfDate',
      ['INTEL-SA-00001', 'INTEL-SA-00002'],
      { ...oldEnclave, ...old },
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

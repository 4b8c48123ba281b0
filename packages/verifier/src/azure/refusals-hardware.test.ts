// What the hardware's own evidence is refused for holds behind a paravisor too: chains, lists, levels, debug.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import type { EvidenceErrorCode } from '../errors.js';
import { dcapSerials } from '../testing/dcap-ca.js';
import { mintAmdCrl } from '../testing/snp.js';
import { amdOf, day, goodCrl, newAmd, stage } from '../testing/snp-scene.js';
import {
  type AzureScene,
  playAzureSnp,
  playAzureTdx,
  refusesAzure,
  tdxNow,
} from './azure-scene.test.js';

const milan = amdOf('milan');
const lookAlike = newAmd();
const { roots } = stage({}).input;
const lists = (...crls: Uint8Array[]): AzureScene => ({
  snp: { endorsements: { revocation: { kind: 'crls', crls } } },
});
const list = (change: object): AzureScene =>
  lists(
    mintAmdCrl(milan.ark, {
      thisUpdate: day('2025-05-31'),
      nextUpdate: day('2025-07-01'),
      revoked: [],
      ...change,
    }),
  );

type Row = readonly [sentence: string, code: EvidenceErrorCode, scene: AzureScene];
const snpRows: readonly Row[] = [
  [
    'under a look-alike of AMD’s root',
    'chain-invalid',
    { snp: { issuer: lookAlike, input: { roots } } },
  ],
  [
    'under a look-alike of AMD’s authority and root',
    'chain-untrusted',
    {
      snp: { issuer: lookAlike, input: { roots }, endorsements: { authority: lookAlike.ark.der } },
    },
  ],
  ['whose key is of the future', 'certificate-not-yet-valid', { now: day('2024-06-01') }],
  [
    'whose authority is revoked',
    'certificate-revoked',
    list({ revoked: [{ serial: 0x10001, date: day('2025-05-01') }] }),
  ],
  ['where lists are asked for and none is given', 'crl-missing', lists()],
  ['with a list by a look-alike root', 'crl-invalid', lists(goodCrl(lookAlike))],
  ['with an expired list', 'crl-expired', list({ nextUpdate: day('2025-05-31') })],
  ['with a list of the future', 'crl-not-yet-valid', list({ thisUpdate: day('2025-06-02') })],
  [
    'with the key of another chip',
    'chip-mismatch',
    { snp: { key: { hwid: new Uint8Array(64).fill(9) } } },
  ],
  [
    'of Genoa under the chain of Milan',
    'product-mismatch',
    { snp: { product: 'genoa', issuer: milan } },
  ],
];

const revoked = (serial: number) => ({ revoked: [{ serial, date: tdxNow }] });
const change = (members: object) => (document: object) => ({ ...document, ...members });
const tdxRows: readonly Row[] = [
  [
    'whose PCK is revoked',
    'certificate-revoked',
    { collateral: { pckCrl: revoked(dcapSerials.pck) } },
  ],
  [
    'whose PCK CA is revoked',
    'certificate-revoked',
    { collateral: { rootCaCrl: revoked(dcapSerials.pckCa) } },
  ],
  [
    'whose TCB signer is revoked',
    'certificate-revoked',
    { collateral: { rootCaCrl: revoked(dcapSerials.tcbSigning) } },
  ],
  [
    'with collateral of next month',
    'certificate-not-yet-valid',
    { now: new Date('2026-04-01T00:00:00Z') },
  ],
  [
    'with TCB info of another platform',
    'collateral-mismatch',
    { collateral: { tcbInfo: change({ fmspc: 'AABBCCDDEEFF' }) } },
  ],
  [
    'with TCB info about enclaves',
    'collateral-mismatch',
    { collateral: { tcbInfo: change({ id: 'SGX' }) } },
  ],
  [
    'with the identity of the enclaves’ quoting enclave',
    'collateral-mismatch',
    { collateral: { qeIdentity: change({ id: 'QE' }) } },
  ],
  [
    'of a platform that reaches no level',
    'tcb-no-matching-level',
    { collateral: { tcbInfo: change({ tcbLevels: [] }) } },
  ],
];

for (const [name, play, rows] of [
  ['an SNP VM on Azure', playAzureSnp, snpRows],
  ['a TDX VM on Azure', playAzureTdx, tdxRows],
] as const) {
  describe(`${name} is refused`, () => {
    for (const [sentence, code, scene] of rows) {
      it(sentence, () => refusesAzure(play, code, scene));
    }
  });
}

describe('a VM on Azure is refused by its policy', () => {
  const debugTd = Uint8Array.of(1, 0, 0, 0x10, 0, 0, 0, 0);
  const rows = [
    [
      'an SNP guest that can be debugged',
      'azure-snp-vtpm',
      { snp: { report: { policy: 0xb0000n } } },
      'debug',
    ],
    ['an SNP report from VMPL 1', 'azure-snp-vtpm', { snp: { report: { vmpl: 1 } } }, 'vmpl'],
    [
      'a TD that can be debugged',
      'azure-tdx-vtpm',
      { tdReport: { tdAttributes: debugTd } },
      'debug',
    ],
    [
      'a TD with reserved attributes',
      'azure-tdx-vtpm',
      { tdReport: { tdAttributes: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0) } },
      'reserved-attributes',
    ],
  ] as const;
  for (const [sentence, format, scene, code] of rows) {
    it(sentence, async () => {
      const play = format === 'azure-snp-vtpm' ? playAzureSnp : playAzureTdx;
      const policy = parseAppraisalPolicy({ name: 'p', formats: { [format]: {} } });
      const { faults } = appraise(await play(scene), policy, []);
      assert.deepEqual(
        faults.map((fault) => fault.code),
        [code],
      );
    });
  }
});

// Reports from real machines, and real certificates in the wrong places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { day } from '../testing/snp-scene.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { VerifiedClaims } from '../types.js';
import { snpEndorsementsFromKey, snpEndorsementsFromPem } from './endorsements.js';
import { parseSnpReport } from './parse.js';
import type { SnpProduct, SnpSigner } from './product.js';
import { amdCertificates, pinnedAmdRoots } from './roots/roots.js';
import { verifySnpReport } from './verify.js';

interface Vector {
  readonly report: string;
  readonly key: string;
  readonly product: SnpProduct;
  readonly signer: SnpSigner;
  /** A day within the validity of every certificate. */
  readonly at: string;
  readonly facts: readonly [
    version: number,
    vmpl: number,
    debug: boolean,
    measurement: string,
    reportData: string,
    hostData: string,
    chipId: string,
    reportedTcb: string,
  ];
}

const zero = '0000000000000000';
const milan = { product: 'milan', signer: 'vcek', at: '2025-06-01' } as const;
const vectors: readonly Vector[] = [
  {
    ...milan,
    report: 'go-sev-guest/snp-v2-milan-debug.report',
    key: 'go-sev-guest/snp-v2-milan-debug.vcek.der',
    facts: [
      2,
      0,
      true,
      'b07af9620f3b839b',
      '0102030405000000',
      zero,
      '3ac3fe21e13fb099',
      '0200000000000544',
    ],
  },
  {
    ...milan,
    report: 'trustee/snp-v2-milan.report',
    key: 'trustee/snp-v2-milan.vcek.der',
    facts: [
      2,
      0,
      false,
      'a1f3930413247bb3',
      'ec6c52d7533cc2c4',
      zero,
      'c38427a30d4c7af9',
      '0300000000000873',
    ],
  },
  {
    ...milan,
    signer: 'vlek',
    report: 'trustee/snp-v3-milan-vlek.report',
    key: 'trustee/snp-v3-milan-vlek.vlek.der',
    facts: [3, 1, false, '8922ebbdd00ec2c5', '819770b7e6ea6df8', zero, zero, '04000000000018d9'],
  },
  {
    ...milan,
    report: 'oak/snp-v3-milan.report',
    key: 'oak/snp-v3-milan.vcek.der',
    facts: [
      3,
      0,
      false,
      '195b01b74976a1fa',
      'a7ca989b0359ea4e',
      zero,
      'a3fdc2c64dc299ab',
      '04000000000018db',
    ],
  },
  {
    ...milan,
    product: 'genoa',
    at: '2026-01-01',
    report: 'oak/snp-v5-genoa.report',
    key: 'oak/snp-v5-genoa.vcek.der',
    facts: [
      5,
      0,
      false,
      'c57729018b0a6fb9',
      '8100555af0ad8e75',
      zero,
      'd2421d976f95ce0b',
      '0a00000000001954',
    ],
  },
  {
    ...milan,
    product: 'turin',
    at: '2026-01-01',
    report: 'oak/snp-v5-turin.report',
    key: 'oak/snp-v5-turin.vcek.der',
    facts: [
      5,
      0,
      false,
      'f924dd18f168df60',
      'e0fd0bdb6aa4030a',
      zero,
      '3b42092f69c656d3',
      '0001000200000047',
    ],
  },
  {
    ...milan,
    report: 'virtee-sev/snp-v2-milan.report.hex',
    key: 'virtee-sev/snp-v2-milan.vcek.der',
    facts: [
      2,
      0,
      false,
      '7a1e5c266c0108db',
      'd447b55d197491bf',
      zero,
      'd49554ec717f4e5b',
      '0300000000000873',
    ],
  },
  {
    ...milan,
    report: 'confidential-sidecar/snp-v2-milan-aci.report',
    key: 'confidential-sidecar/snp-v2-milan-aci.vcek-chain.pem',
    facts: [
      2,
      0,
      false,
      '51068107cdc7ee3d',
      'ee986ff2bd7e3f22',
      'cadd74f71ebb8fbf',
      'b12164b45a2a2742',
      '0300000000000873',
    ],
  },
  {
    ...milan,
    report: 'microsoft-ravl/snp-v2-milan.att.json',
    key: 'microsoft-ravl/snp-v2-milan.att.json',
    facts: [
      2,
      0,
      false,
      'ede826880a4e1a41',
      '0879ba8bc5414d78',
      'ab6ccfea6e8c9c62',
      '82e7a9f446e00752',
      '020000000000065d',
    ],
  },
];

const noLists = { kind: 'not-checked' } as const;

function readText(path: string): string {
  return new TextDecoder().decode(readVector(`snp/${path}`));
}

function readReport({ report }: Vector): Uint8Array {
  if (report.endsWith('.hex')) return decodeHex(readText(report).trim());
  if (report.endsWith('.json')) return Buffer.from(JSON.parse(readText(report)).evidence, 'base64');
  return readVector(`snp/${report}`);
}

function readEndorsements(vector: Vector) {
  const { key } = vector;
  if (key.endsWith('.der'))
    return snpEndorsementsFromKey(readVector(`snp/${key}`), vector, noLists);
  const pem = key.endsWith('.pem')
    ? readText(key)
    : Buffer.from(JSON.parse(readText(key)).endorsements, 'base64').toString();
  return snpEndorsementsFromPem(pem, noLists);
}

function inputOf(vector: Vector) {
  const evidence = parseSnpReport(readReport(vector));
  return {
    evidence,
    endorsements: readEndorsements(vector),
    roots: pinnedAmdRoots,
    expectedBinding: evidence.reportData,
    now: day(vector.at),
    provider: nodeProvider,
  };
}

function factsOf({ values, debug }: VerifiedClaims) {
  const start = (name: string) => String(values[name]).slice(0, 16);
  return [
    values.report_version,
    values.vmpl,
    debug,
    start('measurement'),
    start('report_data'),
  ].concat([start('host_data'), start('chip_id'), start('reported_tcb')]);
}

for (const vector of vectors) {
  test(`genuine: ${vector.report} is what its source says`, {
    skip: skipWithoutVectors,
  }, async () => {
    for (const provider of [nodeProvider, webProvider]) {
      const claims = await verifySnpReport({ ...inputOf(vector), provider });
      assert.deepEqual(factsOf(claims), [...vector.facts]);
      assert.deepEqual(
        [claims.values.product, claims.values.signer],
        [vector.product, vector.signer],
      );
    }
  });
}

const byName = (name: string): Vector => {
  const vector = vectors.find(({ report }) => report.includes(name));
  assert.ok(vector);
  return vector;
};

type Change = (vector: Vector) => Partial<ReturnType<typeof inputOf>>;
const genuineRefusals: readonly (readonly [string, string, string, Change])[] = [
  [
    'the VCEK of another chip',
    'trustee/snp-v2',
    'chip-mismatch',
    () => ({
      endorsements: readEndorsements(byName('virtee')),
    }),
  ],
  [
    'the VCEK of another TCB',
    'oak/snp-v3',
    'tcb-mismatch',
    () => ({
      endorsements: readEndorsements(byName('trustee/snp-v2')),
    }),
  ],
  [
    'a Genoa authority for a Milan VCEK',
    'oak/snp-v3',
    'chain-invalid',
    (vector) => ({
      endorsements: { ...readEndorsements(vector), authority: amdCertificates.genoa.ask },
    }),
  ],
  [
    'the ASK for a VLEK',
    'vlek',
    'chain-invalid',
    (vector) => ({
      endorsements: { ...readEndorsements(vector), authority: amdCertificates.milan.ask },
    }),
  ],
  [
    'the ASVK for a VCEK',
    'oak/snp-v3',
    'chain-invalid',
    (vector) => ({
      endorsements: { ...readEndorsements(vector), authority: amdCertificates.milan.asvk },
    }),
  ],
  [
    'only the root of another product',
    'oak/snp-v5-turin',
    'chain-untrusted',
    () => ({
      roots: pinnedAmdRoots.slice(0, 2),
    }),
  ],
  ['a VLEK after its one year', 'vlek', 'certificate-expired', () => ({ now: day('2025-12-11') })],
  [
    'a VLEK before its time',
    'vlek',
    'certificate-not-yet-valid',
    () => ({
      now: day('2024-12-10'),
    }),
  ],
  [
    'a binding of zeros',
    'aci',
    'binding-mismatch',
    () => ({
      expectedBinding: new Uint8Array(64),
    }),
  ],
  [
    'no CRL where lists are asked for',
    'oak/snp-v5-genoa',
    'crl-missing',
    (vector) => ({
      endorsements: { ...readEndorsements(vector), revocation: { kind: 'crls', crls: [] } },
    }),
  ],
  [
    'an altered VCEK',
    'trustee/snp-v2',
    'chain-invalid',
    (vector) => ({
      endorsements: {
        ...readEndorsements(vector),
        endorsementKey: readVector('bad/trustee/snp-vcek-corrupted-new.der'),
      },
    }),
  ],
  [
    'an altered VCEK of the older encoding',
    'trustee/snp-v2',
    'chain-invalid',
    (vector) => ({
      endorsements: {
        ...readEndorsements(vector),
        endorsementKey: readVector('bad/trustee/snp-vcek-corrupted-legacy.der'),
      },
    }),
  ],
];
for (const [what, name, code, change] of genuineRefusals) {
  test(`genuine: refuses ${what}`, { skip: skipWithoutVectors }, async () => {
    const vector = byName(name);
    await assert.rejects(verifySnpReport({ ...inputOf(vector), ...change(vector) }), (error) => {
      assert.ok(error instanceof EvidenceError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    });
  });
}

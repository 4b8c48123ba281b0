// The forms in which a key and its authority arrive, and what is wrong with some of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePem } from '../encoding/pem.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { parseCertificate } from '../pki/certificate.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import { amdOf, stage } from '../testing/snp-scene.js';
import { encodeCertificateTable } from '../testing/snp-simulator.js';
import { parseCertificateTable } from './certificate-table.js';
import { readEndorsementKey } from './endorsement-key.js';
import { snpEndorsementsFromPem, snpEndorsementsFromTable } from './endorsements.js';
import { parseSnpReport } from './parse.js';
import { amdCertificates } from './roots/roots.js';
import { verifySnpReport } from './verify.js';

const guids = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  vlek: 'a8074bc2a25a483eaae639c045a0b8a1',
  ask: '4ab7b379bbac4fe4a02f05aef327c782',
  other: '0123456789abcdef0123456789abcdef',
} as const;
type Entry = readonly [guid: string, certificate: Uint8Array];

/** The table, with the first entry said to be longer than it is. */
function encodeTable(entries: readonly Entry[], stretch = 0): Uint8Array {
  const table = encodeCertificateTable(entries);
  const view = new DataView(table.buffer);
  view.setUint32(20, view.getUint32(20, true) + stretch, true);
  return table;
}

function refuses(code: EvidenceErrorCode, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof EvidenceError && error.code === code);
}

const none = { kind: 'not-checked' } as const;
const scene = stage({});
const report = parseSnpReport(scene.bytes);
const { endorsementKey, authority } = scene.input.endorsements;

test('verifies with what the table of the host holds', async () => {
  const table = encodeTable([
    [guids.other, Uint8Array.of(1)],
    [guids.vcek, endorsementKey],
    [guids.ask, authority],
  ]);
  const endorsements = snpEndorsementsFromTable(table, report, none);
  const input = { ...scene.input, evidence: report, endorsements };
  assert.equal((await verifySnpReport(input)).values.signer, 'vcek');
});

test("takes AMD's authority where the table has none, also for version 2", () => {
  for (const version of [2, 3] as const) {
    for (const signer of ['vcek', 'vlek'] as const) {
      const { bytes, input } = stage({ version, signer, product: 'genoa' });
      const table = encodeTable([[guids[signer], input.endorsements.endorsementKey]]);
      const found = snpEndorsementsFromTable(table, parseSnpReport(bytes), none);
      const { ask, asvk } = amdCertificates.genoa;
      assert.deepEqual(found.authority, signer === 'vcek' ? ask : asvk);
    }
  }
});

test('refuses a table without the key that signed the report', () => {
  const table = encodeTable([[guids.vlek, endorsementKey]]);
  refuses('collateral-missing', () => snpEndorsementsFromTable(table, report, none));
});

test('refuses tables that are out of bounds', () => {
  const entry: Entry = [guids.vcek, endorsementKey];
  refuses('malformed', () => parseCertificateTable(new Uint8Array()));
  refuses('malformed', () => parseCertificateTable(new Uint8Array(2_000_000)));
  refuses('malformed', () => parseCertificateTable(encodeTable([entry], 1)));
  refuses('malformed', () => parseCertificateTable(encodeTable([entry, entry])));
  refuses('malformed', () => parseCertificateTable(encodeTable([entry]).subarray(0, 30)));
  const many = Array.from({ length: 17 }, (): Entry => [guids.other, Uint8Array.of(1)]);
  refuses('malformed', () => parseCertificateTable(encodeTable(many)));
});

test('reads a PEM bundle with or without its root, and trusts no root from it', async () => {
  const pems = [endorsementKey, authority, amdOf('milan').ark.der].map((der) =>
    encodePem('CERTIFICATE', der),
  );
  for (const pem of [pems.join(''), pems.slice(0, 2).join('')]) {
    const endorsements = snpEndorsementsFromPem(pem, none);
    assert.deepEqual(endorsements.authority, authority);
    const input = { ...scene.input, evidence: report, endorsements, roots: [] };
    await assert.rejects(
      verifySnpReport(input),
      (error) => error instanceof EvidenceError && error.code === 'chain-untrusted',
    );
  }
  refuses('malformed', () => snpEndorsementsFromPem(pems[0] ?? '', none));
  refuses('malformed', () => snpEndorsementsFromPem(pems.join('') + pems[0], none));
});

test('fuzz: certificate tables are read or refused', () => {
  const table = encodeTable([
    [guids.vcek, Uint8Array.of(1, 2, 3)],
    [guids.ask, Uint8Array.of(4)],
  ]);
  assertRefusesCleanly(mutationsOf(table), parseCertificateTable);
});

test('fuzz: endorsement keys are read or refused', () => {
  assertRefusesCleanly(mutationsOf(endorsementKey), (der) =>
    readEndorsementKey(parseCertificate(der), 'milan', 'vcek'),
  );
});

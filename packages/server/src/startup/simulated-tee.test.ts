// The simulated vendors as a development server keeps them: the same after a restart, silent about all other machines.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { evidenceFormats, parseCrl, parseEvidence, type SnpReport } from '@vouchsafe/verifier';
import { DcapCa, simulatedAmd, simulatedIntel } from '@vouchsafe/verifier/testing';
import { MintedChips, tdxQuoteOf } from '../endorsements/testing/minted-evidence.js';
import { StartError } from './options.js';
import { openSimulatedTee, simulatedTeeFormats } from './simulated-tee.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const LATER = new Date(NOW.getTime() + 2 * 3_600_000);
const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-simulated-'));
after(() => rmSync(folder, { recursive: true }));

const tee = openSimulatedTee(folder, NOW);
const savedText = (file: string): string => readFileSync(join(folder, file), 'utf8');
const chip = simulatedAmd.fromJson(savedText(simulatedAmd.file));

function reportOf(machine: typeof chip): SnpReport {
  const fields = { reportData: new Uint8Array(64), measurement: new Uint8Array(48) };
  return parseEvidence(machine.attest(fields).report, 'sev-snp') as SnpReport;
}

test('there is a root for each of its formats, and for no result of another verifier', () => {
  assert.deepEqual(Object.keys(tee.roots).sort(), [...simulatedTeeFormats].sort());
  const without = evidenceFormats.filter((format) => !simulatedTeeFormats.includes(format));
  assert.deepEqual(without, [
    'azure-maa',
    'intel-trust-authority',
    'google-confidential-space',
    'nvidia-nras',
    'ear',
    'nvidia-gpu',
  ]);
});

test('its files are the owner’s alone, and a restart finds the same vendors', () => {
  const files = readdirSync(folder);
  assert.equal(files.length, 4);
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
  assert.deepEqual(openSimulatedTee(folder, LATER).roots, tee.roots);
});

test('a folder of an earlier version keeps its vendor and gets the others', () => {
  const earlier = mkdtempSync(join(folder, 'earlier-'));
  const ca = DcapCa.create({ now: NOW });
  writeFileSync(join(earlier, simulatedIntel.file), ca.toJson());
  const opened = openSimulatedTee(earlier, NOW);
  assert.deepEqual(opened.roots['tdx-dcap'], ca.roots);
  assert.equal(opened.roots['sev-snp']?.length, 1);
});

test('a file that is none of a vendor stops the start', () => {
  const broken = mkdtempSync(join(folder, 'broken-'));
  for (const text of ['', '{}', savedText(simulatedIntel.file)]) {
    writeFileSync(join(broken, simulatedAmd.file), text);
    assert.throws(() => openSimulatedTee(broken, NOW), StartError);
  }
});

test('its chip has a certificate and a list, minted anew as time goes by', async () => {
  const report = reportOf(chip);
  const [key] = await tee.source.findSnpKeys(report, NOW);
  assert.deepEqual(key?.endorsementKey, chip.endorsementKey.der);
  const issuedAt = async (at: Date): Promise<Date | undefined> => {
    const [crl] = await tee.source.findSnpCrls(report, at);
    return crl && parseCrl(crl).thisUpdate;
  };
  assert.deepEqual(await issuedAt(NOW), NOW);
  assert.deepEqual(await issuedAt(new Date(NOW.getTime() + 60_000)), NOW);
  assert.deepEqual(await issuedAt(LATER), LATER);
  assert.deepEqual(await issuedAt(NOW), NOW);
});

test('about other machines it has nothing, whoever made them', async () => {
  const years = { notBefore: NOW, notAfter: new Date('2030-01-01T00:00:00Z') };
  const others = [
    new MintedChips({ product: 'milan', ...years }).reportOf(new Uint8Array(64).fill(1)),
    reportOf(simulatedAmd.create(NOW)),
  ];
  for (const report of others) {
    assert.deepEqual(await tee.source.findSnpKeys(report, NOW), []);
    assert.deepEqual(await tee.source.findSnpCrls(report, NOW), []);
  }
  const fmspc = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const elsewhere = DcapCa.create({ now: NOW, platform: { fmspc } });
  assert.deepEqual(await tee.source.findDcap(tdxQuoteOf(elsewhere), NOW), []);
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { formatDcapEndorsements } from '@vouchsafe/verifier';
import { DcapCa, mintDcapCollateral } from '@vouchsafe/verifier/testing';
import { openBundle } from './bundle.js';
import { MintedChips, pemText, sgxQuoteOf, tdxQuoteOf } from './testing/minted-evidence.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const validity = { notBefore: NOW, notAfter: new Date('2027-01-01T00:00:00Z') };
const ca = DcapCa.create({ now: NOW });
const collateral = mintDcapCollateral(ca, { now: NOW });
const chips = new MintedChips({ product: 'turin', ...validity });
const chipId = new Uint8Array(64);
chipId.fill(3, 0, 8);
const vcek = chips.certificateOf(chipId.subarray(0, 8));
const vlek = chips.certificateOf(new Uint8Array(8), 'vlek');
const crl = chips.crl(NOW, validity.notAfter);
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-bundle-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

let serial = 0;
function put(name: string, content: string | Uint8Array): { dir: string; file: string } {
  serial += 1;
  const dir = join(folder, String(serial));
  mkdirSync(dir);
  writeFileSync(join(dir, name), content);
  return { dir, file: join(dir, name) };
}

test('a folder and a file that is in it give the same', async () => {
  const { dir, file } = put('platform.json', formatDcapEndorsements(collateral));
  for (const path of [dir, file]) {
    assert.deepEqual(await openBundle([path]).findDcap(tdxQuoteOf(ca, 4), NOW), [collateral]);
  }
});

test('collateral is for one kind of platform only', async () => {
  const { file } = put('platform.json', formatDcapEndorsements(collateral));
  const other = DcapCa.create({ now: NOW, platform: { fmspc: new Uint8Array(6) } });
  assert.deepEqual(await openBundle([file]).findDcap(tdxQuoteOf(other, 4), NOW), []);
});

test('collateral is for one kind of TEE only, and for named platforms if it has their certificate', async () => {
  const forSgx = mintDcapCollateral(ca, { now: NOW, tee: 'SGX' });
  const withCertificate = { ...forSgx, pckCertificateChain: ca.chainPem('pck') };
  const { dir } = put('a.json', formatDcapEndorsements(collateral));
  writeFileSync(join(dir, 'b.json'), formatDcapEndorsements(forSgx));
  writeFileSync(join(dir, 'c.json'), formatDcapEndorsements(withCertificate));
  const bundle = openBundle([dir]);
  assert.deepEqual(await bundle.findDcap(tdxQuoteOf(ca, 4), NOW), [collateral]);
  assert.deepEqual(await bundle.findDcap(sgxQuoteOf(ca, {}), NOW), [forSgx, withCertificate]);
  const named = { certificationType: 1, certificationData: new Uint8Array(36) };
  assert.deepEqual(await bundle.findDcap(sgxQuoteOf(ca, named), NOW), [withCertificate]);
});

for (const [what, name, content] of [
  ['DER', 'key.der', vcek],
  ['PEM', 'key.pem', pemText('CERTIFICATE', vcek)],
] as const) {
  test(`a VCEK in ${what} is found for its own chip and no other`, async () => {
    const bundle = openBundle([put(name, content).dir]);
    const [found] = await bundle.findSnpKeys(chips.reportOf(chipId), NOW);
    assert.deepEqual(found?.endorsementKey, vcek);
    const other = new Uint8Array(64);
    other.fill(4, 0, 8);
    assert.deepEqual(await bundle.findSnpKeys(chips.reportOf(other), NOW), []);
  });
}

test('a VLEK is not taken for the VCEK of a chip', async () => {
  const bundle = openBundle([put('vlek', vlek).dir]);
  assert.deepEqual(await bundle.findSnpKeys(chips.reportOf(chipId), NOW), []);
});

test('revocation lists are found in DER and in PEM', async () => {
  for (const content of [crl, pemText('X509 CRL', crl)]) {
    const bundle = openBundle([put('list', content).file]);
    assert.deepEqual(await bundle.findSnpCrls(chips.reportOf(chipId), NOW), [crl]);
  }
});

test('hidden files and folders below are left alone', async () => {
  const { dir } = put('.note', 'not an endorsement');
  mkdirSync(join(dir, 'below'));
  assert.deepEqual(await openBundle([dir]).findDcap(tdxQuoteOf(ca, 4), NOW), []);
});

const unusable: readonly [string, string | Uint8Array][] = [
  ['text', 'hello'],
  ['an empty file', ''],
  ['JSON that is no collateral', '{"a":1}'],
  ['PEM of something else', pemText('PRIVATE KEY', new Uint8Array(10))],
  ['a certificate with a byte too many', Buffer.concat([vcek, Buffer.alloc(1)])],
  ['a file over the limit', new Uint8Array(4 * 1024 * 1024 + 1)],
];
for (const [what, content] of unusable) {
  test(`${what} is an error that names the file`, () => {
    const { dir, file } = put('thing', content);
    assert.throws(() => openBundle([dir]), new RegExp(file));
  });
}

test('a path that is not there is an error', () => {
  assert.throws(() => openBundle([join(folder, 'gone')]), /gone/);
});

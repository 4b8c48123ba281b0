// Gramine's attestation files against stand-ins: a folder with files of the same names, and one in memory whose quote is
// over whatever was written last.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { attesterSettings } from '../testing/attester-settings.js';
import { type DeviceFiles, nodeDeviceFiles } from './device-files.js';
import { openGramine } from './gramine.js';
import { openAttester } from './registry.js';

const DATA = Buffer.alloc(64, 7);
const QUOTE = Buffer.from('a quote');
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What an enclave finds at /dev/attestation; null leaves a file out. */
function folderWith(change: Readonly<Record<string, string | Buffer | null>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-gramine-'));
  folders.push(folder);
  const files = {
    attestation_type: 'dcap',
    user_report_data: Buffer.alloc(64),
    quote: QUOTE,
    ...change,
  };
  for (const [name, content] of Object.entries(files)) {
    if (content !== null) writeFileSync(join(folder, name), content);
  }
  return folder;
}

const settingsFor = (graminePath: string) => ({ ...attesterSettings, graminePath });

test('an enclave is found by itself, and its quote is over the report data', async () => {
  const folder = folderWith();
  const attester = await openAttester('auto', settingsFor(folder));
  assert.deepEqual([attester.name, attester.format], ['gramine', 'sgx-dcap']);
  const { evidence, endorsements } = await attester.collect(DATA);
  assert.equal(evidence.type, 'application/vnd.vouchsafe.sgx-dcap');
  assert.deepEqual(Buffer.from(evidence.value), QUOTE);
  assert.deepEqual(endorsements, []);
  assert.deepEqual(await readFile(join(folder, 'user_report_data')), DATA);
});

test('hardware comes before a simulation that was asked for too', async () => {
  const settings = { ...settingsFor(folderWith()), simulatedTee: '/nosuch', command: ['true'] };
  assert.equal((await openAttester('auto', settings)).name, 'gramine');
});

type Change = Parameters<typeof folderWith>[0];
const opening: Readonly<Record<string, readonly [Change, string]>> = {
  'no enclave, as under gramine-direct': [{ attestation_type: null }, 'gramine-absent'],
  'an enclave without remote attestation': [{ attestation_type: 'none' }, 'gramine-not-dcap'],
  'the older EPID attestation': [{ attestation_type: 'epid' }, 'gramine-not-dcap'],
  'a word that only begins so': [{ attestation_type: 'dcap2' }, 'gramine-not-dcap'],
  'no word at all': [{ attestation_type: '' }, 'gramine-not-dcap'],
  'a word without end': [{ attestation_type: 'd'.repeat(65) }, 'evidence-too-large'],
};
for (const [name, [change, code]] of Object.entries(opening)) {
  test(`opening refuses ${name}`, async () => {
    const settings = settingsFor(folderWith(change));
    await assert.rejects(openAttester('gramine', settings), { code });
  });
}

const collecting: Readonly<Record<string, readonly [Change, string]>> = {
  'report data that cannot be written': [{ user_report_data: null }, 'gramine-absent'],
  'a quote that is not there': [{ quote: null }, 'gramine-absent'],
  'an empty quote': [{ quote: '' }, 'gramine-failed'],
  'a quote without end': [{ quote: Buffer.alloc(64 * 1024 + 1) }, 'evidence-too-large'],
};
for (const [name, [change, code]] of Object.entries(collecting)) {
  test(`collecting refuses ${name}`, async () => {
    const attester = await openAttester('gramine', settingsFor(folderWith(change)));
    await assert.rejects(attester.collect(DATA), { code });
  });
}

test('a quoting service that fails is told as such, and asked again at the next login', async () => {
  let fault: string | null = 'EIO';
  const files: DeviceFiles = {
    ...nodeDeviceFiles,
    read: async (path, bytesMax) => {
      if (!path.endsWith('quote') || fault === null) return nodeDeviceFiles.read(path, bytesMax);
      throw Object.assign(new Error(fault), { code: fault });
    },
  };
  const attester = await openGramine({ graminePath: folderWith() }, files);
  await assert.rejects(attester.collect(DATA), { code: 'gramine-failed' });
  fault = null;
  assert.equal((await attester.collect(DATA)).evidence.value.length, QUOTE.length);
});

test('report data of another length is not asked about', async () => {
  const folder = folderWith();
  const attester = await openAttester('gramine', settingsFor(folder));
  for (const length of [0, 63, 65]) {
    const data = Buffer.alloc(length, 1);
    await assert.rejects(attester.collect(data), { code: 'report-data-invalid' });
  }
  assert.deepEqual(await readFile(join(folder, 'user_report_data')), Buffer.alloc(64));
});

test('two that ask at once get a quote each over their own data', async () => {
  let written = Buffer.alloc(0);
  const files: DeviceFiles = {
    ...nodeDeviceFiles,
    write: async (_, bytes) => {
      written = Buffer.from(bytes);
    },
    read: async (path) => {
      if (path.endsWith('attestation_type')) return Buffer.from('dcap\n');
      // Long enough for another request to write, if it may.
      await new Promise((resolve) => setImmediate(resolve));
      return written;
    },
  };
  const attester = await openGramine({ graminePath: '/dev/attestation' }, files);
  const wanted = [1, 2, 3].map((byte) => Buffer.alloc(64, byte));
  const got = await Promise.all(wanted.map((data) => attester.collect(data)));
  assert.deepEqual(
    got.map(({ evidence }) => evidence.value),
    wanted,
  );
});

// The simulated measurement: the same for the same workload wherever it lies, another for any change.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseEvidence, parseReferenceValues } from '@vouchsafe/verifier';
import {
  DcapCa,
  type SimulatedVendor,
  simulatedIntel,
  simulatedTpm,
} from '@vouchsafe/verifier/testing';
import { openAttester } from './attesters/registry.js';
import { measureCommand } from './measure.js';
import { simulatedFormats, toReferenceValues } from './simulated-registers.js';
import { attesterSettings } from './testing/attester-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-measure-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const app = put('app', '#!/bin/sh\necho hello\n', 0o700);
const config = put('config', 'a = 1\n');
const measured = async (...command: string[]): Promise<string> =>
  (await measureCommand(command, { PATH: folder })).workload.toString('hex');

test('a copy elsewhere, and a name looked up in PATH, measure the same', async () => {
  const want = await measured(app, config, '-v');
  assert.equal(await measured(put('copy', '#!/bin/sh\necho hello\n', 0o700), config, '-v'), want);
  assert.equal(await measured('app', put('other', 'a = 1\n'), '-v'), want);
  assert.match(want, /^[0-9a-f]{96}$/);
});

const changes: Readonly<Record<string, () => Promise<string>>> = {
  'one byte of the executable': () =>
    measured(put('tampered', '#!/bin/sh\necho hellp\n', 0o700), config, '-v'),
  'one byte of a file': () => measured(app, put('config2', 'a = 2\n'), '-v'),
  'another argument': () => measured(app, config, '-x'),
  'one more argument': () => measured(app, config, '-v', '-v'),
  'no argument': () => measured(app, config),
  'another order': () => measured(app, '-v', config),
  'a word that has the text of the file': () => measured(app, 'a = 1\n', '-v'),
};
for (const [name, other] of Object.entries(changes)) {
  test(`${name} measures differently`, async () => {
    assert.notEqual(await other(), await measured(app, config, '-v'));
  });
}

const refused: Readonly<Record<string, readonly [string, string, number]>> = {
  'a command that is not there': ['nosuch', 'command-not-found', 127],
  'a path that is not there': ['/nosuch/app', 'command-not-found', 127],
  'no name': ['', 'command-not-found', 127],
  'a folder': [folder, 'command-not-found', 127],
  'a file that is not executable': [config, 'command-not-executable', 126],
};
for (const [name, [command, code, exitCode]] of Object.entries(refused)) {
  test(`refuses ${name} with exit code ${exitCode}`, async () => {
    await assert.rejects(measureCommand([command], { PATH: folder }), { code, exitCode });
  });
}

test('the reference values are what the simulated TEE says, in the verifier’s own form', async () => {
  const ca = DcapCa.create({ now: new Date() });
  put('simulated-tee.json', ca.toJson());
  const command = [app, config];
  const settings = { ...attesterSettings, simulatedTee: folder, command };
  const attester = await openAttester('simulated', settings);
  const { evidence } = await attester.collect(Buffer.alloc(64, 5));
  const parsed = parseEvidence(evidence.value, 'detect');
  assert.ok(parsed.format === 'tdx-dcap');
  const values = parseReferenceValues(
    toReferenceValues(await measureCommand(command, {}), { name: 'app', format: 'tdx-dcap' }),
  );
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  assert.deepEqual(values.any_of, [
    { mrtd: [hex(parsed.report.mrTd)], rtmr3: [hex(parsed.report.rtmr3)] },
  ]);
  assert.deepEqual(Buffer.from(parsed.report.reportData), Buffer.alloc(64, 5));
});

test('a vendor file that is broken is refused without being quoted', async () => {
  const path = put('broken.json', '{"format":"hunter2"');
  const settings = { ...attesterSettings, simulatedTee: path, command: [app] };
  await assert.rejects(openAttester('auto', settings), (error: Error & { code: string }) => {
    assert.equal(error.code, 'simulated-tee-invalid');
    return !String(error.stack).includes('hunter2');
  });
  const none = { ...settings, simulatedTee: join(folder, 'absent') };
  await assert.rejects(openAttester('auto', none), { code: 'simulated-tee-absent' });
  await assert.rejects(openAttester('auto', { ...settings, command: [] }), {
    code: 'simulated-tee-no-command',
  });
});

const newKeys = <V>(vendor: SimulatedVendor<V>): string => vendor.toJson(vendor.create(new Date()));
for (const simulatedFormat of simulatedFormats) {
  test(`${simulatedFormat} is not simulated with the keys of another vendor`, async () => {
    const isIntels = simulatedIntel.formats.includes(simulatedFormat);
    const simulatedTee = put(
      'other.json',
      isIntels ? newKeys(simulatedTpm) : newKeys(simulatedIntel),
    );
    const settings = { ...attesterSettings, simulatedTee, simulatedFormat, command: [app] };
    await assert.rejects(openAttester('simulated', settings), { code: 'simulated-tee-invalid' });
  });
}

test('each register of a format says something else, and something else of another workload', async () => {
  const [one, two] = [await measureCommand([app], {}), await measureCommand([app, '-v'], {})];
  for (const format of simulatedFormats) {
    const [first, second] = [one, two].map((measured) =>
      toReferenceValues(measured, { name: 'app', format }),
    );
    const [registers = {}] = first?.any_of ?? [];
    const values = Object.values(registers).map(String);
    assert.equal(new Set(values).size, values.length, format);
    assert.notDeepEqual(first, second, format);
    assert.deepEqual(parseReferenceValues(first), first);
  }
});

// The report interface against a stand-in that behaves as the kernel does: attributes appear with the folder, each
// write counts up the generation, and the answer is over whatever was written last.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { attesterSettings } from '../testing/attester-settings.js';
import { openConfigfsTsm } from './configfs-tsm.js';
import { type DeviceFiles, nodeDeviceFiles } from './device-files.js';
import { openAttester } from './registry.js';

const BASE = '/sys/kernel/config/tsm/report';
const DATA = Buffer.alloc(64, 7);

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

interface Folder {
  generation: number;
  inblob: Buffer;
}

class FakeKernel implements DeviceFiles {
  provider = 'sev_guest\n';
  certificates: Buffer | string = Buffer.from('certificate table');
  outblob = (inblob: Buffer): Buffer =>
    Buffer.concat([Buffer.from('report over '), createHash('sha256').update(inblob).digest()]);
  /** Thrown by the operation of that name. */
  readonly faults: Record<string, string> = {};
  /** Called after each write of inblob, with the folder: somebody else's doing. */
  afterWrite: (folder: Folder) => void = () => undefined;
  readonly folders = new Map<string, Folder>();
  readonly made: string[] = [];
  reads = 0;

  async isFolder(): Promise<boolean> {
    return true;
  }
  async isFile(): Promise<boolean> {
    return false;
  }
  async makeFolder(path: string): Promise<void> {
    if (this.faults.mkdir !== undefined) throw systemError(this.faults.mkdir);
    if (this.folders.has(path)) throw systemError('EEXIST');
    this.folders.set(path, { generation: 0, inblob: Buffer.alloc(0) });
    this.made.push(path);
  }
  async removeFolder(path: string): Promise<void> {
    if (!this.folders.delete(path)) throw systemError('ENOENT');
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const [folder, name] = this.#find(path);
    if (this.faults[name] !== undefined) throw systemError(this.faults[name]);
    assert.equal(name, 'inblob');
    folder.inblob = Buffer.from(bytes);
    folder.generation += 1;
    this.afterWrite(folder);
  }
  async read(path: string, bytesMax: number): Promise<Buffer> {
    const [folder, name] = this.#find(path);
    this.reads += 1;
    const fault = this.faults[name];
    if (fault !== undefined) throw systemError(fault);
    const value = this.#attribute(folder, name);
    assert.ok(value.length <= bytesMax);
    return value;
  }
  #attribute(folder: Folder, name: string): Buffer {
    if (name === 'provider') return Buffer.from(this.provider);
    if (name === 'generation') return Buffer.from(`${folder.generation}\n`);
    if (name === 'outblob') return this.outblob(folder.inblob);
    if (name !== 'auxblob') throw systemError('ENOENT');
    if (typeof this.certificates === 'string') throw systemError(this.certificates);
    return this.certificates;
  }
  #find(path: string): [Folder, string] {
    const at = path.lastIndexOf('/');
    const folder = this.folders.get(path.slice(0, at));
    if (folder === undefined) throw systemError('ENOENT');
    return [folder, path.slice(at + 1)];
  }
}

const open = (kernel: DeviceFiles) => openConfigfsTsm({ tsmPath: BASE }, kernel);

test('a SEV-SNP guest: report and certificate table, in a folder of its own that is gone again', async () => {
  const kernel = new FakeKernel();
  const attester = await open(kernel);
  assert.equal(attester.format, 'sev-snp');
  const { evidence, endorsements } = await attester.collect(DATA);
  assert.equal(evidence.type, 'application/vnd.vouchsafe.sev-snp');
  assert.deepEqual(evidence.value, kernel.outblob(DATA));
  assert.deepEqual(endorsements, [
    { type: 'application/vnd.vouchsafe.snp-certificates', value: Buffer.from('certificate table') },
  ]);
  await attester.collect(DATA);
  assert.equal(new Set(kernel.made).size, 3);
  assert.ok(kernel.made.every((path) => /^\/sys\/.*\/vouchsafe-[0-9a-f]{16}$/.test(path)));
  assert.equal(kernel.folders.size, 0);
});

test('a TDX guest: a quote and nothing beside it', async () => {
  const kernel = new FakeKernel();
  kernel.provider = 'tdx_guest\n';
  kernel.certificates = 'ENOENT';
  const attester = await open(kernel);
  assert.equal(attester.format, 'tdx-dcap');
  const { evidence, endorsements } = await attester.collect(DATA);
  assert.equal(evidence.type, 'application/vnd.vouchsafe.tdx-dcap');
  assert.deepEqual(endorsements, []);
});

for (const code of ['ENOENT', 'ENODATA', 'EINVAL']) {
  test(`a host without certificates (${code}) leaves the endorsements out`, async () => {
    const kernel = new FakeKernel();
    kernel.certificates = code;
    assert.deepEqual((await (await open(kernel)).collect(DATA)).endorsements, []);
  });
}

test('a report that somebody else’s write came into is asked for again', async () => {
  const kernel = new FakeKernel();
  let times = 2;
  kernel.afterWrite = (folder) => {
    if (times === 0) return;
    times -= 1;
    folder.inblob = Buffer.alloc(64, 9);
    folder.generation += 1;
  };
  const { evidence } = await (await open(kernel)).collect(DATA);
  assert.deepEqual(evidence.value, kernel.outblob(DATA));
  assert.equal(kernel.folders.size, 0);
});

type Change = (kernel: FakeKernel) => void;
const opening: Readonly<Record<string, readonly [Change, string, RegExp]>> = {
  'no interface': [(k) => (k.faults.mkdir = 'ENOENT'), 'tsm-absent', /Linux 6.7/],
  'no permission': [(k) => (k.faults.mkdir = 'EACCES'), 'tsm-denied', /as root/],
  'a read-only mount': [(k) => (k.faults.mkdir = 'EROFS'), 'tsm-denied', /container/],
  'no driver': [(k) => (k.faults.mkdir = 'ENXIO'), 'tsm-no-provider', /modprobe/],
  'an unknown TEE': [(k) => (k.provider = 'arm_cca_guest\n'), 'tsm-provider-unknown', /sev_guest/],
  'a provider named like a prototype’s member': [
    (k) => (k.provider = 'constructor'),
    'tsm-provider-unknown',
    /known/,
  ],
};
for (const [name, [change, code, hint]] of Object.entries(opening)) {
  test(`opening says what to do about ${name}`, async () => {
    const kernel = new FakeKernel();
    change(kernel);
    await assert.rejects(open(kernel), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, code);
      assert.match(error.hint, hint);
      return true;
    });
    assert.equal(kernel.folders.size, 0);
  });
}

const collecting: Readonly<Record<string, readonly [Change, string]>> = {
  'others that never stop writing': [
    (k) => (k.afterWrite = (folder) => (folder.generation += 1)),
    'tsm-busy',
  ],
  'a firmware that stays busy': [(k) => (k.faults.outblob = 'EBUSY'), 'tsm-busy'],
  'an interrupted read, again and again': [(k) => (k.faults.outblob = 'EINTR'), 'tsm-busy'],
  'a quoting service that does not answer': [(k) => (k.faults.outblob = 'ETIMEDOUT'), 'tsm-failed'],
  'report data that may not be written': [(k) => (k.faults.inblob = 'EACCES'), 'tsm-denied'],
  'an empty report': [(k) => (k.outblob = () => Buffer.alloc(0)), 'tsm-failed'],
  'another provider than before': [(k) => (k.provider = 'tdx_guest'), 'tsm-failed'],
  'a table that cannot be read': [(k) => (k.certificates = 'EIO'), 'tsm-failed'],
  'a generation that is no number': [
    (k) => {
      const { read } = k;
      k.read = async (path, max) =>
        path.endsWith('generation') ? Buffer.from('-1') : read.call(k, path, max);
    },
    'tsm-failed',
  ],
};
for (const [name, [change, code]] of Object.entries(collecting)) {
  test(`collecting refuses ${name}, and leaves no folder`, async () => {
    const kernel = new FakeKernel();
    const attester = await open(kernel);
    change(kernel);
    await assert.rejects(attester.collect(DATA), { code });
    assert.equal(kernel.folders.size, 0);
    assert.ok(kernel.reads < 50);
  });
}

test('report data of another length is not asked about', async () => {
  const attester = await open(new FakeKernel());
  for (const length of [0, 63, 65]) {
    await assert.rejects(attester.collect(Buffer.alloc(length)), { code: 'report-data-invalid' });
  }
});

test('on a machine without the interface: auto and the name alike say so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-tsm-'));
  const settings = {
    ...attesterSettings,
    tsmPath: join(folder, 'report'),
  };
  await assert.rejects(openAttester('auto', settings), { code: 'attester-absent' });
  await assert.rejects(openAttester('configfs-tsm', settings), { code: 'tsm-absent' });
  await assert.rejects(openAttester('nitro', settings), { code: 'attester-unknown' });
  await assert.rejects(openAttester('simulated', settings), { code: 'simulated-tee-absent' });
  await rm(folder, { recursive: true });
});

test('reads of real files are bounded, and writes make no file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vouchsafe-tsm-'));
  const { writeFile } = await import('node:fs/promises');
  await writeFile(join(folder, 'a'), 'x'.repeat(100));
  assert.equal((await nodeDeviceFiles.read(join(folder, 'a'), 100)).length, 100);
  await assert.rejects(nodeDeviceFiles.read(join(folder, 'a'), 99), { code: 'evidence-too-large' });
  await assert.rejects(nodeDeviceFiles.write(join(folder, 'b'), DATA), { code: 'ENOENT' });
  assert.equal(await nodeDeviceFiles.isFolder(join(folder, 'a')), false);
  await rm(folder, { recursive: true });
});

// TDs that boot from a disk: the partition table as genuine event logs have it, shim's own events, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../encoding/bytes.js';
import { EvidenceError } from '../../errors.js';
import { parseTcgEventLog } from '../../eventlog/parse-tcg.js';
import { nodeProvider } from '../../provider-node.js';
import { type DiskFields, makeDisk, makePartition } from '../../testing/disk.js';
import { makeFirmware, tdvfMetadata, u32 } from '../../testing/firmware.js';
import { makePe } from '../../testing/pe-image.js';
import { readVector, skipWithoutVectors } from '../../testing/vectors.test.js';
import { findPeSection } from '../pe-image.js';
import { diskRtmr1Events, diskRtmr2Events, type TdxDiskBoot } from './disk-boot.js';
import { measureTdx, type TdxLaunch } from './measure-tdx.js';
import { partitionTableEvent } from './partition-table.js';

const isEqual = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

/** EV_EFI_GPT_EVENT */
const gptEvent = 0x8000_0006;

/** Logs and where in their tables the partitions are: logs do not tell, but the header's checksum of the table does. */
const genuine: readonly (readonly [string, 'ccel' | 'tcg', readonly number[]])[] = [
  ['trustee/ccel-data-grub.bin', 'ccel', [0, 13, 14, 15]],
  ['trustee/ccel-data-gcp.bin', 'ccel', [0, 1, 2]],
  ['trustee/ccel-data-grub-gke.bin', 'ccel', [0, 1, 2]],
  ['trustee/ccel-aael-alibabacloud.bin', 'ccel', [0, 1, 2]],
  ['go-tdx-guest/ccel-gce-cos113.bin', 'ccel', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
];

for (const [file, kind, places] of genuine) {
  test(`the partition table of ${file} is what firmware measured`, {
    skip: skipWithoutVectors,
  }, () => {
    const { events } = parseTcgEventLog(readVector(`eventlog/${file}`), kind);
    const { data } = events.find(({ type }) => type === gptEvent) ?? {};
    assert.ok(data);
    // Genuine header and partitions, put back onto a disk.
    const disk = makeDisk({
      partitions: new Map(
        places.map((place, i) => [place, data.subarray(100 + 128 * i, 228 + 128 * i)]),
      ),
    });
    disk.set(data.subarray(0, 92), 512);
    assert.ok(isEqual(partitionTableEvent(disk), data));
  });
}

test('partitions are measured in the order of the table, and of any size of block and entry', () => {
  const partitions = new Map([
    [2, makePartition(3, 256)],
    [0, makePartition(1, 256)],
  ]);
  const event = partitionTableEvent(makeDisk({ block: 4096, entryBytes: 256, partitions }));
  const number = Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0);
  const expected = concatBytes(number, makePartition(1, 256), makePartition(3, 256));
  assert.ok(isEqual(event.subarray(92), expected));
  assert.equal(partitionTableEvent(makeDisk({ partitions: new Map() })).length, 100);
});

/** A changed byte without a new checksum. */
function spoilt(at: number): Uint8Array {
  const disk = makeDisk();
  disk[at] = (disk[at] ?? 0) ^ 1;
  return disk;
}

const tables: readonly (readonly [string, DiskFields | Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'unsupported-format'],
  ['a disk without partition table', new Uint8Array(34 * 512), 'unsupported-format'],
  ['a header that is not whole', makeDisk().subarray(0, 600), 'unsupported-format'],
  ['a header of another size', { headerBytes: 93 }, 'malformed'],
  ['a header that was changed', spoilt(512 + 60), 'malformed'],
  ['entries that were changed', spoilt(1024 + 40), 'malformed'],
  ['a disk that ends before its entries do', makeDisk().subarray(0, 33 * 512), 'malformed'],
  ['1025 entries', { entryCount: 1025 }, 'malformed'],
  ['entries that are too small', { entryBytes: 64, partitions: new Map() }, 'malformed'],
  ['entries that are too large', { entryBytes: 8192, partitions: new Map() }, 'malformed'],
];

for (const [sentence, fields, code] of tables) {
  test(`no partition table: ${sentence}`, () => {
    const disk = fields instanceof Uint8Array ? fields : makeDisk(fields);
    assert.throws(() => partitionTableEvent(disk), { code });
  });
}

test('no bytes in place of a partition table crash the reader', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.uint8Array({ maxLength: 16 }), (at, bytes) => {
      const disk = makeDisk();
      disk.set(bytes, at);
      try {
        assert.ok(partitionTableEvent(disk).length <= disk.length);
      } catch (error) {
        assert.ok(error instanceof EvidenceError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

/** A PE image whose first section has this name and these contents. The long name stands behind the image. */
function withSection(name: string, contents: Uint8Array): Uint8Array {
  const image = concatBytes(makePe(), new TextEncoder().encode(`1234${name}\0`));
  const view = new DataView(image.buffer);
  view.setUint32(0x40 + 12, makePe().length, true);
  image.set(new TextEncoder().encode('/4\0\0\0\0\0\0'), 0x40 + 24 + 240);
  image.set(contents, 0x400);
  return image;
}

const certificate = Uint8Array.of(0x30, 3, 2, 1, 5);
const shim = withSection('.vendor_cert', concatBytes(u32(5, 0, 16, 21), certificate));
const boot: TdxDiskBoot = {
  disk: makeDisk(),
  applications: [shim, makePe()],
  commandLine: 'BOOT_IMAGE=/vmlinuz root=/dev/vda1',
  initrd: Uint8Array.of(1, 2, 3),
};

test('a section is found by its short or its long name, or not at all', () => {
  assert.equal(findPeSection(makePe(), '.tex')?.length, 0x200);
  assert.ok(isEqual(findPeSection(shim, '.vendor_cert')?.subarray(16, 21), certificate));
  for (const name of ['.vendor', '.vendor_cert2', '/4', '']) {
    assert.equal(findPeSection(shim, name), null, name);
  }
});

test('shim measures its certificate, that nothing is revoked, and that its list is trusted', () => {
  const [mokList, mokListX, trusted, commandLine, initrd] = diskRtmr2Events(boot, 'x');
  assert.equal(mokList?.length, 28 + 16 + certificate.length);
  assert.ok(isEqual(mokList?.subarray(-5), certificate));
  assert.equal(mokListX?.length, 76);
  assert.deepEqual(trusted, Uint8Array.of(1));
  assert.deepEqual(commandLine, Uint8Array.of(0x78, 0));
  assert.equal(initrd, boot.initrd);
  const noShim = diskRtmr2Events({ ...boot, applications: [makePe()] }, 'x');
  assert.deepEqual(noShim, [Uint8Array.of(0x78, 0), boot.initrd]);
});

const firmware = makeFirmware({
  tdvf: tdvfMetadata([
    { dataOffset: 0, rawBytes: 0, address: 0, memoryBytes: 4096, type: 3, attributes: 0 },
  ]),
});
const launch: TdxLaunch = { firmware, pageOrder: 'one-pass', generation: '2024', boot };
const registers = async (change: Partial<TdxDiskBoot>, more: Partial<TdxLaunch> = {}) => {
  const of = { ...launch, boot: { ...boot, ...change }, ...more };
  const { rtmr0, rtmr1, rtmr2 } = await measureTdx(of, nodeProvider);
  assert.equal(rtmr0, null);
  return [rtmr1, rtmr2] as const;
};

test('each part of a boot from disk changes the register that it goes to', async () => {
  const [rtmr1, rtmr2] = await registers({});
  const otherDisk = makeDisk({ partitions: new Map([[0, makePartition(2)]]) });
  const changes: readonly (readonly [string, boolean, boolean, ...Parameters<typeof registers>])[] =
    [
      ['disk', true, false, { disk: otherDisk }],
      ['order of the applications', true, false, { applications: [makePe(), shim] }],
      ['no shim', true, true, { applications: [makePe()] }],
      ['shim twice', true, true, { applications: [shim, shim, makePe()] }],
      ['command line', false, true, { commandLine: 'quiet' }],
      ['initrd', false, true, { initrd: new Uint8Array() }],
      ['generation', true, false, {}, { generation: '2022' }],
    ];
  for (const [what, one, two, change, more] of changes) {
    const [other1, other2] = await registers(change, more);
    assert.equal(!isEqual(other1 ?? undefined, rtmr1 ?? undefined), one, what);
    assert.equal(!isEqual(other2 ?? undefined, rtmr2 ?? undefined), two, what);
  }
  const [alone, none] = await registers({ commandLine: null });
  assert.ok(isEqual(alone ?? undefined, rtmr1 ?? undefined));
  assert.equal(none, null);
});

const badShim = (...header: readonly number[]): Partial<TdxDiskBoot> => ({
  applications: [withSection('.vendor_cert', u32(...header))],
});
const refusals: readonly (readonly [string, Partial<TdxDiskBoot>, string])[] = [
  ['no application', { applications: [] }, 'input-invalid'],
  ['17 applications', { applications: Array.from({ length: 17 }, () => shim) }, 'input-invalid'],
  ['an application that is none', { applications: [new Uint8Array(4096)] }, 'unsupported-format'],
  ['no disk', { disk: new Uint8Array() }, 'unsupported-format'],
  ['an empty command line', { commandLine: '' }, 'input-invalid'],
  ['a command line with a zero', { commandLine: 'a\0b' }, 'input-invalid'],
  ['a shim with a list of certificates', badShim(16, 0, 16, 32), 'unsupported-format'],
  ['a shim without certificate', badShim(0, 0, 16, 16), 'unsupported-format'],
  ['a shim whose certificate ends elsewhere', badShim(5, 0, 510, 510), 'unsupported-format'],
];

for (const [sentence, change, code] of refusals) {
  test(`no measurement of a boot from disk with ${sentence}`, async () => {
    await assert.rejects(registers(change), { code });
  });
}

test('RTMR1 of a boot from disk has an event for each application', () => {
  assert.equal(diskRtmr1Events(boot, '2024').length, 7);
  assert.equal(diskRtmr1Events(boot, '2022').length, 6);
});

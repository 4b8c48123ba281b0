// Measurements of TDs: against a genuine event log (2 GiB, QEMU, direct boot, firmware with Debian's layout), against a
// second implementation of MRTD, and what is refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import { nodeProvider } from '../../provider-node.js';
import { webProvider } from '../../provider-web.js';
import { makeFirmware, type TdvfSectionFields, tdvfMetadata } from '../../testing/firmware.js';
import { makeKernel } from '../../testing/pe-image.js';
import { readVector, skipWithoutVectors } from '../../testing/vectors.test.js';
import { parseOvmf } from '../ovmf.js';
import type { TdvfGeneration } from './firmware-events.js';
import {
  measureTdx,
  rtmr0Events,
  rtmr2Events,
  type TdxDirectBoot,
  type TdxLaunch,
} from './measure-tdx.js';
import { parseTdvfSections } from './tdvf.js';

const gibibyte = 2 ** 30;
const section = (
  type: number,
  address: number,
  memoryBytes: number,
  more: Partial<TdvfSectionFields> = {},
): TdvfSectionFields => ({
  ...{ dataOffset: 0, rawBytes: 0, address, memoryBytes, type, attributes: 0, ...more },
});

/** edk2's own layout in small: two pages of code, one of variables, and memory below 9 MiB. */
const code = section(0, 0xffffe000, 0x2000, {
  dataOffset: 0x1000,
  rawBytes: 0x2000,
  attributes: 1,
});
const variables = section(1, 0xffffd000, 0x1000, { rawBytes: 0x1000 });
const memory = [
  section(3, 0x810000, 0x10000),
  section(3, 0x80b000, 0x2000),
  section(2, 0x809000, 0x2000),
  section(3, 0x800000, 0x6000),
];
const layout = [code, variables, ...memory];
const firmwareOf = (...list: readonly TdvfSectionFields[]): Uint8Array =>
  makeFirmware({ pages: 3, tdvf: tdvfMetadata(list) });
const firmware = firmwareOf(...layout);

const acpi = { tables: Uint8Array.of(1), rsdp: Uint8Array.of(2), loader: Uint8Array.of(3) };
const boot: TdxDirectBoot = {
  kernel: makeKernel(0x20f, 0x40),
  initrd: new Uint8Array(5000).fill(7),
  commandLine: 'console=hvc0',
  memoryBytes: 2 * gibibyte,
  kernelHeader: 'filled-in',
  acpi,
};
const launch: TdxLaunch = { firmware, pageOrder: 'one-pass', generation: '2024', boot };

test('what firmware measures before a direct boot is what a genuine event log says', {
  skip: skipWithoutVectors,
}, () => {
  const file = new TextDecoder().decode(
    readVector('eventlog/trustee/ccel-data-ovmf-expected.json'),
  );
  const log = JSON.parse(file) as {
    uefi_event_logs: { index: number; digests: { digest: string }[] }[];
  };
  const genuine = log.uefi_event_logs
    .filter(({ index }) => index === 1)
    .map(({ digests }) => digests[0]?.digest);
  const sections = parseTdvfSections(parseOvmf(firmware));
  const computed = rtmr0Events(sections, 2 * gibibyte, acpi, '2022').map((data) =>
    createHash('sha384').update(data).digest('hex'),
  );
  // The configuration volume and ACPI's three are that machine's own, and not published.
  const unknown = [1, 8, 9, 10];
  assert.equal(computed.length, genuine.length);
  for (const [index, digest] of genuine.entries()) {
    if (!unknown.includes(index)) assert.equal(computed[index], digest, `event ${index}`);
  }
});

/** MRTD once more, by the text of the module's specification: a running hash. */
function mrtdAgain(fields: readonly TdvfSectionFields[], order: TdxLaunch['pageOrder']): string {
  const hash = createHash('sha384');
  const record = (name: string, address: number): void => {
    const bytes = Buffer.alloc(128);
    bytes.write(name, 'latin1');
    bytes.writeBigUInt64LE(BigInt(address), 16);
    hash.update(bytes);
  };
  for (const { address, memoryBytes, attributes, dataOffset } of fields) {
    const measure = (at: number): void => {
      for (let chunk = at; chunk < at + 4096; chunk += 256) {
        record('MR.EXTEND', address + chunk);
        hash.update(firmware.subarray(dataOffset + chunk, dataOffset + chunk + 256));
      }
    };
    const pages = Array.from({ length: memoryBytes / 4096 }, (_, i) => i * 4096);
    for (const at of pages) {
      if (attributes !== 2) record('MEM.PAGE.ADD', address + at);
      if (attributes === 1 && order === 'one-pass') measure(at);
    }
    if (attributes === 1 && order === 'two-pass') for (const at of pages) measure(at);
  }
  return hash.digest('hex');
}

test('MRTD holds pages and contents in the order in which the VMM adds them', async () => {
  const augmented = [...layout, section(4, 0x900000, 0x1000, { attributes: 2 })];
  for (const pageOrder of ['one-pass', 'two-pass'] as const) {
    for (const provider of [nodeProvider, webProvider]) {
      const { mrtd } = await measureTdx(
        { ...launch, firmware: firmwareOf(...layout), pageOrder, boot: null },
        provider,
      );
      assert.equal(encodeHex(mrtd), mrtdAgain(layout, pageOrder));
    }
  }
  const withAugmented = firmwareOf(...augmented);
  const { mrtd } = await measureTdx(
    { ...launch, firmware: withAugmented, boot: null },
    nodeProvider,
  );
  assert.notEqual(encodeHex(mrtd), mrtdAgain(layout, 'two-pass'));
});

test('without a kernel there is only MRTD, without ACPI tables no RTMR0', async () => {
  const none = await measureTdx({ ...launch, boot: null }, nodeProvider);
  assert.deepEqual([none.rtmr0, none.rtmr1, none.rtmr2], [null, null, null]);
  const some = await measureTdx({ ...launch, boot: { ...boot, acpi: null } }, nodeProvider);
  assert.equal(some.rtmr0, null);
  assert.equal(some.rtmr1?.length, 48);
  assert.equal(some.rtmr2?.length, 48);
});

test('each file and setting changes the registers that it should, and no other', async () => {
  const base = await measureTdx(launch, nodeProvider);
  const kernel = boot.kernel.slice();
  kernel[0x1000] = 0xff;
  const changes: readonly (readonly [string, Partial<TdxLaunch>, string])[] = [
    ['kernel', { boot: { ...boot, kernel } }, 'rtmr1'],
    ['initrd of the same size', { boot: { ...boot, initrd: new Uint8Array(5000) } }, 'rtmr2'],
    // QEMU writes the initrd's size into the kernel.
    ['initrd of another size', { boot: { ...boot, initrd: new Uint8Array(9) } }, 'rtmr1 rtmr2'],
    ['no initrd', { boot: { ...boot, initrd: new Uint8Array() } }, 'rtmr1 rtmr2'],
    ['command line', { boot: { ...boot, commandLine: 'quiet' } }, 'rtmr2'],
    // More memory below 4 GiB: the initrd moves as well.
    ['memory', { boot: { ...boot, memoryBytes: gibibyte } }, 'rtmr0 rtmr1'],
    ['memory above 4 GiB', { boot: { ...boot, memoryBytes: 8 * gibibyte } }, 'rtmr0'],
    ['ACPI', { boot: { ...boot, acpi: { ...acpi, rsdp: acpi.tables } } }, 'rtmr0'],
    ['generation', { generation: '2022' }, 'rtmr0 rtmr1'],
    ['header that is kept', { boot: { ...boot, kernelHeader: 'kept' } }, 'rtmr1'],
    ['page order', { pageOrder: 'two-pass' }, 'mrtd'],
    ['code', { firmware: firmwareOf({ ...code, dataOffset: 0 }, ...layout.slice(1)) }, 'mrtd'],
    [
      'variables',
      { firmware: firmwareOf(code, { ...variables, dataOffset: 4096 }, ...memory) },
      'rtmr0',
    ],
  ];
  const names = ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2'] as const;
  for (const [what, change, expected] of changes) {
    const other = await measureTdx({ ...launch, ...change }, nodeProvider);
    const differing = names.filter(
      (name) =>
        encodeHex(base[name] ?? new Uint8Array()) !== encodeHex(other[name] ?? new Uint8Array()),
    );
    // The metadata lie in the measured code here, so a change of them is a change of MRTD too.
    const wanted = expected.split(' ');
    assert.deepEqual(
      differing.filter((name) => what !== 'variables' || name !== 'mrtd'),
      wanted,
      what,
    );
  }
});

const bad = (...list: readonly TdvfSectionFields[]): Partial<TdxLaunch> => ({
  firmware: firmwareOf(...list),
  boot: null,
});
const bootWith = (change: Partial<TdxDirectBoot>): Partial<TdxLaunch> => ({
  boot: { ...boot, ...change },
});

const refusals: readonly (readonly [string, Partial<TdxLaunch>, string])[] = [
  ['firmware without TDVF metadata', { firmware: makeFirmware({}) }, 'unsupported-format'],
  [
    'metadata of another version',
    { firmware: makeFirmware({ tdvf: tdvfMetadata(memory, 2) }) },
    'unsupported-version',
  ],
  ['no section', bad(), 'malformed'],
  ['65 sections', bad(...Array.from({ length: 65 }, () => code)), 'malformed'],
  ['a section of an unknown type', bad(section(9, 0, 0x1000)), 'unsupported-format'],
  ['an unknown attribute', bad(section(3, 0, 0x1000, { attributes: 4 })), 'reserved-bits'],
  ['a section of half a page', bad(section(3, 0, 0x800)), 'malformed'],
  ['a section of no page', bad(section(3, 0, 0)), 'malformed'],
  ['a section between pages', bad(section(3, 0x10, 0x1000)), 'malformed'],
  ['a section above 4 GiB', bad(section(3, 0xfffff000, 0x2000)), 'malformed'],
  ['a section beyond any address', bad(section(3, 2 ** 53, 0x1000)), 'malformed'],
  ['data outside of the image', bad({ ...code, dataOffset: 0x2000 }), 'malformed'],
  ['more data than memory', bad({ ...variables, rawBytes: 0x2000 }), 'malformed'],
  ['measured memory without data', bad(section(3, 0, 0x1000, { attributes: 1 })), 'malformed'],
  ['memory measured and augmented', bad({ ...code, attributes: 3 }), 'malformed'],
  ['sections that overlap', bad(section(3, 0, 0x2000), section(3, 0x1000, 0x1000)), 'malformed'],
  ['two hand-off blocks', bad(section(2, 0, 0x1000), section(2, 0x1000, 0x1000)), 'malformed'],
  ['an absurd number of pages', bad(section(3, 0, 0x8000_0000)), 'malformed'],
  ['no place for a hand-off block', { firmware: firmwareOf(code, variables) }, 'input-invalid'],
  ['no configuration volume', { firmware: firmwareOf(code, ...memory) }, 'input-invalid'],
  ['RTMR0 of edk2-stable202505', { generation: '2025' }, 'input-invalid'],
  ['RTMR0 of edk2-stable202508', { generation: '2025-08' }, 'input-invalid'],
  ['no command line', bootWith({ commandLine: '' }), 'input-invalid'],
  ['a command line with a zero', bootWith({ commandLine: 'a\0b' }), 'input-invalid'],
  ['no memory', bootWith({ memoryBytes: 0 }), 'input-invalid'],
  ['half a page of memory', bootWith({ memoryBytes: 2 * gibibyte + 2048 }), 'input-invalid'],
  ['less memory than the firmware', bootWith({ memoryBytes: 0x800000 }), 'input-invalid'],
  ['more memory than any TD', bootWith({ memoryBytes: 2 ** 47 }), 'input-invalid'],
  ['an empty kernel', bootWith({ kernel: new Uint8Array() }), 'input-invalid'],
  ['a kernel without setup header', bootWith({ kernel: new Uint8Array(8192) }), 'input-invalid'],
  ['a kernel of boot protocol 2.02', bootWith({ kernel: makeKernel(0x202) }), 'input-invalid'],
  [
    'an initrd larger than memory',
    bootWith({ initrd: new Uint8Array(gibibyte / 64), memoryBytes: gibibyte / 64 }),
    'input-invalid',
  ],
];

for (const [sentence, change, code] of refusals) {
  test(`no TD measurement for ${sentence}`, async () => {
    await assert.rejects(measureTdx({ ...launch, ...change }, nodeProvider), { code });
  });
}

test('a kernel whose header QEMU keeps is measured alike whatever the memory and the initrd', async () => {
  const kept: TdxLaunch = { ...launch, boot: { ...boot, kernelHeader: 'kept', acpi: null } };
  const { rtmr1 } = await measureTdx(kept, nodeProvider);
  for (const change of [{ memoryBytes: gibibyte }, { initrd: new Uint8Array(9) }]) {
    const other = {
      ...kept,
      boot: { ...boot, kernelHeader: 'kept', acpi: null, ...change },
    } as const;
    assert.deepEqual((await measureTdx(other, nodeProvider)).rtmr1, rtmr1);
  }
  const filledIn = await measureTdx({ ...launch, boot: { ...boot, acpi: null } }, nodeProvider);
  assert.notDeepEqual(filledIn.rtmr1, rtmr1);
});

/**
 * A boot on hardware, 2026-09-29 (edk2-stable202602, QEMU 10.2.4): aleph-im/aleph-vm,
 * rust/crates/aleph-tee/tests/fixtures/tdx/README.md. Of the initrd only the digest is published.
 */
const published = {
  commandLine: 'root=LABEL=cloudimg-rootfs ro console=ttyS0',
  commandLineEvent:
    'b8c85d40a1d555a451571e24d7d7c4c331bc15721d6e4b2a5cb5093214c44174822a0916aa4d622d4309644de99cd59c',
  initrdEvent:
    '88de90bedcc560064688c74ccd6609a25ed9d48b0a0e13d8b2a558212724d8755b2c8114dcf04b8d51ea4cf7782e3091',
  rtmr2:
    '972547466cb6bcb8a23cd479e9258c3affbbc4f0ba2805d732477200d0dff8432447c7a775e70453cdb51f018a306ece',
};
const sha384 = (...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha384')).digest();
const commandLineDigest = (change: Partial<TdxDirectBoot>, generation: TdvfGeneration): Buffer => {
  const of = { commandLine: published.commandLine, initrd: Uint8Array.of(1), ...change };
  return sha384(rtmr2Events(of, generation)[0] ?? new Uint8Array());
};

test('RTMR2 of a boot on hardware is what was published, with the digest of its initrd', () => {
  const commandLine = commandLineDigest({}, '2025-08');
  assert.equal(commandLine.toString('hex'), published.commandLineEvent);
  const first = sha384(new Uint8Array(48), commandLine);
  const register = sha384(first, Buffer.from(published.initrdEvent, 'hex'));
  assert.equal(register.toString('hex'), published.rtmr2);
});

for (const [sentence, change, generation] of [
  ['firmware before edk2-stable202508', {}, '2025'],
  ['no initrd', { initrd: new Uint8Array() }, '2025-08'],
  ['another command line', { commandLine: `${published.commandLine} ` }, '2025-08'],
] as const) {
  test(`${sentence} is not what was published`, () => {
    const digest = commandLineDigest(change, generation).toString('hex');
    assert.notEqual(digest, published.commandLineEvent);
  });
}

test('no bytes in place of metadata crash the reader', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0x2040, max: 0x2fff }),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      async (at, bytes) => {
        const image = firmware.slice();
        image.set(bytes.subarray(0, image.length - at), at);
        try {
          await measureTdx({ ...launch, firmware: image, boot: null }, nodeProvider);
        } catch (error) {
          assert.ok(error instanceof EvidenceError, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});

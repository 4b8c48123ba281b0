// Launch digests against values that others published: the sev crate (virtee) and sev-snp-measure (IBM). Their images
// differ from ours only in the code, so the digests of their code are where ours begin.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHex, encodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import { nodeProvider } from '../../provider-node.js';
import { webProvider } from '../../provider-web.js';
import {
  amdSevFirmware,
  amdSevSections,
  firmwareGuids,
  makeFirmware,
  type SevSection,
  sevMetadata,
  u32,
} from '../../testing/firmware.js';
import { findCpuSignature, snpCpuTypes } from './cpu-signature.js';
import { measureOvmfPages, measureSnp, type SnpLaunch } from './measure-snp.js';

const empty = new Uint8Array();
const emptyKernel = { kernel: empty, initrd: empty, commandLine: '' };
const launch: SnpLaunch = {
  ovmf: amdSevFirmware(),
  ovmfDigest: null,
  boot: null,
  vmm: 'qemu',
  processors: 1,
  cpuSignature: findCpuSignature('EPYC-v4'),
  guestFeatures: 1n,
};

// The last page of two edk2 builds that the sev crate 8.0.0 tests with, as their digests.
const amdSevPage = decodeHex(
  '086e2e9149ebf45abdc3445fba5b2da8270bdbb04094d7a2c37faaa4b24af3aa16aff8c374c2a55c467a50da6d466b74',
);
const plainPage = decodeHex(
  'b91e6fec73d2bcc57ad5fd400a426ce02731c22ea92bc894ce675e7c9921a822977d6cf025b85f8ef4f264bff8839d20',
);
const plainImage = makeFirmware({
  sev: sevMetadata([...amdSevSections.slice(0, 5), [0x810000, 0x10000, 1]]),
  reset: 0x80b004,
});
const quiet = { ...emptyKernel, commandLine: 'console=ttyS0 loglevel=7' };
const amdSev = { ovmfDigest: amdSevPage };
const debugSwap = { guestFeatures: 0x21n };

/** QEMU: sev crate 8.0.0, tests/measurement.rs. EC2 and GCE: sev-snp-measure 0.0.13 on the same images. */
const published: readonly (readonly [string, Partial<SnpLaunch>, string])[] = [
  [
    'no kernel',
    { ...amdSev },
    '19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6013b26869a5fc6ecabe033c48dd6f6db5d6d76e7c5df632d',
  ],
  [
    'no kernel, debug registers swapped',
    { ...amdSev, ...debugSwap },
    'e1e1ca029dd7973ab9513295be68198472dcd4fc834bd9af9b63f6e8a1674dbf281a9278a4a2ebe0eed9f22adbcd0e2b',
  ],
  [
    'an empty kernel',
    { ...amdSev, boot: emptyKernel },
    'ddc5224521617a536ee7ce9dd6224d1b58a8d4fda1c741f3ac99fc4bfa04ba6e9fc98646d4a07a9079397fa3852819b5',
  ],
  [
    'an empty kernel, debug registers swapped',
    { ...amdSev, ...debugSwap, boot: emptyKernel },
    '329c8ce0972ae52343b64d34a434a86f245dfd74f5ed7aae15d22efc78fb9683632b9b50e4e1d7fa41179ef98a7ef198',
  ],
  [
    'a command line',
    { ...amdSev, boot: quiet },
    '6d287813eb5222d770f75005c664e34c204f385ce832cc2ce7d0d6f354454362f390ef83a92046c042e706363b4b08fa',
  ],
  [
    'a command line, debug registers swapped',
    { ...amdSev, ...debugSwap, boot: quiet },
    '803f691094946e42068aaa3a8f9e26a5c89f36f7b73ecfb28c653360fe4b3aba7e534442e7e1e17895dfe778d0228977',
  ],
  [
    'four processors',
    { ...amdSev, boot: emptyKernel, processors: 4 },
    '5061fffb019493a903613d56d54b94912a1a2f9e4502385f5c194616753720a92441310ba6c4933de877c36e23046ad5',
  ],
  [
    'four processors, debug registers swapped',
    { ...amdSev, ...debugSwap, boot: emptyKernel, processors: 4 },
    '4953b1fb416fa874980e8442b3706d345926d5f38879134e00813c5d7abcbe78eafe7b422907be0b4698e2414a631942',
  ],
  [
    'an image without kernel hashes',
    { ovmf: plainImage, ovmfDigest: plainPage },
    'da0296de8193586a5512078dcd719eccecbd87e2b825ad4148c44f665dc87df21e5b49e21523a9ad993afdb6a30b4005',
  ],
  [
    'an image without kernel hashes, debug registers swapped',
    { ovmf: plainImage, ovmfDigest: plainPage, ...debugSwap },
    '28797ae0afaba4005a81e629acebfb59e6687949d6be44007cd5506823b0dd66f146aaae26ff291eed7b493d8a64c385',
  ],
  [
    'EC2',
    { ...amdSev, boot: emptyKernel, vmm: 'ec2', cpuSignature: null },
    '0883bd0eeb716e65b7b977a321c278d1e51b33b5c655fab985443bbcc65c086b9c15e8a0bd8811050dec7e24964e5056',
  ],
  [
    'EC2 with two processors',
    { ...amdSev, boot: emptyKernel, vmm: 'ec2', processors: 2 },
    '07cbb18d62dafd64df061f734dfd41da1d022f14015434f649a4c61ef6c48e32fcb24e949943a75a28153f001c0481da',
  ],
  [
    'GCE',
    { ...amdSev, boot: emptyKernel, vmm: 'gce', cpuSignature: null },
    '5da7106cf14cf46b1725ebab123eb9e53bd46a1e9f400cd0c08e7827b04b688ea8b4e403c8404efed4397ea5d5d0722e',
  ],
  [
    'GCE with two processors',
    { ...amdSev, boot: emptyKernel, vmm: 'gce', processors: 2 },
    '5bd533198a0f254429adce7dd5f0b6179918ee25fa57a5d4a89f9470165c3c465a517fde35c2758a3ec9815959acd95e',
  ],
];

for (const [sentence, given, expected] of published) {
  test(`published launch digest: ${sentence}`, async () => {
    for (const provider of [nodeProvider, webProvider]) {
      const digest = await measureSnp({ ...launch, ...given }, provider);
      assert.equal(encodeHex(digest), expected);
    }
  });
}

test('an image is measured page by page, and its digest may stand for it', async () => {
  const ovmf = makeFirmware({ pages: 3, sev: sevMetadata(amdSevSections), reset: 0x80b004 });
  const ovmfDigest = await measureOvmfPages(ovmf, nodeProvider);
  const whole = await measureSnp({ ...launch, ovmf }, nodeProvider);
  const ending = ovmf.slice(-4096);
  const resumed = await measureSnp({ ...launch, ovmf: ending, ovmfDigest }, nodeProvider);
  assert.deepEqual(resumed, whole);
});

test('whatever goes into a launch changes its digest', async () => {
  const ovmf = makeFirmware({
    pages: 2,
    sev: sevMetadata(amdSevSections),
    reset: 0x80b004,
    hashTable: [0x810c00, 0x400],
  });
  const code = ovmf.slice();
  code[0] = (code[0] ?? 0) ^ 1;
  const changes: readonly Partial<SnpLaunch>[] = [
    {},
    { ovmf: code },
    { boot: emptyKernel },
    { boot: { ...emptyKernel, kernel: Uint8Array.of(1) } },
    { boot: { ...emptyKernel, initrd: Uint8Array.of(1) } },
    { boot: { ...emptyKernel, commandLine: 'quiet' } },
    { processors: 2 },
    { vmm: 'ec2' },
    { vmm: 'gce' },
    { cpuSignature: findCpuSignature('EPYC-Milan') },
    { guestFeatures: 3n },
  ];
  const digests = new Set<string>();
  for (const change of changes) {
    digests.add(encodeHex(await measureSnp({ ...launch, ovmf, ...change }, nodeProvider)));
  }
  assert.equal(digests.size, changes.length);
});

const sections = (...list: readonly SevSection[]): Partial<SnpLaunch> => ({
  ovmf: makeFirmware({ sev: sevMetadata(list) }),
});
const page: SevSection = [0x800000, 0x1000, 1];
const table = (sizes: Readonly<Record<string, number>>): Partial<SnpLaunch> => ({
  ovmf: makeFirmware({ sev: sevMetadata([page]), reset: 0x80b004, sizes }),
});

const refusals: readonly (readonly [string, Partial<SnpLaunch>, string])[] = [
  ['an empty image', { ovmf: empty }, 'malformed'],
  ['an image that is not made of pages', { ovmf: amdSevFirmware().slice(1) }, 'malformed'],
  ['an image without a table', { ovmf: new Uint8Array(4096) }, 'unsupported-format'],
  ['a table larger than the image', table({ [firmwareGuids.footer]: 5000 }), 'malformed'],
  ['a table smaller than its own footer', table({ [firmwareGuids.footer]: 17 }), 'malformed'],
  ['a table that begins inside an entry', table({ [firmwareGuids.footer]: 50 }), 'malformed'],
  ['an entry without a size', table({ [firmwareGuids.reset]: 0 }), 'malformed'],
  ['an entry that leaves the table', table({ [firmwareGuids.reset]: 400 }), 'malformed'],
  [
    'the same entry twice',
    {
      ovmf: makeFirmware({
        sev: sevMetadata([page]),
        entries: [[firmwareGuids.sev, u32(64)]],
      }),
    },
    'malformed',
  ],
  ['no SEV metadata', { ovmf: makeFirmware({ reset: 4 }) }, 'unsupported-format'],
  [
    'metadata before the image',
    { ovmf: makeFirmware({ entries: [[firmwareGuids.sev, u32(4097)]] }) },
    'malformed',
  ],
  [
    'metadata with another signature',
    { ovmf: makeFirmware({ entries: [[firmwareGuids.sev, u32(4096)]] }) },
    'malformed',
  ],
  [
    'metadata of another version',
    { ovmf: makeFirmware({ sev: sevMetadata([page], 2) }) },
    'unsupported-version',
  ],
  ['a section of an unknown type', sections([0x800000, 0x1000, 9]), 'unsupported-format'],
  ['a section of half a page', sections([0x800000, 0x800, 1]), 'malformed'],
  ['a section of no page', sections([0x800000, 0, 1]), 'malformed'],
  ['a section between pages', sections([0x800010, 0x1000, 1]), 'malformed'],
  ['a section beyond 4 GiB', sections([0xfffff000, 0x2000, 1]), 'malformed'],
  ['secrets on two pages', sections([0x800000, 0x2000, 2]), 'malformed'],
  ['sections that overlap', sections(page, [0x7ff000, 0x2000, 1]), 'malformed'],
  ['an absurd number of pages', sections([0, 0x2000_0000, 1]), 'malformed'],
  [
    'a kernel on an image without a place for its hashes',
    { ...sections(page), boot: emptyKernel },
    'input-invalid',
  ],
  [
    'kernel hashes in another section',
    {
      ovmf: makeFirmware({ sev: sevMetadata(amdSevSections), hashTable: [0x811000, 0x400] }),
      boot: emptyKernel,
    },
    'malformed',
  ],
  [
    'kernel hashes that leave their page',
    {
      ovmf: makeFirmware({ sev: sevMetadata(amdSevSections), hashTable: [0x810f80, 0x400] }),
      boot: emptyKernel,
    },
    'malformed',
  ],
  [
    'two processors on an image that does not say where the second starts',
    { ...sections(page), processors: 2 },
    'input-invalid',
  ],
  ['no processor', { processors: 0 }, 'input-invalid'],
  ['half a processor', { processors: 1.5 }, 'input-invalid'],
  ['a million processors', { processors: 1_000_000 }, 'input-invalid'],
  ['QEMU without a processor signature', { cpuSignature: null }, 'input-invalid'],
  ['a processor signature of 33 bits', { cpuSignature: 2 ** 32 }, 'input-invalid'],
  ['guest features without SEV-SNP', { guestFeatures: 0x20n }, 'input-invalid'],
  ['guest features of 65 bits', { guestFeatures: (1n << 64n) | 1n }, 'input-invalid'],
  ['a digest of the image that is too short', { ovmfDigest: new Uint8Array(32) }, 'input-invalid'],
];

for (const [sentence, given, code] of refusals) {
  test(`no launch digest for ${sentence}`, async () => {
    await assert.rejects(measureSnp({ ...launch, ...given }, nodeProvider), { code });
  });
}

test('signatures of processors are those of CPUID leaf 1', () => {
  // AMD publication 25481; the models by their revision guides.
  assert.equal(findCpuSignature('EPYC-v4'), 0x00800f12);
  assert.equal(findCpuSignature('EPYC-Rome'), 0x00830f10);
  assert.equal(findCpuSignature('EPYC-Milan-v2'), 0x00a00f11);
  assert.equal(findCpuSignature('EPYC-Genoa'), 0x00a10f10);
  assert.equal(findCpuSignature('EPYC-Turin'), 0x00b00f00);
  for (const name of ['EPYC-v9', 'epyc', 'EPYC-IBPB-v1', '', 'EPYC-Rome-v0', 'constructor']) {
    assert.equal(findCpuSignature(name), null, name);
  }
  for (const name of snpCpuTypes) assert.notEqual(findCpuSignature(name), null, name);
});

test('no bytes in place of metadata crash the reader', async () => {
  const image = amdSevFirmware();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 64, max: 4095 }),
      fc.uint8Array({ minLength: 1, maxLength: 24 }),
      async (at, bytes) => {
        const ovmf = image.slice();
        ovmf.set(bytes.subarray(0, Math.max(0, 4096 - at)), at);
        try {
          await measureSnp({ ...launch, ovmf, ovmfDigest: amdSevPage }, nodeProvider);
        } catch (error) {
          assert.ok(error instanceof EvidenceError, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});

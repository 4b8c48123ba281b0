// PCRs of enclave images against those of AWS's own tool: aws-nitro-enclaves-image-format 0.2.0 built the very image
// that imageWith() builds (its checksum says so) and printed these values.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes } from '../../encoding/bytes.js';
import { encodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import { nodeProvider } from '../../provider-node.js';
import { type EifFields, eifKinds, makeEif } from '../../testing/enclave-image.js';
import { parseEnclaveImage } from './eif.js';
import { measureNitro } from './measure-nitro.js';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const sections: EifFields['sections'] = [
  [eifKinds.kernel, Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff)],
  [eifKinds.cmdline, text('reboot=k panic=30')],
  [
    eifKinds.metadata,
    text(
      '{"ImageName":"n","ImageVersion":"1","BuildMetadata":{"BuildTime":"t","BuildTool":"b",' +
        '"BuildToolVersion":"v","OperatingSystem":"o","KernelVersion":"k"},"DockerInfo":{},' +
        '"CustomMetadata":{}}',
    ),
  ],
  [eifKinds.ramdisk, new Uint8Array(300).fill(0xaa)],
  [eifKinds.ramdisk, new Uint8Array(301).fill(0xbb)],
  [eifKinds.ramdisk, new Uint8Array(302).fill(0xcc)],
];
const image = makeEif({ sections });

test('an image that AWS’s tool built as well has the PCRs that it printed', async () => {
  assert.equal(image.length, 6727);
  assert.equal(encodeHex(image.subarray(544, 548)), 'f052ace3');
  const measured = await measureNitro(image, nodeProvider);
  assert.equal(
    encodeHex(measured.pcr0),
    '19032dac51f5bf85b5f71656a8a0aa5e46370a41e85a56b741d6158f6b6950fe692e142e237958df32fdf543743e947e',
  );
  assert.equal(
    encodeHex(measured.pcr1),
    '04aad27a1eadee7fceec1c6bbb594fab3741b0a4ffb931a912bf35687e56ea9dcd0f10d8201b32e5e68cf256860dc20f',
  );
  assert.equal(
    encodeHex(measured.pcr2),
    'e404849eee67270e93b2c0d62195f292a312cb13f6870be1a5127dcdc80f2a763e307c6e17594d1a4bef222cdad0934c',
  );
  assert.equal(measured.image.version, 4);
  assert.equal(measured.image.architecture, 'x86_64');
  assert.equal(measured.image.signature, null);
});

test('an image of version 2 for ARM with a single ramdisk is measured', async () => {
  const old = makeEif({ sections: sections.slice(0, 4), version: 2, flags: 1 });
  const measured = await measureNitro(old, nodeProvider);
  assert.equal(measured.image.architecture, 'aarch64');
  assert.deepEqual(measured.pcr0, measured.pcr1);
});

const [kernel, commandLine, metadata, ramdisk] = sections;
assert.ok(kernel && commandLine && metadata && ramdisk);
const of = (...list: EifFields['sections']): Uint8Array => makeEif({ sections: list });
const flipped = (at: number): Uint8Array => {
  const bytes = image.slice();
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

const refusals: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'malformed'],
  ['a header that ends early', image.subarray(0, 547), 'malformed'],
  ['another file', makeEif({ sections, magic: '.elf' }), 'unsupported-format'],
  ['version 1, which has no checksum', makeEif({ sections, version: 1 }), 'unsupported-version'],
  ['a version of the future', makeEif({ sections, version: 5 }), 'unsupported-version'],
  ['flags that nobody knows', makeEif({ sections, flags: 2 }), 'reserved-bits'],
  ['a reserved field', makeEif({ sections, reserved: 1 }), 'reserved-bits'],
  ['the unused field', makeEif({ sections, unused: 1 }), 'reserved-bits'],
  ['33 sections', makeEif({ sections, count: 33 }), 'malformed'],
  ['an offset without a section', makeEif({ sections, count: 5 }), 'reserved-bits'],
  ['an offset beyond any file', makeEif({ sections, firstOffset: 2 ** 40 }), 'malformed'],
  ['a gap before the first section', makeEif({ sections, firstOffset: 549 }), 'malformed'],
  ['sizes that differ', makeEif({ sections, firstSize: 4999 }), 'malformed'],
  ['a section that ends early', image.subarray(0, image.length - 1), 'malformed'],
  ['a byte after the last section', concatBytes(image, Uint8Array.of(0)), 'trailing-data'],
  ['a changed byte in a ramdisk', flipped(image.length - 1), 'malformed'],
  ['a changed checksum', flipped(547), 'malformed'],
  ['an unknown type of section', of(kernel, commandLine, ramdisk, [6, text('x')]), 'malformed'],
  ['an invalid section', of(kernel, commandLine, ramdisk, [0, text('x')]), 'malformed'],
  ['flags of a section', makeEif({ sections, sectionFlags: 1 }), 'reserved-bits'],
  ['two kernels', of(kernel, kernel, commandLine, ramdisk), 'malformed'],
  ['two command lines', of(kernel, commandLine, commandLine, ramdisk), 'malformed'],
  ['two signatures', of(...sections, [4, text('x')], [4, text('x')]), 'malformed'],
  ['no kernel', of(commandLine, ramdisk), 'malformed'],
  ['no command line', of(kernel, ramdisk), 'malformed'],
  ['no ramdisk', of(kernel, commandLine), 'malformed'],
  ['a ramdisk before the kernel', of(ramdisk, kernel, commandLine), 'malformed'],
  ['no section', of(), 'malformed'],
];

for (const [sentence, bytes, code] of refusals) {
  test(`no enclave image: ${sentence}`, () => {
    assert.throws(() => parseEnclaveImage(bytes), { code });
  });
}

test('any change of any byte is refused, and nothing crashes the reader', () => {
  const small = of(kernel, commandLine, [eifKinds.ramdisk, text('r')]);
  fc.assert(
    fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const bytes = small.slice();
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      assert.throws(() => parseEnclaveImage(bytes), EvidenceError);
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
      const start = small.slice(0, 8);
      assert.throws(() => parseEnclaveImage(concatBytes(start, bytes)), EvidenceError);
    }),
    { numRuns: 300 },
  );
});

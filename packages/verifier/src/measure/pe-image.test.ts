// What is hashed of an executable. The digest of the first image is LIEF 1.0.0's (authentihash, SHA-384) of the same bytes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { EvidenceError } from '../errors.js';
import { makePe, type PeFields } from '../testing/pe-image.js';
import { measuredPeBytes } from './pe-image.js';

const digest = (image: Uint8Array): string =>
  createHash('sha384').update(measuredPeBytes(image)).digest('hex');

test('digest of an image as LIEF computes it', () => {
  assert.equal(
    digest(makePe()),
    '24b9c954f7769e6e55acaa467e6cbcb07e3ba0df059a24d6b64aadfa515b4d3e611e0d54f64200648bac7d322eb19a1c',
  );
});

test('neither the checksum nor the signatures are measured, all else is', () => {
  const plain = digest(makePe());
  assert.equal(digest(makePe({ checksum: 0x12345678 })), plain);
  // Signatures of 64 bytes after what is measured.
  const signed = makePe({ length: 0x1380, signatures: [0x1340, 0x40] });
  assert.equal(digest(signed), plain);
  for (const at of [0x60, 0x3ff, 0x400, 0x11ff, 0x1310]) {
    const changed = makePe();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.notEqual(digest(changed), plain, `offset ${at}`);
  }
});

const refusals: readonly (readonly [string, PeFields | Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'malformed'],
  ['another file', new Uint8Array(4096), 'unsupported-format'],
  ['neither PE32 nor PE32+', { magic: 0x107 }, 'unsupported-format'],
  ['a header that ends early', makePe().subarray(0, 0x50), 'malformed'],
  ['97 sections', { sectionCount: 97 }, 'malformed'],
  ['a section table beyond the headers', { sectionCount: 30 }, 'malformed'],
  ['headers beyond the image', { headerBytes: 0x2000 }, 'malformed'],
  ['headers shorter than their parts', { headerBytes: 0x100 }, 'malformed'],
  ['a section inside the headers', { sections: [[0x100, 0x200]] }, 'malformed'],
  ['a section beyond the image', { sections: [[0x1000, 0x1000]] }, 'malformed'],
  [
    'sections that overlap',
    {
      sections: [
        [0x400, 0x200],
        [0x500, 0x200],
      ],
    },
    'malformed',
  ],
  ['signatures that are not at the end', { signatures: [0x1300, 0x20] }, 'malformed'],
  ['signatures over a section', { signatures: [0x1200, 0x140] }, 'malformed'],
];

for (const [sentence, fields, code] of refusals) {
  test(`no PE image: ${sentence}`, () => {
    const image = fields instanceof Uint8Array ? fields : makePe(fields);
    assert.throws(() => measuredPeBytes(image), { code });
  });
}

test('no header crashes the reader', () => {
  fc.assert(
    fc.property(fc.nat(0x200), fc.uint8Array({ maxLength: 8 }), (at, bytes) => {
      const image = makePe();
      image.set(bytes, at);
      try {
        assert.ok(measuredPeBytes(image).length <= image.length);
      } catch (error) {
        assert.ok(error instanceof EvidenceError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

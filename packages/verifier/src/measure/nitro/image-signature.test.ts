// Signed enclave images: one that AWS's tool signed (aws-nitro-enclaves-image-format 0.2.0), and what must not pass.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64 } from '../../encoding/base64.js';
import { concatBytes } from '../../encoding/bytes.js';
import { type CborValue, encodeCbor } from '../../encoding/cbor-writer.js';
import { decodeHex, encodeHex } from '../../encoding/hex.js';
import { encodePem } from '../../encoding/pem.js';
import { EvidenceError } from '../../errors.js';
import { nodeProvider } from '../../provider-node.js';
import { webProvider } from '../../provider-web.js';
import { mintCoseSign1 } from '../../testing/cose.js';
import { eifKinds, makeEif } from '../../testing/enclave-image.js';
import { mintCertificate } from '../../testing/x509.js';
import { verifyImageSignature } from './image-signature.js';
import { measureNitro } from './measure-nitro.js';

/** Of the image in measure-nitro.test.ts. */
const pcr0 = decodeHex(
  '19032dac51f5bf85b5f71656a8a0aa5e46370a41e85a56b741d6158f6b6950fe692e142e237958df32fdf543743e947e',
);
const section = decodeBase64(
  'gaJzc2lnbmluZ19jZXJ0aWZpY2F0ZZkCpBgtGC0YLRgtGC0YQhhFGEcYSRhOGCAYQxhFGFIYVBhJGEYYSRhDGEEYVBhF' +
    'GC0YLRgtGC0YLQoYTRhJGEkYQhh4GFQYQxhDGEEYVRhxGGcYQRh3GEkYQhhBGGcYSRhVGEMYThhEGEQYQRgxGEEYLxgx' +
    'GFMYeRhJGHkYThhzGFQYSRhHGE0YZxgvGGcYTRgwGGwYVRhrGHcYQxhnGFkYSRhLGG8YWhhJGHoYahgwGEUYQRh3GE0Y' +
    'dwoYRxhUGEUYWBhNGEIYVRhHGEEYMRhVGEUYQRh3GHcYTxhaGFcYNRhqGGIYRxhGGDIYWhhTGEIYehhhGFcYZBh1GFoY' +
    'WBhJGHcYSBhoGGMYThhNGGoYWRh4GE0YVBhJGHkYTRhEGEUYMRhPGEQYRRgxGFcYaBhjGE4YTRh6GFkYeAoYTRhUGEUY' +
    'NRhNGEQYRRgxGE8YRBhFGDEYVxhqGEEYWhhNGFIYYxh3GEYYURhZGEQYVhhRGFEYRBhEGEEYNRhsGGIYbRhOGHMYWRhY' +
    'GFoYbBhJGEgYThhwGFoYMhg1GGwYYxhqGEIYMhhNGEIYQRhHGEIYeRhxGEcYUxhNGDQYOQoYQRhnGEUYRxhCGFMYdRhC' +
    'GEIYQRhBGGkYQRgyGEkYQRhCGE4YTRhYGFgYRhhCGGMYYhhBGC8YbhhCGDkYdhhLGFoYSxhjGGwYRBhjGHoYchhyGEgY' +
    'ORhtGEwYVRhCGDgYThh6GGwYMxh4GGwYUhhHGE0YUhgxGHEYbRhEGGoYeQoYVxhTGHQYbxhPGC8YcxgwGHIYQRg3GDQY' +
    'YxhzGE8YYxhBGEkYaRhkGFMYTxhDGDQYQhhEGEkYZRhlGGIYeRg5GFUYOBh0GDMYMRhyGDQYdBhOGDQYVRh5GHgYaBhS' +
    'GFYYOBg0GEEYbBhtGGUYTxhuGHYYUxhIGEwYNxg0GFQYUAoYShh5GFcYcRhOGFYYNhh5GHYYLxhxGE0YKxhQGDUYVRg1' +
    'GDYYThhUGE0YRhhFGHcYSBhRGFkYRBhWGFIYMBhPGEIYQhhZGEUYRhhOGFYYRRg2GE8YVRhFGFgYNhhrGG0YZhh0GDkY' +
    'aRhKGEEYUBhjGHkYdBhNGHYYcBhKGDMYeQoYTRhCGDgYRxhBGDEYVRhkGEkYdxhRGFkYTRhCGGEYQRhGGE4YVhhFGDYY' +
    'TxhVGEUYWBg2GGsYbRhmGHQYORhpGEoYQRhQGGMYeRh0GE0YdhhwGEoYMxh5GE0YQRg4GEcYQRgxGFUYZBhFGHcYRRhC' +
    'GC8YdxhRGEYYTRhBGE0YQgoYQRhmGDgYdxhDGGcYWRhJGEsYbxhaGEkYehhqGDAYRRhBGHcYTRhEGGEYURhBGHcYWhhn' +
    'GEkYeBhBGEsYbRhuGHUYMBgxGEoYKxhlGFIYdhhqGHgYYRgxGHkYbRhVGG4YWBhMGHcYbRh1GGgYNhh5GFAYdhhqGHkY' +
    'LxhMGFIYVgoYORhIGGYYUhgrGEEYNRhZGEsYeBhRGEgYSxhDGHkYbxg3GDYYYxg4GE4YSRhBGC8YRBh0GEQYVBgxGHcY' +
    'SRh4GEEYThhzGHUYbhhOGFcYMhhqGDQYURgxGEsYVxhQGGYYZBgzGFEYYxgvGEwYbhhZGGsYSRhzGEoYTBhZGFQYNQoY' +
    'UxhmGDgYLxhzGEUYNRhIGDEYRRh6GEoYOBhSGGYYcBhWGGEYdBg5GG4YRBhtGEMYehhzGEIYbBhLGHEYeBhaGDcYdxg9' +
    'GD0KGC0YLRgtGC0YLRhFGE4YRBggGEMYRRhSGFQYSRhGGEkYQxhBGFQYRRgtGC0YLRgtGC0KaXNpZ25hdHVyZZjoGIQY' +
    'RBihARg4GCIYoBhYGH0YohhuGHIYZRhnGGkYcxh0GGUYchhfGGkYbhhkGGUYeAAYbhhyGGUYZxhpGHMYdBhlGHIYXxh2' +
    'GGEYbBh1GGUYmBgwGBgYGQMYGBgtGBgYrBgYGFEYGBj1GBgYvxgYGIUYGBi1GBgY9xYYGBhWGBgYqBgYGKAYGBiqGBgY' +
    'XhgYGEYYGBg3ChgYGEEYGBjoGBgYWhgYGFYYGBi3GBgYQRgYGNYVGBgYjxgYGGsYGBhpGBgYUBgYGP4YGBhpGBgYLhQY' +
    'GBguGBgYIxgYGHkYGBhYGBgY3xgYGDIYGBj9GBgY9RgYGEMYGBh0GBgYPhgYGJQYGBh+GFgYYBjEGDgY5RguGE8YRBiC' +
    'GJ0YhhilGO0Y4Bi1FRhiGFgYgBidGI8WGMoYsxjGGPoY1hjpGF8YWRisGOIMGCYYkRh7GOkYWRhZExQYPAYYVRjqGNIY' +
    'uxghGDYY7xghGLAYHhh8GIMYIxivGM0YfhgiEBj0GLQYVAYY6xhJGOgYNwYYrAMYnxYY9xhhGHgYORi3GK8YUxhPGD8L' +
    'GOAVGLoYSBhfGI8YIxgmGHUYixjRGNgYyhhq',
);

test('the certificate of an image that AWS’s tool signed gives the PCR8 that it printed', async () => {
  for (const provider of [nodeProvider, webProvider]) {
    const signer = await verifyImageSignature(section, pcr0, provider);
    assert.equal(signer.subject.commonName, 'enclave signer');
  }
  const image = makeEif({
    sections: [
      [eifKinds.kernel, Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff)],
      [eifKinds.cmdline, new TextEncoder().encode('reboot=k panic=30')],
      [eifKinds.ramdisk, new Uint8Array(300).fill(0xaa)],
      [eifKinds.ramdisk, new Uint8Array(301).fill(0xbb)],
      [eifKinds.ramdisk, new Uint8Array(302).fill(0xcc)],
      [eifKinds.signature, section],
    ],
  });
  const measured = await measureNitro(image, nodeProvider);
  assert.equal(
    encodeHex(measured.pcr8 ?? new Uint8Array()),
    'e315e25c56bbd05a150aa447a2903af614c9f1ecc2adf547a18b27764243c92ff0b411aa58e623ba2632ada02a684eaa',
  );
});

const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const others = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const certificateOf = (publicKey: typeof keys.publicKey): Uint8Array =>
  mintCertificate({
    subject: { CN: 'signer' },
    issuer: { CN: 'signer' },
    serial: 1n,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
    publicKey,
    signingKey: keys.privateKey,
    signatureAlgorithm: 'ecdsa-p384-sha384',
    ca: false,
  });
const pem = (publicKey = keys.publicKey): Uint8Array =>
  new TextEncoder().encode(encodePem('CERTIFICATE', certificateOf(publicKey)));

const numbers = (bytes: Uint8Array): CborValue => [...bytes];
const over = (index: number, value: CborValue): Uint8Array =>
  encodeCbor(
    new Map<string, CborValue>([
      ['register_index', index],
      ['register_value', value],
    ]),
  );
const signed = (payload: Uint8Array, signingKey = keys.privateKey, algorithm = -35): Uint8Array =>
  mintCoseSign1({ payload, signingKey, algorithm });
const pair = (certificate: CborValue, signature: CborValue): CborValue =>
  new Map([
    ['signing_certificate', certificate],
    ['signature', signature],
  ]);
const good = signed(over(0, numbers(pcr0)));
const sectionOf = (...list: readonly CborValue[]): Uint8Array => encodeCbor(list);
const goodPair = pair(numbers(pem()), numbers(good));

test('an image may be signed with a key of one’s own', async () => {
  assert.ok(await verifyImageSignature(sectionOf(goodPair), pcr0, nodeProvider));
});

const refusals: readonly (readonly [string, Uint8Array, string])[] = [
  ['nothing', new Uint8Array(), 'malformed'],
  ['no signature in the list', sectionOf(), 'malformed'],
  ['two signatures', sectionOf(goodPair, goodPair), 'malformed'],
  ['a byte behind', concatBytes(section, Uint8Array.of(0)), 'trailing-data'],
  ['no certificate', sectionOf(new Map([['signature', numbers(good)]])), 'malformed'],
  [
    'a third member',
    sectionOf(
      new Map([
        ['signing_certificate', numbers(pem())],
        ['signature', numbers(good)],
        ['more', 1],
      ]),
    ),
    'malformed',
  ],
  ['a certificate as a byte string', sectionOf(pair(pem(), numbers(good))), 'malformed'],
  ['a number that is no byte', sectionOf(pair([256], numbers(good))), 'malformed'],
  ['a certificate that is none', sectionOf(pair([1, 2], numbers(good))), 'malformed'],
  [
    'two certificates',
    sectionOf(pair(numbers(concatBytes(pem(), pem())), numbers(good))),
    'malformed',
  ],
  [
    'the certificate of another',
    sectionOf(pair(numbers(pem(others.publicKey)), numbers(good))),
    'signature-invalid',
  ],
  [
    'the signature of another',
    sectionOf(pair(numbers(pem()), numbers(signed(over(0, numbers(pcr0)), others.privateKey)))),
    'signature-invalid',
  ],
  [
    'RSA',
    sectionOf(
      pair(
        numbers(pem(rsa.publicKey)),
        numbers(signed(over(0, numbers(pcr0)), rsa.privateKey, -38)),
      ),
    ),
    'unsupported-algorithm',
  ],
  [
    'a signature over another image',
    sectionOf(pair(numbers(pem()), numbers(signed(over(0, numbers(new Uint8Array(48))))))),
    'signature-invalid',
  ],
  [
    'a signature over another register',
    sectionOf(pair(numbers(pem()), numbers(signed(over(1, numbers(pcr0)))))),
    'signature-invalid',
  ],
  [
    'a signature over the start of PCR0',
    sectionOf(pair(numbers(pem()), numbers(signed(over(0, numbers(pcr0.subarray(0, 32))))))),
    'signature-invalid',
  ],
  [
    'a payload that is none',
    sectionOf(pair(numbers(pem()), numbers(signed(Uint8Array.of(1))))),
    'malformed',
  ],
];

for (const [sentence, bytes, code] of refusals) {
  test(`no signature of an image: ${sentence}`, async () => {
    await assert.rejects(verifyImageSignature(bytes, pcr0, nodeProvider), { code });
  });
}

test('no changed byte in what is signed is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const bytes = good.slice();
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        const changed = sectionOf(pair(numbers(pem()), numbers(bytes)));
        await assert.rejects(verifyImageSignature(changed, pcr0, nodeProvider), EvidenceError);
      },
    ),
    { numRuns: 200 },
  );
});

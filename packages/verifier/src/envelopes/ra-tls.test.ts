// Evidence in certificates: each extension as those who write it do, bound to the certificate's key, and
// everything that must not pass.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import { encodePem } from '../encoding/pem.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { parseCertificate } from '../pki/certificate.js';
import { nodeProvider } from '../provider-node.js';
import { mintDcapCollateral } from '../testing/dcap-collateral.js';
import { good, now } from '../testing/dcap-scene.test.js';
import { der, derOctetString, derSequence, derUtf8String } from '../testing/der-writer.js';
import { mutationsOf } from '../testing/mutation.test.js';
import { mintScene } from '../testing/nitro-scene.test.js';
import { certificate, hash, quoteFor, spki, spkiOf } from '../testing/ra-tls-scene.test.js';
import { mintSgxQuote } from '../testing/sgx-quote.js';
import type { MintedExtension } from '../testing/x509.js';
import { verifyEvidence } from '../verify.js';
import { mediaTypeOf } from './media-types.js';
import { openEnvelope } from './open-envelope.js';
import { readRaTlsCertificate } from './ra-tls.js';

const oids = {
  tcg: '2.23.133.5.4.9',
  cmw: '1.3.6.1.5.5.7.1.35',
  gramine: '1.2.840.113741.1337.6',
  asWritten: '0.6.9.42.840.113741.1337.6',
} as const;

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function padded(digest: Uint8Array): Uint8Array {
  const data = new Uint8Array(64);
  data.set(digest);
  return data;
}

const keyHash = (algorithm = 'sha256', id = 1, of = spki): CborValue =>
  encodeCbor([id, hash(algorithm, of)]);
const claimsOf = (...entries: [string | number, CborValue][]) => encodeCbor(new Map(entries));
const goodClaims = claimsOf(['pubkey-hash', keyHash()]);

/** As Interoperable RA-TLS has it: tag([quote, claims]), the quote bound to the claims. */
function tagged(
  claims: Uint8Array,
  change: { tag?: number; content?: CborValue } = {},
): MintedExtension {
  const quote = quoteFor(padded(hash('sha256', claims)));
  const { tag = 60_000, content = [quote, claims] } = change;
  return { oid: oids.tcg, value: encodeCbor({ tag, content }) };
}

const legacyQuote = quoteFor(padded(hash('sha256', spki)));
const legacy = (oid: string, quote = legacyQuote): MintedExtension => ({ oid, value: quote });

async function refuses(code: EvidenceErrorCode, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** Opens a certificate and verifies what is in it, bound as the envelope says. */
async function verify(bytes: Uint8Array) {
  const { evidence, binding, envelope } = await openEnvelope(bytes, nodeProvider);
  const claims = await verifyEvidence({
    evidence,
    endorsements: mintDcapCollateral(good, {
      now,
      ...(evidence.format === 'sgx-dcap' ? { tee: 'SGX' } : {}),
    }),
    roots: good.roots,
    expectedBinding: binding,
    now,
    provider: nodeProvider,
  });
  return { envelope, binding: claims.binding };
}

for (const [what, profile, der] of [
  ['TCG tagged evidence', 'tcg-tagged-evidence', certificate(tagged(goodClaims))],
  [
    'a nonce beside the key hash',
    'tcg-tagged-evidence',
    certificate(tagged(claimsOf(['pubkey-hash', keyHash()], ['nonce', new Uint8Array(16)]))),
  ],
  [
    'claims of its own',
    'tcg-tagged-evidence',
    certificate(tagged(claimsOf(['pubkey-hash', keyHash()], ['key_0', new Uint8Array(8)]))),
  ],
  [
    'a SHA-384 key hash',
    'tcg-tagged-evidence',
    certificate(tagged(claimsOf(['pubkey-hash', keyHash('sha384', 7)]))),
  ],
  [
    'a SHA-512 key hash',
    'tcg-tagged-evidence',
    certificate(tagged(claimsOf(['pubkey-hash', keyHash('sha512', 8)]))),
  ],
  ['Gramine’s extension', 'gramine-legacy', certificate(legacy(oids.gramine))],
  [
    'Gramine’s extension as Gramine spells it',
    'gramine-legacy',
    certificate(legacy(oids.asWritten)),
  ],
  [
    'both spellings, alike',
    'gramine-legacy',
    certificate(legacy(oids.asWritten), legacy(oids.gramine)),
  ],
  [
    'both of Gramine’s extensions',
    'tcg-tagged-evidence',
    certificate(legacy(oids.asWritten), tagged(goodClaims)),
  ],
] as const) {
  test(`a certificate with ${what} is evidence for its key, in DER and PEM`, async () => {
    assert.deepEqual(await verify(der), { envelope: profile, binding: 'checked' });
    const pem = new TextEncoder().encode(encodePem('CERTIFICATE', der));
    assert.deepEqual(await verify(pem), { envelope: profile, binding: 'checked' });
  });
}

test('a certificate as Gramine makes one, with an SGX quote in each extension, is evidence', async () => {
  const sgx = (report: Uint8Array) =>
    mintSgxQuote(good, { version: 3, report: { reportData: report } });
  const content = [sgx(padded(hash('sha256', goodClaims))), goodClaims];
  const both = certificate(
    legacy(oids.asWritten, sgx(padded(hash('sha256', spki)))),
    tagged(goodClaims, { content }),
  );
  assert.deepEqual(await verify(both), { envelope: 'tcg-tagged-evidence', binding: 'checked' });
  const { evidence } = await openEnvelope(both, nodeProvider);
  assert.equal(evidence.format, 'sgx-dcap');
  const unbound = certificate(legacy(oids.asWritten, sgx(new Uint8Array(64))));
  await refuses('binding-mismatch', () => verify(unbound));
});

test('ECDSA with NULL parameters, as mbed TLS wrote it, is read', async () => {
  const plain = certificate(legacy(oids.gramine));
  const { tbs } = parseCertificate(plain);
  const algorithm = (...parameters: number[]) => {
    const oid = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    return Uint8Array.from([0x30, oid.length + parameters.length, ...oid, ...parameters]);
  };
  const swap = (bytes: Uint8Array) => {
    const hex = Buffer.from(bytes).toString('hex');
    const without = Buffer.from(algorithm()).toString('hex');
    return Buffer.from(hex.replace(without, Buffer.from(algorithm(5, 0)).toString('hex')), 'hex');
  };
  const body = swap(tbs).subarray(4);
  const spoilt = derSequence(
    der(0x30, new Uint8Array(body)),
    algorithm(5, 0),
    der(0x03, Uint8Array.of(0)),
  );
  assert.equal((await verify(spoilt)).envelope, 'gramine-legacy');
});

const otherClaims = claimsOf(['pubkey-hash', keyHash('sha256', 1, spkiOf(stranger.publicKey))]);
const quote = quoteFor(padded(hash('sha256', goodClaims)));
const twisted = legacyQuote.slice();
twisted[200] = (twisted[200] ?? 0) ^ 1;
const raw = (oid: string, ...bytes: number[]) =>
  certificate({ oid, value: Uint8Array.from(bytes) });
const badClaims = (...entries: [string | number, CborValue][]) =>
  certificate(tagged(claimsOf(...entries)));

for (const [what, code, bytes] of [
  ['no evidence', 'unsupported-format', certificate()],
  ['evidence for another key', 'binding-mismatch', certificate(tagged(otherClaims))],
  [
    'claims that the quote is not bound to',
    'binding-mismatch',
    certificate(tagged(goodClaims, { content: [quoteFor(new Uint8Array(64)), goodClaims] })),
  ],
  [
    'claims changed after quoting',
    'binding-mismatch',
    certificate(
      tagged(goodClaims, {
        content: [quote, claimsOf(['pubkey-hash', keyHash()], ['nonce', new Uint8Array()])],
      }),
    ),
  ],
  [
    'a quote bound to the bare key hash',
    'binding-mismatch',
    certificate(tagged(goodClaims, { content: [legacyQuote, goodClaims] })),
  ],
  [
    'a quote whose second half is not zero',
    'binding-mismatch',
    certificate(
      legacy(
        oids.gramine,
        quoteFor(new Uint8Array([...hash('sha256', spki), ...hash('sha256', spki)])),
      ),
    ),
  ],
  [
    'Gramine’s extension for another key',
    'binding-mismatch',
    certificate(legacy(oids.gramine, quoteFor(padded(hash('sha256', spkiOf(stranger.publicKey)))))),
  ],
  ['a quote with a changed bit', 'signature-invalid', certificate(legacy(oids.gramine, twisted))],
  [
    'two quotes in two spellings',
    'malformed',
    certificate(legacy(oids.gramine), legacy(oids.asWritten, twisted)),
  ],
  [
    'bad TCG evidence beside a good quote of Gramine’s',
    'binding-mismatch',
    certificate(legacy(oids.gramine), tagged(otherClaims)),
  ],
  [
    'a TDX report in place of a quote',
    'unsupported-format',
    certificate(tagged(goodClaims, { tag: 60_001 })),
  ],
  [
    'an SGX report in place of a quote',
    'unsupported-format',
    certificate(tagged(goodClaims, { tag: 60_002 })),
  ],
  ['an unknown tag', 'unsupported-format', certificate(tagged(goodClaims, { tag: 60_003 }))],
  ['an empty TCG extension', 'malformed', raw(oids.tcg)],
  [
    'bytes behind the tagged evidence',
    'trailing-data',
    certificate({ oid: oids.tcg, value: Uint8Array.of(...tagged(goodClaims).value, 0) }),
  ],
  [
    'tagged evidence without claims',
    'malformed',
    certificate(tagged(goodClaims, { content: [quote] })),
  ],
  [
    'tagged evidence of three members',
    'malformed',
    certificate(tagged(goodClaims, { content: [quote, goodClaims, null] })),
  ],
  [
    'claims that are a map, not bytes',
    'malformed',
    certificate(tagged(goodClaims, { content: [quote, new Map()] })),
  ],
  ['empty claims', 'malformed', badClaims()],
  ['claims without the key hash', 'malformed', badClaims(['nonce', new Uint8Array(8)])],
  ['a claim that is text', 'malformed', badClaims(['pubkey-hash', keyHash()], ['nonce', 'x'])],
  [
    'a claim without a name',
    'malformed',
    badClaims(['pubkey-hash', keyHash()], [1, new Uint8Array()]),
  ],
  [
    'a claim twice',
    'malformed',
    certificate(tagged(Uint8Array.of(0xa2, ...goodClaims.subarray(1), ...goodClaims.subarray(1)))),
  ],
  [
    'a key hash that is no array',
    'malformed',
    badClaims(['pubkey-hash', encodeCbor(new Uint8Array(32))]),
  ],
  [
    'a key hash of three members',
    'malformed',
    badClaims(['pubkey-hash', encodeCbor([1, hash('sha256', spki), 0])]),
  ],
  [
    'a key hash with an unknown algorithm',
    'unsupported-algorithm',
    badClaims(['pubkey-hash', keyHash('sha256', 2)]),
  ],
  [
    'a key hash of 16 bytes',
    'malformed',
    badClaims(['pubkey-hash', encodeCbor([1, new Uint8Array(16)])]),
  ],
  [
    'a key hash by SHA-512 that says SHA-256',
    'binding-mismatch',
    badClaims(['pubkey-hash', keyHash('sha512', 1)]),
  ],
  [
    'claims of 5,000 bytes',
    'malformed',
    badClaims(['pubkey-hash', keyHash()], ['nonce', new Uint8Array(5000)]),
  ],
  [
    'a quote that is none',
    'unsupported-format',
    certificate(legacy(oids.gramine, new Uint8Array(600).fill(9))),
  ],
  [
    'a CMW extension of another type',
    'malformed',
    certificate({ oid: oids.cmw, value: der(0x04) }),
  ],
  [
    'CBOR in the JSON choice',
    'malformed',
    certificate({ oid: oids.cmw, value: der(0x0c, encodeCbor(['a/b', spki])) }),
  ],
  [
    'JSON in the CBOR choice',
    'malformed',
    certificate({ oid: oids.cmw, value: derOctetString(new TextEncoder().encode('["a/b",""]')) }),
  ],
  [
    'a CMW without evidence',
    'unsupported-format',
    certificate({ oid: oids.cmw, value: derUtf8String('["a/b",""]') }),
  ],
  [
    'bytes behind the CMW extension',
    'trailing-data',
    certificate({ oid: oids.cmw, value: Uint8Array.of(...derUtf8String('["a/b",""]'), 0) }),
  ],
] as const) {
  test(`a certificate with ${what} is refused`, async () => {
    await refuses(code, async () => verify(bytes));
  });
}

test('evidence in a CMW extension is found, and is bound to nothing by it', async () => {
  const document = mintScene({});
  const type = mediaTypeOf('aws-nitro');
  const record = [type, Buffer.from(document).toString('base64url')];
  for (const extension of [
    { oid: oids.cmw, value: derOctetString(encodeCbor([type, document])) },
    { oid: oids.cmw, value: derUtf8String(JSON.stringify(record)) },
    { oid: oids.tcg, value: encodeCbor([type, document]) },
  ]) {
    const opened = await openEnvelope(certificate(extension), nodeProvider);
    assert.equal(opened.evidence.format, 'aws-nitro');
    assert.deepEqual(opened.binding, { binding: 'not-checked' });
  }
});

test('certificates cut short are refused', async () => {
  const bytes = certificate(tagged(goodClaims));
  for (let length = 1; length < bytes.length; length += 13) {
    await refuses('malformed', () => readRaTlsCertificate(bytes.subarray(0, length), nodeProvider));
  }
});

test('spoiled extensions are read or refused', async () => {
  const { value } = tagged(goodClaims);
  const property = fc.asyncProperty(mutationsOf(value.subarray(0, 40)), async (start) => {
    const spoiled = Uint8Array.of(...start, ...value.subarray(40));
    try {
      await readRaTlsCertificate(certificate({ oid: oids.tcg, value: spoiled }), nodeProvider);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
    }
  });
  await fc.assert(property, { numRuns: 1_000 });
});

// COSE_Sign1: every algorithm accepted with its own key only, and everything that a header could try.

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { badKeys, refusesKeys } from '../testing/bad-keys.test.js';
import { type MintCoseOptions, mintCoseSign1 } from '../testing/cose.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import {
  type CoseAlgorithm,
  type CoseLimits,
  parseCoseSign1,
  type VerifyCoseInput,
  verifyCoseSign1,
} from './sign1.js';

const limits: CoseLimits = {
  bytesMax: 4096,
  itemsMax: 64,
  depthMax: 6,
  indefiniteMaps: 'refused',
  payloadBytesMax: 1024,
};

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');

const pairs: readonly [CoseAlgorithm, number, typeof p256][] = [
  ['ES256', -7, p256],
  ['ES384', -35, p384],
  ['ES512', -36, p521],
  ['PS256', -37, rsa],
  ['PS384', -38, rsa],
  ['PS512', -39, rsa],
  ['EdDSA', -8, ed25519],
];
const everyAlgorithm = pairs.map(([name]) => name);

const payload = new TextEncoder().encode('payload');
const none = new Uint8Array();
const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

const mint = (change: Partial<MintCoseOptions> = {}) =>
  mintCoseSign1({ payload, signingKey: p384.privateKey, algorithm: -35, ...change });
const parse = (bytes: Uint8Array) => parseCoseSign1(bytes, 'test', limits);

async function verify(bytes: Uint8Array, change: Partial<VerifyCoseInput> = {}): Promise<void> {
  await verifyCoseSign1({
    message: parse(bytes),
    spki: spkiOf(p384.publicKey),
    externalAad: none,
    algorithms: ['ES384'],
    provider: nodeProvider,
    ...change,
  });
}

async function refuses(code: EvidenceErrorCode, work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

for (const [name, algorithm, { publicKey, privateKey }] of pairs) {
  test(`${name} verifies with its key in both providers, and with no other kind of key`, async () => {
    const bytes = mint({ algorithm, signingKey: privateKey });
    assert.equal(parse(bytes).algorithm, name);
    for (const provider of [nodeProvider, webProvider]) {
      await verify(bytes, { spki: spkiOf(publicKey), algorithms: [name], provider });
    }
    for (const [, , other] of pairs.filter(([, , pair]) => pair.publicKey !== publicKey)) {
      const spki = spkiOf(other.publicKey);
      await refuses('public-key-invalid', () => verify(bytes, { spki, algorithms: [name] }));
    }
    const [, , wrongName] = pairs.find(([each]) => each !== name) ?? [];
    assert.ok(wrongName);
    const algorithms = everyAlgorithm.filter((each) => each !== name);
    const spki = spkiOf(publicKey);
    await refuses('unsupported-algorithm', () => verify(bytes, { spki, algorithms }));
    await refuses('unsupported-algorithm', () => verify(bytes, { spki, algorithms: [] }));
  });
}

for (const [name, algorithm, { publicKey, privateKey }] of pairs.slice(0, 3)) {
  refusesKeys(`a key for ${name}`, badKeys, publicKey, ({ spki }, provider) =>
    verify(mint({ algorithm, signingKey: privateKey }), { spki, algorithms: [name], provider }),
  );
}

test('tagged and untagged messages say the same', async () => {
  await verify(mint({ tagged: true }));
  await verify(mint());
});

test('the external data are part of what is signed', async () => {
  const externalAad = Uint8Array.of(1, 2, 3);
  await verify(mint({ externalAad }), { externalAad });
  await refuses('signature-invalid', () => verify(mint({ externalAad })));
  await refuses('signature-invalid', () => verify(mint(), { externalAad }));
});

test('a key of the right kind that is another is refused', async () => {
  const spki = spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
  await refuses('signature-invalid', () => verify(mint(), { spki }));
});

const header = (...entries: [number | string, CborValue][]) => encodeCbor(new Map(entries));
const [first, second, third, fourth] = [header([1, -35]), new Map(), payload, new Uint8Array(96)];

for (const [what, code, bytes] of [
  ['no bytes', 'malformed', none],
  ['a map', 'malformed', encodeCbor(new Map())],
  ['three items', 'malformed', encodeCbor([first, second, third])],
  ['five items', 'malformed', encodeCbor([first, second, third, fourth, null])],
  ['the tag of COSE_Sign', 'malformed', encodeCbor({ tag: 98, content: [] })],
  ['two tags', 'malformed', encodeCbor({ tag: 18, content: { tag: 18, content: [] } })],
  ['bytes behind it', 'trailing-data', Uint8Array.of(...mint(), 0)],
  ['a detached payload', 'malformed', encodeCbor([first, second, null, fourth])],
  ['a payload as text', 'malformed', encodeCbor([first, second, 'payload', fourth])],
  ['a payload over its limit', 'malformed', mint({ payload: new Uint8Array(1025) })],
  ['an empty signature', 'malformed', encodeCbor([first, second, third, none])],
  [
    'a protected header that is no byte string',
    'malformed',
    encodeCbor([second, second, third, fourth]),
  ],
  ['no protected header', 'malformed', mint({ protectedRaw: none })],
  ['an empty protected header', 'malformed', mint({ protectedRaw: header() })],
  ['a protected header that is an array', 'malformed', mint({ protectedRaw: encodeCbor([]) })],
  [
    'a protected header with bytes behind',
    'trailing-data',
    mint({ protectedRaw: Uint8Array.of(...first, 0) }),
  ],
  [
    'a protected header with a key twice',
    'malformed',
    mint({ protectedRaw: Uint8Array.of(0xa2, 1, 0x38, 34, 1, 0x26) }),
  ],
  ['an algorithm as text', 'malformed', mint({ protectedRaw: header([1, 'ES384']) })],
  ['the algorithm 0', 'unsupported-algorithm', mint({ protectedRaw: header([1, 0]) })],
  ['HMAC', 'unsupported-algorithm', mint({ protectedRaw: header([1, 5]) })],
  ['RS256', 'unsupported-algorithm', mint({ protectedRaw: header([1, -257]) })],
  [
    'the algorithm in the unprotected header only',
    'malformed',
    mint({ protectedRaw: header([4, none]), unprotectedHeader: new Map([[1, -35]]) }),
  ],
  ['the algorithm in both headers', 'malformed', mint({ unprotectedHeader: new Map([[1, -35]]) })],
  [
    'another algorithm in the unprotected header',
    'malformed',
    mint({ unprotectedHeader: new Map([[1, -7]]) }),
  ],
  ['crit in the unprotected header', 'malformed', mint({ unprotectedHeader: new Map([[2, [1]]]) })],
  [
    'a header that is both protected and unprotected',
    'malformed',
    mint({ protectedRaw: header([1, -35], [4, none]), unprotectedHeader: new Map([[4, none]]) }),
  ],
  [
    'an unknown critical header',
    'header-not-allowed',
    mint({ protectedRaw: header([1, -35], [2, [4]], [4, none]) }),
  ],
  [
    'an unknown critical header with a name',
    'header-not-allowed',
    mint({ protectedRaw: header([1, -35], [2, ['x']], ['x', 1]) }),
  ],
  [
    'a critical header that is not there',
    'malformed',
    mint({ protectedRaw: header([1, -35], [2, [4]]) }),
  ],
  [
    'an empty list of critical headers',
    'malformed',
    mint({ protectedRaw: header([1, -35], [2, []]) }),
  ],
  [
    'a critical header that is no label',
    'malformed',
    mint({ protectedRaw: header([1, -35], [2, [none]]) }),
  ],
] as const) {
  test(`refuses ${what}`, async () => {
    await refuses(code, async () => parse(bytes));
  });
}

test('a list of critical headers that names the algorithm alone changes nothing', async () => {
  await verify(mint({ protectedRaw: header([1, -35], [2, [1]]) }));
});

test('no single changed bit of what is signed, or of the signature, is accepted', async () => {
  const bytes = mint();
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = bytes.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await assert.rejects(
      async () => verify(changed),
      (error) => error instanceof EvidenceError,
      `bit ${bit}`,
    );
  }
});

test('no message cut short is accepted', async () => {
  const bytes = mint({ tagged: true });
  for (let length = 0; length < bytes.length; length += 1) {
    await refuses('malformed', async () => parse(bytes.subarray(0, length)));
  }
});

test('spoiled messages are read or refused', () => {
  assertRefusesCleanly(mutationsOf(mint({ tagged: true })), parse);
});

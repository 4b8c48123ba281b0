// Everything that makes parse() or verify() refuse a Nitro document, one row each. Every document here is
// signed after it was made, so that the rule itself refuses it and not the signature.

import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import type { EvidenceErrorCode } from '../errors.js';
import { badKeys, refusesKeys } from '../testing/bad-keys.test.js';
import { derNull } from '../testing/der-writer.js';
import { type NitroAuthority, nitroAuthorities } from '../testing/nitro.js';
import {
  aws,
  mintScene,
  newAws,
  now,
  play,
  refusesScene,
  registers,
  type Scene,
  userData,
} from '../testing/nitro-scene.test.js';

const lookAlike = newAws();
const pcr = (length = 48) => new Uint8Array(length).fill(7);
const payload = (fields: Readonly<Record<string, CborValue | undefined>>): Scene => ({
  payload: fields,
});
const certificates = (...cabundle: Uint8Array[]): Scene => ({ cabundle });
const [root, regional, zonal, instance] = aws.cabundle;
if (!root || !regional || !zonal || !instance) throw new TypeError('four authorities');
const spoiled = (authority: NitroAuthority, change: object): Scene => ({
  ca: newAws({ [authority]: change }),
});
const expectedBinding = (bytes: Uint8Array): Scene => ({ input: { expectedBinding: bytes } });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const protectedHeader = (...entries: [number, CborValue][]): Scene => ({
  cose: { protectedRaw: encodeCbor(new Map(entries)) },
});
const registerMap = (entries: readonly (readonly [number | string, CborValue])[]) =>
  payload({ pcrs: new Map<number | string, CborValue>(entries) });
const first: readonly (readonly [number, CborValue])[] = [
  [0, pcr()],
  [1, pcr()],
  [2, pcr()],
];

type Row = readonly [sentence: string, code: EvidenceErrorCode, scene: Scene];

const fieldRows: readonly Row[] = [
  ...['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'].flatMap(
    (name): Row[] => [
      [`a document without ${name}`, 'malformed', payload({ [name]: undefined })],
      [`a document whose ${name} is null`, 'malformed', payload({ [name]: null })],
      [`a document whose ${name} is a flag`, 'malformed', payload({ [name]: true })],
    ],
  ),
  ['an unknown field', 'malformed', payload({ extra: 1 })],
  ['an empty module id', 'malformed', payload({ module_id: '' })],
  ['a module id of 257 characters', 'malformed', payload({ module_id: 'i'.repeat(257) })],
  ['the digest SHA256', 'unsupported-algorithm', payload({ digest: 'SHA256' })],
  ['a digest in lower case', 'unsupported-algorithm', payload({ digest: 'sha384' })],
  ['a timestamp of zero', 'malformed', payload({ timestamp: 0 })],
  ['a negative timestamp', 'malformed', payload({ timestamp: -1 })],
  ['a timestamp beyond all dates', 'malformed', payload({ timestamp: 2n ** 63n })],
  ['no registers', 'malformed', registerMap([])],
  ['registers of both kinds', 'malformed', payload({ nitrotpm_pcrs: registers() })],
  ['registers without PCR0', 'malformed', registerMap(first.slice(1))],
  ['registers without PCR2', 'malformed', registerMap(first.slice(0, 2))],
  ['a register 32', 'malformed', registerMap([...first, [32, pcr()]])],
  ['a register -1', 'malformed', registerMap([...first, [-1, pcr()]])],
  ['a register by name', 'malformed', registerMap([...first, ['3', pcr()]])],
  ['a register as text', 'malformed', registerMap([...first, [3, 'a']])],
  ['a register of 32 bytes', 'malformed', registerMap([...first, [3, pcr(32)]])],
  ['a register of 64 bytes', 'malformed', registerMap([...first, [3, pcr(64)]])],
  ['an empty register', 'malformed', registerMap([...first, [3, pcr(0)]])],
  ['an empty certificate', 'malformed', payload({ certificate: pcr(0) })],
  ['a certificate of 1025 bytes', 'malformed', payload({ certificate: pcr(1025) })],
  ['a certificate that is none', 'malformed', payload({ certificate: pcr(640) })],
  ['an empty CA bundle', 'malformed', certificates()],
  ['a CA bundle of eight', 'malformed', certificates(...new Array(8).fill(root))],
  ['a CA bundle with text in it', 'malformed', payload({ cabundle: ['root'] })],
  ['user data of 513 bytes', 'malformed', payload({ user_data: pcr(513) })],
  ['user data as text', 'malformed', payload({ user_data: 'x' })],
  ['a nonce of 513 bytes', 'malformed', payload({ nonce: pcr(513) })],
  ['an empty public key', 'malformed', payload({ public_key: pcr(0) })],
  ['a public key of 1025 bytes', 'malformed', payload({ public_key: pcr(1025) })],
];

const messageRows: readonly Row[] = [
  ['a payload over 16 KiB', 'malformed', { payloadRaw: new Uint8Array(16_385) }],
  ['a payload that is an array', 'malformed', { payloadRaw: encodeCbor([]) }],
  ['an empty payload', 'malformed', { payloadRaw: new Uint8Array() }],
  ['a payload with a field twice', 'malformed', { payloadRaw: twice() }],
  ['a payload with bytes behind it', 'trailing-data', { payloadRaw: Uint8Array.of(0xa0, 0) }],
  [
    'a message with bytes behind it',
    'trailing-data',
    { spoil: (each) => Uint8Array.of(...each, 0) },
  ],
  ['a document of 64 KiB', 'malformed', { spoil: () => new Uint8Array(65_536).fill(0x84) }],
  ['no algorithm', 'malformed', protectedHeader()],
  ['HMAC as algorithm', 'unsupported-algorithm', protectedHeader([1, 5])],
  ['a second protected header', 'malformed', protectedHeader([1, -35], [4, pcr(4)])],
  ['an unknown critical header', 'header-not-allowed', protectedHeader([1, -35], [2, [4]], [4, 1])],
  ['an unprotected header', 'malformed', { cose: { unprotectedHeader: new Map([[4, pcr(4)]]) } }],
  ['the algorithm unprotected', 'malformed', { cose: { unprotectedHeader: new Map([[1, -35]]) } }],
  [
    'a chain in the unprotected header',
    'malformed',
    { cose: { unprotectedHeader: new Map([[33, [...lookAlike.cabundle]]]) } },
  ],
  ['an ES256 signature', 'unsupported-algorithm', { cose: { algorithm: -7 } }],
  [
    'an ES256 signature of a P-256 key',
    'public-key-invalid',
    { leaf: { publicKey: p256.publicKey }, cose: { algorithm: -7, signingKey: p256.privateKey } },
  ],
  [
    'a document signed by another key',
    'signature-invalid',
    { cose: { signingKey: p384.privateKey } },
  ],
  ['a signature over other external data', 'signature-invalid', { cose: { externalAad: pcr(4) } }],
  ['a signature cut to 64 bytes', 'malformed', { spoil: (each) => each.subarray(0, -32) }],
];

function twice(): Uint8Array {
  const field = [...encodeCbor('module_id'), ...encodeCbor('i')];
  return Uint8Array.of(0xbf, ...field, ...field, 0xff);
}

const before = new Date('2025-05-31');
const after = new Date('2025-06-02');

const chainRows: readonly Row[] = [
  [
    'a look-alike root that is not pinned',
    'chain-untrusted',
    { ...pinned(aws.root), ca: lookAlike },
  ],
  ['no pinned root', 'chain-untrusted', { input: { roots: [] } }],
  [
    'authorities of a look-alike',
    'chain-invalid',
    certificates(root, ...lookAlike.cabundle.slice(1)),
  ],
  ['a CA bundle without the root', 'chain-invalid', certificates(regional, zonal, instance)],
  ['a CA bundle without the zone', 'chain-invalid', certificates(root, regional, instance)],
  ['a CA bundle without the instance', 'chain-invalid', certificates(root, regional, zonal)],
  [
    'a CA bundle with the leaf’s issuer first',
    'chain-untrusted',
    certificates(instance, zonal, regional, root),
  ],
  [
    'a CA bundle with two certificates swapped',
    'chain-invalid',
    certificates(root, zonal, regional, instance),
  ],
  ...nitroAuthorities.flatMap((authority): Row[] => [
    [`an expired ${authority}`, 'certificate-expired', spoiled(authority, { notAfter: before })],
    [
      `a ${authority} that is not valid yet`,
      'certificate-not-yet-valid',
      spoiled(authority, { notBefore: after }),
    ],
    [`a ${authority} that is no CA`, 'chain-invalid', spoiled(authority, { ca: 'bare' })],
    [
      `a ${authority} that may not sign certificates`,
      'chain-invalid',
      spoiled(authority, { keyUsageBits: 0x80 }),
    ],
    [
      `a ${authority} with an unknown critical extension`,
      'chain-invalid',
      spoiled(authority, { extensions: [{ oid: '1.2.3', critical: true, value: derNull() }] }),
    ],
  ]),
  ['a path length exceeded in the region', 'chain-invalid', spoiled('regional', { pathLength: 1 })],
  ['a path length exceeded in the zone', 'chain-invalid', spoiled('zonal', { pathLength: 0 })],
  ['a leaf that is a CA', 'chain-invalid', { leaf: { ca: true, keyUsageBits: 0x84 } }],
  ['a leaf without key usage', 'chain-invalid', { leaf: { keyUsageBits: 0 } }],
  ['a leaf for certificates only', 'chain-invalid', { leaf: { keyUsageBits: 0x04 } }],
  ['a leaf of another issuer', 'chain-invalid', { leaf: { issuer: { CN: 'other' } } }],
  ['a leaf signed by another key', 'chain-invalid', { leaf: { signingKey: p384.privateKey } }],
  [
    'an expired leaf',
    'certificate-expired',
    { leaf: { notAfter: new Date(now.getTime() - 1000) } },
  ],
  ['a document three hours old', 'certificate-expired', { fields: { timestamp: hoursAgo(3.1) } }],
  [
    'a document from tomorrow',
    'certificate-not-yet-valid',
    { fields: { timestamp: hoursAgo(-24) } },
  ],
  [
    'a document two minutes ahead',
    'timestamp-invalid',
    { fields: { timestamp: hoursAgo(-2 / 60) }, leaf: { notBefore: hoursAgo(1) } },
  ],
  [
    'a document older than its leaf',
    'timestamp-invalid',
    payload({ timestamp: now.getTime() - 9e7 }),
  ],
  ['a time that is none', 'input-invalid', { input: { now: new Date(Number.NaN) } }],
];

function hoursAgo(hours: number): Date {
  return new Date(now.getTime() - hours * 3_600_000);
}

function pinned(der: Uint8Array): Scene {
  return { input: { roots: [{ kind: 'certificate', der }] } };
}

const bindingRows: readonly Row[] = [
  ['no user data', 'binding-mismatch', { fields: { userData: null } }],
  ['empty user data', 'binding-mismatch', { fields: { userData: new Uint8Array() } }],
  ['other user data', 'binding-mismatch', { fields: { userData: pcr(64) } }],
  ['user data of 63 bytes', 'binding-mismatch', { fields: { userData: userData.subarray(0, 63) } }],
  [
    'user data with a byte more',
    'binding-mismatch',
    { fields: { userData: Uint8Array.of(...userData, 0) } },
  ],
  [
    'the expected bytes in the nonce alone',
    'binding-mismatch',
    { fields: { userData: null, nonce: userData } },
  ],
  [
    'the expected bytes in the public key alone',
    'binding-mismatch',
    { fields: { userData: null, publicKey: userData } },
  ],
  ['an expectation of 32 bytes', 'input-invalid', expectedBinding(userData.subarray(0, 32))],
  ['an empty expectation', 'input-invalid', expectedBinding(new Uint8Array())],
];

for (const [sentence, code, scene] of [
  ...fieldRows,
  ...messageRows,
  ...chainRows,
  ...bindingRows,
]) {
  test(`refuses ${sentence}`, async () => refusesScene(code, scene));
}

test('refuses a document cut short at every length', async () => {
  const document = mintScene({});
  const lengths = Array.from({ length: document.length }, (_, length) => length);
  for (const length of lengths) {
    await refusesScene('malformed', { spoil: () => document.subarray(0, length) });
  }
});

refusesKeys('a leaf’s key', badKeys, p384.publicKey, async ({ spki }, provider) =>
  play({ leaf: { publicKey: spki }, input: { provider } }),
);

// Key sets: RSA, EC and certificate-only keys are read; private, ambiguous and weak ones are not used.

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { test } from 'node:test';
import { encodeBase64 } from '../encoding/base64.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { assertRefusesCleanly, mutationsOf } from '../testing/mutation.test.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import { mintCertificate } from '../testing/x509.js';
import { getKey, parseJwks } from './jwk.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');

const jwkOf = (pair: typeof rsa): JsonWebKey => pair.publicKey.export({ format: 'jwk' });
const spkiOf = (pair: typeof rsa) =>
  new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }));
const setOf = (...keys: object[]) => parseJwks(JSON.stringify({ keys }));

function certificateOf(pair: typeof rsa): string {
  return encodeBase64(
    mintCertificate({
      subject: { CN: 'issuer' },
      issuer: { CN: 'issuer' },
      serial: 1,
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2040-01-01'),
      publicKey: pair.publicKey,
      signingKey: pair.privateKey,
      signatureAlgorithm: 'rsa-pkcs1-sha256',
      ca: 'bare',
    }),
  );
}

for (const [name, pair] of [
  ['RSA', rsa],
  ['P-256', p256],
  ['P-384', p384],
  ['P-521', p521],
  ['Ed25519', ed25519],
] as const) {
  test(`${name}: the key is that which node:crypto exported`, () => {
    const key = getKey(setOf({ ...jwkOf(pair), kid: 'a' }), 'a', 'RS256');
    assert.deepEqual(key.spki, spkiOf(pair));
    assert.equal(
      createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' }).type,
      'public',
    );
  });
}

test('a key that is only a certificate is read from that', () => {
  const key = getKey(setOf({ kty: 'RSA', kid: 'a', x5c: [certificateOf(rsa)] }), 'a', 'RS256');
  assert.deepEqual(key.spki, spkiOf(rsa));
});

test('one key on its own is a set, and needs no name', () => {
  const set = parseJwks(JSON.stringify(jwkOf(p256)));
  assert.deepEqual(getKey(set, null, 'ES256').spki, spkiOf(p256));
});

function refuses(code: EvidenceErrorCode, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

type Row = readonly [sentence: string, code: EvidenceErrorCode, run: () => unknown];
const named = (key: object) => () => getKey(setOf({ kid: 'a', ...key }), 'a', 'RS256');
const rows: readonly Row[] = [
  [
    'an Ed25519 key of 31 bytes',
    'input-invalid',
    named({ ...jwkOf(ed25519), x: Buffer.alloc(31).toString('base64url') }),
  ],
  ['an Ed448 key', 'public-key-invalid', named({ ...jwkOf(ed25519), crv: 'Ed448' })],
  [
    'a P-521 coordinate of 65 bytes',
    'input-invalid',
    named({ ...jwkOf(p521), y: Buffer.alloc(65).toString('base64url') }),
  ],
  ['no JSON', 'malformed', () => parseJwks('keys')],
  ['a list', 'input-invalid', () => parseJwks('[]')],
  ['no keys', 'input-invalid', () => setOf()],
  ['too many keys', 'input-invalid', () => setOf(...Array(65).fill(jwkOf(rsa)))],
  ['a private key', 'input-invalid', named(rsa.privateKey.export({ format: 'jwk' }))],
  ['a private EC key', 'input-invalid', named(p256.privateKey.export({ format: 'jwk' }))],
  ['a symmetric key', 'input-invalid', named({ kty: 'oct', k: 'AAAA' })],
  [
    'two keys with one id',
    'input-invalid',
    () => setOf({ ...jwkOf(rsa), kid: 'a' }, { ...jwkOf(p256), kid: 'a' }),
  ],
  ['two keys without an id', 'input-invalid', () => setOf(jwkOf(rsa), jwkOf(p256))],
  ['a member twice', 'malformed', () => parseJwks('{"keys":[{"kty":"RSA","kty":"EC"}]}')],
  [
    'a key and another certificate',
    'input-invalid',
    named({ ...jwkOf(p256), x5c: [certificateOf(rsa)] }),
  ],
  ['a coordinate that is too short', 'input-invalid', named({ ...jwkOf(p256), x: 'AAAA' })],
  ['an RSA key without its exponent', 'input-invalid', named({ ...jwkOf(rsa), e: undefined })],
  [
    'a modulus with a leading zero',
    'public-key-invalid',
    named({ ...jwkOf(rsa), n: `AAAA${jwkOf(rsa).n}` }),
  ],
  ['an exponent of one', 'public-key-invalid', named({ ...jwkOf(rsa), e: 'AQ' })],
  ['an RSA key of 1024 bits', 'public-key-invalid', named(jwkOf(weak))],
  [
    'a curve that is not used here',
    'public-key-invalid',
    named({ ...jwkOf(p256), crv: 'secp256k1' }),
  ],
  [
    'a kind of key that is not used here',
    'public-key-invalid',
    named({ kty: 'OKP', crv: 'X25519', x: 'AA' }),
  ],
  ['a key for encryption', 'public-key-invalid', named({ ...jwkOf(rsa), use: 'enc' })],
  ['a key that may only sign', 'public-key-invalid', named({ ...jwkOf(rsa), key_ops: ['sign'] })],
  ['a key for another algorithm', 'unsupported-algorithm', named({ ...jwkOf(rsa), alg: 'PS256' })],
  [
    'a name that is not in the set',
    'key-unknown',
    () => getKey(setOf({ ...jwkOf(rsa), kid: 'a' }), 'b', 'RS256'),
  ],
  [
    'no name, where the key has one',
    'key-unknown',
    () => getKey(setOf({ ...jwkOf(rsa), kid: 'a' }), null, 'RS256'),
  ],
  [
    'no name, where there are several keys',
    'key-unknown',
    () => getKey(setOf(jwkOf(rsa), { ...jwkOf(p256), kid: 'b' }), null, 'RS256'),
  ],
  ['a name where the key has none', 'key-unknown', () => getKey(setOf(jwkOf(rsa)), 'a', 'RS256')],
];

for (const [sentence, code, run] of rows) {
  test(`refused: ${sentence}`, () => refuses(code, run));
}

test('Azure publishes certificates only, one of them weak', { skip: skipWithoutVectors }, () => {
  const text = (name: string) => new TextDecoder().decode(readVector(`jwt/${name}`));
  const set = parseJwks(text('azure-samples/maa-sample-certs-response.json'));
  assert.equal(set.keys.length, 5);
  assert.equal(set.keys.filter(({ key }) => key !== null).length, 4);
  assert.equal(parseJwks(text('teaclave-maa/maa-jwks.json')).keys.length, 3);
});

test('no input crashes the reader', () => {
  const valid = new TextEncoder().encode(JSON.stringify({ keys: [{ ...jwkOf(p256), kid: 'a' }] }));
  assertRefusesCleanly(
    mutationsOf(valid),
    (bytes) => parseJwks(new TextDecoder('latin1').decode(bytes)),
    2000,
  );
});

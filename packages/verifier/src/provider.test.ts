// Both providers against one table, signed by node:crypto.

import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { spkiOf as spkiOfPoint } from './pki/raw-key.js';
import type { SignatureAlgorithm } from './provider.js';
import { nodeProvider } from './provider-node.js';
import { webProvider } from './provider-web.js';
import { badKeys, refusesKeys, smallPoints } from './testing/bad-keys.test.js';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const data = new TextEncoder().encode('signed');
const invalid = { name: 'EvidenceError', code: 'public-key-invalid' };

const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

const pairs: readonly [SignatureAlgorithm, typeof p256][] = [
  ['ecdsa-p256-sha256', p256],
  ['ecdsa-p384-sha384', p384],
  ['ecdsa-p521-sha512', p521],
  ['ed25519', ed25519],
  ['rsa-pss-sha256', rsa],
  ['rsa-pss-sha384', rsa],
  ['rsa-pss-sha512', rsa],
  ['rsa-pkcs1-sha256', rsa],
  ['rsa-pkcs1-sha384', rsa],
  ['rsa-pkcs1-sha512', rsa],
];

function signWith(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  saltLength?: number,
  signed: Uint8Array = data,
): Uint8Array {
  if (algorithm === 'ed25519') return sign(null, signed, key);
  const hash = algorithm.slice(-6);
  if (algorithm.startsWith('ecdsa')) return sign(hash, signed, { key, dsaEncoding: 'ieee-p1363' });
  if (algorithm.startsWith('rsa-pkcs1')) return sign(hash, signed, key);
  return sign(hash, signed, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

for (const [name, provider] of [
  ['node', nodeProvider],
  ['web', webProvider],
] as const) {
  test(`${name}: digests agree with node:crypto`, async () => {
    for (const algorithm of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const expected = createHash(algorithm).update(data).digest('hex');
      const actual = await provider.digest(algorithm, data);
      assert.equal(Buffer.from(actual).toString('hex'), expected);
    }
  });

  for (const [algorithm, { publicKey, privateKey }] of pairs) {
    const spki = spkiOf(publicKey);
    const good = new Uint8Array(signWith(algorithm, privateKey));

    test(`${name}: ${algorithm} accepts its own and refuses every change`, async () => {
      assert.equal(await provider.verify(algorithm, spki, good, data), true);
      const changed = good.slice();
      changed[7] = (changed[7] ?? 0) ^ 1;
      for (const signature of [
        changed,
        good.subarray(1),
        Uint8Array.of(...good, 0),
        new Uint8Array(good.length),
        new Uint8Array(),
      ]) {
        assert.equal(await provider.verify(algorithm, spki, signature, data), false);
      }
      assert.equal(await provider.verify(algorithm, spki, good, data.subarray(1)), false);
    });

    test(`${name}: ${algorithm} refuses keys of other kinds`, async () => {
      const others = [p256, p384, p521, ed25519, rsa].filter(
        (pair) => pair.publicKey !== publicKey,
      );
      for (const wrong of [
        ...others.map((pair) => spkiOf(pair.publicKey)),
        spki.subarray(0, -1),
        new Uint8Array(),
      ]) {
        await assert.rejects(provider.verify(algorithm, wrong, good, data), invalid);
      }
    });
  }

  for (const [curve, algorithm] of [
    ['p256', 'ecdsa-p256-sha256'],
    ['p384', 'ecdsa-p384-sha384'],
    ['p521', 'ecdsa-p521-sha512'],
  ] as const) {
    test(`${name}: ${algorithm} takes points with small coordinates for keys`, async () => {
      for (const point of smallPoints(curve)) {
        const spki = spkiOfPoint(curve, point);
        const signature = new Uint8Array(point.length).fill(1);
        assert.equal(await provider.verify(algorithm, spki, signature, data), false);
      }
    });
  }

  test(`${name}: RSA-PSS refuses a salt of another length than the hash`, async () => {
    const signature = new Uint8Array(signWith('rsa-pss-sha384', rsa.privateKey, 20));
    const spki = spkiOf(rsa.publicKey);
    assert.equal(await provider.verify('rsa-pss-sha384', spki, signature, data), false);
  });

  test(`${name}: RSA-PSS refuses whatever a key too short for hash and salt is said to have signed`, async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 512 });
    const signature = new Uint8Array(64).fill(1);
    const spki = spkiOf(short.publicKey);
    assert.equal(await provider.verify('rsa-pss-sha256', spki, signature, data), false);
  });

  for (const algorithm of ['rsa-pss-sha512', 'rsa-pkcs1-sha256'] as const) {
    test(`${name}: ${algorithm} refuses a signature without its leading zero`, async () => {
      const spki = spkiOf(rsa.publicKey);
      const { signed, signature } = signatureFromZero(algorithm);
      assert.equal(await provider.verify(algorithm, spki, signature, signed), true);
      assert.equal(await provider.verify(algorithm, spki, signature.subarray(1), signed), false);
      const longer = Uint8Array.of(0, ...signature);
      assert.equal(await provider.verify(algorithm, spki, longer, signed), false);
    });
  }
}

for (const [algorithm, { publicKey, privateKey }] of pairs.slice(0, 3)) {
  const signature = new Uint8Array(signWith(algorithm, privateKey));
  refusesKeys(`a key for ${algorithm}`, badKeys, publicKey, ({ spki }, provider) =>
    provider.verify(algorithm, spki, signature, data),
  );
}

/** One signature in 256 begins with a zero. */
function signatureFromZero(algorithm: SignatureAlgorithm) {
  for (let number = 0; ; number += 1) {
    const signed = new TextEncoder().encode(`signed ${number}`);
    const signature = new Uint8Array(signWith(algorithm, rsa.privateKey, undefined, signed));
    if (signature[0] === 0) return { signed, signature };
  }
}

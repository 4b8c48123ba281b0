// Both providers of encryption against one table; node:crypto decrypts.

import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { describe, it } from 'node:test';
import { spkiOf as spkiOfPoint } from './pki/raw-key.js';
import { nodeEncryption } from './provider-node.js';
import { webEncryption } from './provider-web.js';
import { badKeys } from './testing/bad-keys.test.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curves = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
};
const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));
const label = new TextEncoder().encode('IDENTITY\0');
const message = new Uint8Array(randomBytes(32));
const invalid = { name: 'EvidenceError', code: 'public-key-invalid' };

for (const [name, provider] of [
  ['node', nodeEncryption],
  ['web', webEncryption],
] as const) {
  describe(`${name}: OAEP`, () => {
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      const open = (oaepLabel: Uint8Array, sealed: Uint8Array, oaepHash: string = hash) => {
        const padding = constants.RSA_PKCS1_OAEP_PADDING;
        const key = { key: rsa.privateKey, padding, oaepHash, oaepLabel };
        return new Uint8Array(privateDecrypt(key, sealed));
      };

      it(`${hash}: opens with the key, the hash and the label, and with no other`, async () => {
        const sealed = await provider.encryptOaep(hash, spkiOf(rsa.publicKey), label, message);
        assert.equal(sealed.length, 256);
        assert.deepEqual(open(label, sealed), message);
        assert.throws(() => open(label.subarray(0, -1), sealed));
        assert.throws(() => open(label, sealed, hash === 'sha256' ? 'sha384' : 'sha256'));
      });
    }

    it('never encrypts twice to the same', async () => {
      const [a, b] = await Promise.all(
        [0, 1].map(() => provider.encryptOaep('sha256', spkiOf(rsa.publicKey), label, message)),
      );
      assert.notDeepEqual(a, b);
    });

    it('refuses a message too long, a key of another kind, and what is no key', async () => {
      const encrypt = (spki: Uint8Array, text: Uint8Array) =>
        provider.encryptOaep('sha256', spki, label, text);
      await assert.rejects(encrypt(spkiOf(rsa.publicKey), new Uint8Array(200)), invalid);
      await assert.rejects(encrypt(spkiOf(curves.p256.publicKey), message), invalid);
      await assert.rejects(encrypt(new Uint8Array(), message), invalid);
    });
  });

  describe(`${name}: ECDH`, () => {
    for (const curve of ['p256', 'p384'] as const) {
      const { publicKey, privateKey } = curves[curve];

      it(`${curve}: shares with the holder of the private key, each time something new`, async () => {
        const seen = new Set<string>();
        for (let round = 0; round < 4; round += 1) {
          const { point, shared } = await provider.agree(curve, spkiOf(publicKey));
          const theirs = createPublicKey({
            key: Buffer.from(spkiOfPoint(curve, point)),
            format: 'der',
            type: 'spki',
          });
          const expected = diffieHellman({ privateKey, publicKey: theirs });
          assert.deepEqual(shared, new Uint8Array(expected));
          seen.add(Buffer.from(point).toString('hex'));
        }
        assert.equal(seen.size, 4);
      });

      for (const { sentence, spki } of badKeys(publicKey)) {
        it(`${curve}: refuses a key ${sentence}`, async () => {
          await assert.rejects(provider.agree(curve, spki), invalid);
        });
      }
    }

    it('refuses keys of other kinds', async () => {
      for (const { publicKey } of [curves.p384, rsa]) {
        await assert.rejects(provider.agree('p256', spkiOf(publicKey)), invalid);
      }
    });
  });

  it(`${name}: a block through AES is the one of FIPS 197, appendix C`, async () => {
    const block = Uint8Array.from({ length: 16 }, (_, index) => index * 0x11);
    const key = Uint8Array.from({ length: 32 }, (_, index) => index);
    const hex = async (bytes: Uint8Array) =>
      Buffer.from(await provider.encryptBlock(bytes, block)).toString('hex');
    assert.equal(await hex(key.subarray(0, 16)), '69c4e0d86a7b0430d8cdb78070b4c55a');
    assert.equal(await hex(key), '8ea2b7ca516745bfeafc49904b496089');
    const other = randomBytes(16);
    const cipher = createCipheriv('aes-128-ecb', other, null).setAutoPadding(false);
    assert.equal(await hex(other), cipher.update(block).toString('hex'));
  });
}

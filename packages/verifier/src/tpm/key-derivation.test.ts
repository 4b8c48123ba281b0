// HMAC and AES-CFB against node:crypto, on any input; KDFa and KDFe against what the standards say they are made of.

import assert from 'node:assert/strict';
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nodeEncryption, nodeProvider } from '../provider-node.js';
import { encryptCfb, hmac, kdfA, kdfE, tpmLabel } from './key-derivation.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const plain = (buffer: Buffer) => new Uint8Array(buffer);

describe('derivation', () => {
  for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
    it(`HMAC-${hash} is that of node:crypto, for keys shorter and longer than a block`, async () => {
      await fc.assert(
        fc.asyncProperty(bytes(300), bytes(300), async (key, data) => {
          const expected = createHmac(hash, key).update(data).digest();
          assert.deepEqual(await hmac(hash, key, data, nodeProvider), plain(expected));
        }),
        { numRuns: 100 },
      );
    });
  }

  for (const bits of [128, 256]) {
    it(`AES-${bits} in CFB is that of node:crypto, whatever the length`, async () => {
      const keys = fc.uint8Array({ minLength: bits / 8, maxLength: bits / 8 });
      await fc.assert(
        fc.asyncProperty(keys, bytes(70), async (key, data) => {
          const cipher = createCipheriv(`aes-${bits}-cfb`, key, new Uint8Array(16));
          const expected = Buffer.concat([cipher.update(data), cipher.final()]);
          assert.deepEqual(await encryptCfb(key, data, nodeEncryption), plain(expected));
        }),
        { numRuns: 100 },
      );
    });
  }

  it('KDFa counts from 1, ends the label with a zero and states the bits', async () => {
    const [key, context] = [Uint8Array.of(7), Uint8Array.of(1, 2)];
    const round = (counter: number) =>
      createHmac('sha256', key)
        .update(Buffer.from([0, 0, 0, counter, 0x4c, 0, 1, 2, 0, 0, 1, 0x80]))
        .digest();
    const expected = Buffer.concat([round(1), round(2)]).subarray(0, 48);
    const input = { hash: 'sha256', key, label: 'L', context, length: 48 } as const;
    assert.deepEqual(await kdfA(input, nodeProvider), plain(expected));
  });

  it('KDFe hashes counter, shared number, label and both parties, in this order', async () => {
    const [shared, partyU, partyV] = [Uint8Array.of(5), Uint8Array.of(6), Uint8Array.of(8)];
    const expected = createHash('sha384').update(Buffer.from([0, 0, 0, 1, 5, 0x4c, 0, 6, 8]));
    const input = { hash: 'sha384', shared, label: 'L', partyU, partyV } as const;
    assert.deepEqual(await kdfE(input, nodeProvider), plain(expected.digest()));
  });

  it('a label ends with its zero', () => {
    assert.deepEqual(tpmLabel('AB'), Uint8Array.of(0x41, 0x42, 0));
  });
});

// Both ways to AES-256-GCM give the same answers, refuse the same forgeries, and differ in what they leave behind.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Aead, AeadMessage } from './aead.js';
import { allocateOffHeap, loadAead } from './aead.js';
import { SecretMemory } from './secret-memory.js';
import { cannotScanMemory, scanOwnMemory } from './testing/scan-memory.js';

const native = loadAead();
const node = loadAead(() => {
  throw new Error('no libcrypto here');
});

function sealed(aead: Aead, input: Uint8Array, associatedData: Uint8Array): AeadMessage {
  const message = {
    key: randomBytes(32),
    nonce: randomBytes(12),
    associatedData,
    input,
    output: Buffer.alloc(input.length),
    tag: Buffer.alloc(16),
  };
  aead.encrypt(message);
  return { ...message, input: message.output, output: Buffer.alloc(input.length) };
}

function flip(bytes: Uint8Array, bit: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

describe('aead', () => {
  it('calls libcrypto where it is there, and falls back where it is not', () => {
    assert.equal(native.kind, 'libcrypto');
    assert.equal(node.kind, 'node');
  });

  it('opens what the other one sealed, of any length and associated data', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, bytes, fc.boolean(), (input, associatedData, nativeSeals) => {
        const [one, other] = nativeSeals ? [native, node] : [node, native];
        const message = sealed(one, input, associatedData);
        assert.ok(other.decrypt(message));
        assert.deepEqual(Buffer.from(message.output), Buffer.from(input));
      }),
      { numRuns: 500 },
    );
  });

  for (const aead of [native, node]) {
    it(`${aead.kind} refuses any flipped bit, and wipes what it decrypted`, () => {
      const message = sealed(aead, randomBytes(40), Buffer.from('path'));
      for (const part of ['key', 'nonce', 'associatedData', 'input', 'tag'] as const) {
        for (let bit = 0; bit < message[part].length * 8; bit += 1) {
          const forged = { ...message, [part]: flip(message[part], bit) };
          forged.output.fill(7);
          assert.equal(aead.decrypt(forged), false, `${part} bit ${bit}`);
          assert.ok(forged.output.every((byte) => byte === 0));
        }
      }
      assert.ok(aead.decrypt(message));
    });

    const lengths: readonly [string, Partial<AeadMessage>][] = [
      ['a short key', { key: Buffer.alloc(31) }],
      ['a long key', { key: Buffer.alloc(33) }],
      ['a short nonce', { nonce: Buffer.alloc(11) }],
      ['a long nonce', { nonce: Buffer.alloc(16) }],
      ['a short tag', { tag: Buffer.alloc(4) }],
      ['an output that is too small', { output: Buffer.alloc(39) }],
      ['an output that is too large', { output: Buffer.alloc(41) }],
    ];
    for (const [what, part] of lengths) {
      it(`${aead.kind} refuses ${what}`, () => {
        const message = { ...sealed(aead, randomBytes(40), Buffer.alloc(0)), ...part };
        assert.throws(() => aead.decrypt(message), RangeError);
        assert.throws(() => aead.encrypt(message), RangeError);
      });
    }
  }

  it('falls back when libcrypto does not do what it should', () => {
    const broken = loadAead(() => ({
      context: {},
      cipher: {},
      reset: () => 1,
      control: () => 1,
      clearErrors: () => undefined,
      encrypt: { init: () => 1, update: () => 1, final: () => 1 },
      decrypt: { init: () => 1, update: () => 1, final: () => 1 },
    }));
    assert.equal(broken.kind, 'node');
  });

  it('leaves nothing of a wiped plaintext in memory', { skip: cannotScanMemory() }, () => {
    const memory = new SecretMemory();
    const secrets = [33, 124, 500, 1200, 5000, 20_000, 60_000].map((length) => {
      const secret = memory.generate(length);
      const message = sealed(native, secret.bytes, Buffer.from('path'));
      const output = allocateOffHeap(length);
      assert.ok(native.decrypt({ ...message, output }));
      assert.ok(output.equals(secret.bytes));
      output.fill(0);
      return secret.bytes.subarray(length - 24);
    });
    const control = randomBytes(24);
    const [found = 0, ...counts] = scanOwnMemory([control, ...secrets]).counts;
    assert.ok(found >= 1, 'the scanner finds what is there to be found');
    assert.deepEqual(counts, new Array(7).fill(0));
  });
});

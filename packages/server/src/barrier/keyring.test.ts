// The keyring's bytes: what is written is read, and nothing else is a keyring.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TamperingError } from '../framework/errors.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import { Keyring } from './keyring.js';

const memory = new SecretMemory();

function sample(): Buffer {
  const secret = Keyring.create(memory, 1_700_000_000_123)
    .withEncryptions(5_000_000_000)
    .withNextTerm(memory, 1_700_000_000_456)
    .withEncryptions(7)
    .withRotation({ enabled: false, maxOperations: 2_000_000, intervalSeconds: 90_000 })
    .serialise(memory);
  return Buffer.from(secret.bytes);
}

function u32(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt32BE(value, at);
  return bytes;
}

describe('keyring: bytes', () => {
  it('reads what it wrote', () => {
    const bytes = sample();
    const keyring = Keyring.parse(bytes, memory);
    assert.equal(keyring.active.term, 2);
    assert.equal(keyring.active.encryptions, 7);
    assert.equal(keyring.active.installedAt, 1_700_000_000_456);
    assert.equal(keyring.oldest.encryptions, 5_000_000_000);
    assert.deepEqual(keyring.rotation, {
      enabled: false,
      maxOperations: 2_000_000,
      intervalSeconds: 90_000,
    });
    assert.notDeepEqual(keyring.findKey(1)?.bytes, keyring.findKey(2)?.bytes);
    assert.equal(keyring.findKey(3), null);
    assert.deepEqual(Buffer.from(keyring.serialise(memory).bytes), bytes);
    keyring.free();
    assert.throws(() => keyring.active.key.bytes, /freed/);
  });

  const damages: readonly [string, (bytes: Buffer) => Buffer][] = [
    ['nothing', () => Buffer.alloc(0)],
    ['another format', (bytes) => bytes.fill(2, 0, 1)],
    ['no terms', (bytes) => bytes.subarray(0, 20).fill(0, 18)],
    ['fewer terms than it says', (bytes) => bytes.subarray(0, 20 + 52)],
    ['more terms than it says', (bytes) => Buffer.concat([bytes, Buffer.alloc(52)])],
    ['a term twice', (bytes) => u32(bytes, 20 + 52, 1)],
    ['terms in the wrong order', (bytes) => u32(bytes, 20, 3)],
    ['term zero', (bytes) => u32(bytes, 20, 0)],
    ['a time beyond what a number holds', (bytes) => u32(bytes, 24, 0xffffffff)],
  ];
  for (const [what, damage] of damages) {
    it(`refuses ${what}`, () => {
      assert.throws(() => Keyring.parse(damage(sample()), memory), TamperingError);
    });
  }

  it('refuses every truncation, and reads random bytes as nothing but tampering', () => {
    const bytes = sample();
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => Keyring.parse(bytes.subarray(0, length), memory), TamperingError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        assert.throws(() => Keyring.parse(Buffer.from(random), memory), TamperingError);
      }),
      { numRuns: 1000 },
    );
  });
});

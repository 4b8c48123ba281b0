// Slots do not overlap and come back empty; and another process, even root's, can not read them.
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Libc } from './libc.js';
import { LibcError } from './libc.js';
import { SecretMemory } from './secret-memory.js';
import { cannotScanMemory, scanOwnMemory } from './testing/scan-memory.js';

function noSecretMemory(): Libc {
  const refuse = (): never => {
    throw new LibcError('memfd_secret', 38);
  };
  return { mapSecretPages: refuse, forbidCoreDumps: refuse, setNotDumpable: refuse };
}

describe('secret memory: slots', () => {
  it('holds what was written, wipes it, and refuses use after free', () => {
    const memory = new SecretMemory(noSecretMemory);
    const key = memory.copyFrom(Buffer.from('0123456789abcdef'));
    assert.equal(key.bytes.toString(), '0123456789abcdef');
    const view = key.bytes;
    key.free();
    assert.ok(view.every((byte) => byte === 0));
    assert.throws(() => key.bytes, /freed/);
    key.free();
    assert.ok(key.isFree);
  });

  it('prints as [secret]', () => {
    const key = new SecretMemory(noSecretMemory).generate(32);
    assert.equal(`${key}`, '[secret]');
    assert.equal(JSON.stringify({ key }), '{"key":"[secret]"}');
  });

  for (const length of [0, -1, 1.5, 1_048_577, Number.NaN]) {
    it(`refuses a length of ${length}`, () => {
      const memory = new SecretMemory(noSecretMemory);
      assert.throws(() => memory.allocate(length), RangeError);
    });
  }

  it('never hands out a slot twice, over any order of allocate and free', () => {
    const step = fc.oneof(
      fc.record({ allocate: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ free: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const memory = new SecretMemory(noSecretMemory);
        const live: { key: ReturnType<SecretMemory['allocate']>; mark: number }[] = [];
        let mark = 0;
        for (const each of steps) {
          if ('allocate' in each) {
            const key = memory.allocate(each.allocate);
            assert.ok(key.bytes.every((byte) => byte === 0));
            mark = (mark % 255) + 1;
            key.bytes.fill(mark);
            live.push({ key, mark });
          } else if (live.length > 0) {
            live.splice(each.free % live.length, 1)[0]?.key.free();
          }
          for (const { key, mark: want } of live) assert.ok(key.bytes.every((b) => b === want));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('secret memory: status', () => {
  it('says ordinary, and why, where the kernel lacks it', () => {
    assert.deepEqual(new SecretMemory(noSecretMemory).status, {
      kind: 'ordinary',
      reason: 'memfd_secret failed: errno 38',
    });
  });

  it('turns to ordinary when the limit on locked memory is spent', () => {
    let regions = 0;
    const memory = new SecretMemory(() => ({
      ...noSecretMemory(),
      mapSecretPages(length) {
        regions += 1;
        if (regions > 1) throw new LibcError('mmap', 11);
        return new ArrayBuffer(length);
      },
    }));
    assert.equal(memory.status.kind, 'memfd_secret');
    memory.allocate(65_536);
    memory.allocate(1);
    assert.equal(memory.status.kind, 'ordinary');
  });
});

describe('secret memory: read by root', { skip: cannotScanMemory() }, () => {
  it('finds an ordinary key, and none that is in secret memory after 1,000 encryptions', () => {
    const memory = new SecretMemory();
    const secret = memory.generate(32);
    const plain = randomBytes(32);
    for (let count = 0; count < 1000; count += 1) {
      const cipher = createCipheriv('aes-256-gcm', secret.bytes, randomBytes(12));
      cipher.update(Buffer.alloc(500));
      cipher.final();
      cipher.getAuthTag();
    }
    const { counts, unreadable } = scanOwnMemory([
      plain,
      secret.bytes,
      secret.bytes.subarray(0, 16),
    ]);
    assert.ok((counts[0] ?? 0) >= 1, 'the scanner finds what is there to be found');
    assert.deepEqual(counts.slice(1), [0, 0]);
    assert.ok(unreadable >= 1, 'the secret pages are mapped, and refuse to be read');
  });
});

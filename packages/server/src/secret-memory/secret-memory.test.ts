// Slots do not overlap and come back empty; and another process, even root's, can not read them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Libc } from './libc.js';
import { LibcError } from './libc.js';
import { SecretMemory } from './secret-memory.js';

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

  for (const length of [0, -1, 1.5, 65_537, Number.NaN]) {
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

/** Searches another process's readable memory for each needle; prints how often each was found, and refused maps. */
const SCANNER = `
  const { openSync, readSync, readFileSync } = require('node:fs');
  const [pid, ...masked] = process.argv.slice(1);
  const needles = masked.map((hex) => Buffer.from(hex, 'hex').map((byte) => byte ^ 0x5a));
  const counts = needles.map(() => 0);
  let unreadable = 0;
  const memory = openSync('/proc/' + pid + '/mem', 'r');
  for (const line of readFileSync('/proc/' + pid + '/maps', 'utf8').split('\\n')) {
    const map = /^([0-9a-f]+)-([0-9a-f]+) r(.*)$/.exec(line);
    if (map === null || map[3].includes('[v')) continue;
    const end = Number.parseInt(map[2], 16);
    for (let at = Number.parseInt(map[1], 16); at < end; at += 1 << 24) {
      const chunk = Buffer.alloc(Math.min((1 << 24) + 64, end - at));
      let length = 0;
      try { length = readSync(memory, chunk, 0, chunk.length, at); }
      catch { if (map[3].includes('secretmem')) unreadable += 1; continue; }
      needles.forEach((needle, index) => {
        for (let hit = chunk.indexOf(needle); hit !== -1 && hit < length; hit = chunk.indexOf(needle, hit + 1))
          counts[index] += 1;
      });
    }
  }
  console.log(JSON.stringify({ counts, unreadable }));
`;

function scanOwnMemory(needles: readonly Buffer[]): { counts: number[]; unreadable: number } {
  // Masked byte by byte, so that handing the needles over makes no copy of them.
  const masked = needles.map((needle) => {
    const copy = Buffer.alloc(needle.length);
    for (let index = 0; index < copy.length; index += 1) copy[index] = (needle[index] ?? 0) ^ 0x5a;
    return copy.toString('hex');
  });
  const run = spawnSync(process.execPath, ['-e', SCANNER, String(process.pid), ...masked], {
    encoding: 'utf8',
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as { counts: number[]; unreadable: number };
}

function cannotScan(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to read another process';
  const { kind, reason } = new SecretMemory().status;
  return kind === 'memfd_secret' ? false : `needs memfd_secret: ${reason}`;
}

describe('secret memory: read by root', { skip: cannotScan() }, () => {
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

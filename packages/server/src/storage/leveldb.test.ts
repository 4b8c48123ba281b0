// What is special about the file engine: it survives its process, and refuses directories it can not trust.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { storageConformance } from './conformance.js';
import { LevelDbEngine } from './leveldb.js';

let root = '';
let count = 0;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'vouchsafe-leveldb-'));
});
after(() => rmSync(root, { recursive: true, force: true }));

function newDirectory(): string {
  count += 1;
  return join(root, String(count));
}

async function refusal(directory: string): Promise<{ code: unknown; message: string }> {
  try {
    await (await LevelDbEngine.open({ directory })).close();
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'StorageOpenError', String(error));
    return { code: 'code' in error ? error.code : null, message: error.message };
  }
  return { code: 'opened', message: '' };
}

storageConformance('file', async () => {
  const engine = await LevelDbEngine.open({ directory: newDirectory() });
  return { engine, release: () => engine.close() };
});
storageConformance(
  'file without a cache',
  async () => {
    const engine = await LevelDbEngine.open({ directory: newDirectory(), cacheBytesMax: 0 });
    return { engine, release: () => engine.close() };
  },
  10,
);
// Room for a few entries: generations turn with every few reads.
storageConformance('file with a tiny cache', async () => {
  const engine = await LevelDbEngine.open({ directory: newDirectory(), cacheBytesMax: 2048 });
  return { engine, release: () => engine.close() };
});

async function fill(directory: string, commits: number): Promise<void> {
  const engine = await LevelDbEngine.open({ directory });
  for (let index = 0; index < commits; index += 1) {
    await engine.commit([{ put: `k/${index}`, value: Buffer.alloc(200, index) }], []);
  }
  await engine.close();
}

function logOf(directory: string): string {
  const name = readdirSync(directory).find((each) => each.endsWith('.log'));
  assert.ok(name !== undefined);
  return join(directory, name);
}

describe('storage file: restart', () => {
  it('keeps entries and their versions, and gives no version out again', async () => {
    const directory = newDirectory();
    const first = await LevelDbEngine.open({ directory });
    await first.commit([{ put: 'a', value: Buffer.from('1') }], []);
    await first.commit([{ put: 'b', value: Buffer.from('2') }], []);
    const kept = await first.get('a');
    const highest = (await first.get('b'))?.version ?? 0;
    await first.commit([{ delete: 'b' }], []);
    await first.close();
    const second = await LevelDbEngine.open({ directory });
    assert.deepEqual(await second.get('a'), kept);
    await second.commit([{ put: 'c', value: Buffer.from('3') }], []);
    assert.ok(((await second.get('c'))?.version ?? 0) > highest);
    await second.close();
  });

  it('keeps the directory from other users', async () => {
    const directory = newDirectory();
    await fill(directory, 1);
    assert.equal(statSync(directory).mode & 0o077, 0);
  });
});

describe('storage file: refuses to open', () => {
  it('a directory that another engine has open', async () => {
    const directory = newDirectory();
    const engine = await LevelDbEngine.open({ directory });
    const { code, message } = await refusal(directory);
    assert.equal(code, 'storage-locked');
    assert.match(message, /in use by another process/);
    await engine.close();
  });

  it('a path that is a file', async () => {
    const path = newDirectory();
    writeFileSync(path, 'x');
    assert.equal((await refusal(path)).code, 'storage-not-writable');
  });

  it('a directory it may not write', { skip: process.getuid?.() === 0 }, async () => {
    const directory = newDirectory();
    mkdirSync(directory);
    chmodSync(directory, 0o500);
    assert.equal((await refusal(directory)).code, 'storage-not-writable');
  });

  const damages: readonly [string, (directory: string) => void][] = [
    [
      'a log with a flipped bit before later commits',
      (directory) => {
        const log = readFileSync(logOf(directory));
        log[300] = (log[300] ?? 0) ^ 1;
        writeFileSync(logOf(directory), log);
      },
    ],
    [
      'a log with a damaged length before later commits',
      (directory) => {
        const log = readFileSync(logOf(directory));
        log[4] = 0xff;
        writeFileSync(logOf(directory), log);
      },
    ],
    [
      'a log with a hole of zeros',
      (directory) => {
        const log = readFileSync(logOf(directory));
        writeFileSync(logOf(directory), log.fill(0, 600, 1400));
      },
    ],
    ['a database without CURRENT', (directory) => rmSync(join(directory, 'CURRENT'))],
    [
      'a CURRENT that names nothing',
      (directory) => writeFileSync(join(directory, 'CURRENT'), 'MANIFEST-999999\n'),
    ],
    [
      'a damaged manifest',
      (directory) => {
        const name = readdirSync(directory).find((each) => each.startsWith('MANIFEST')) ?? '';
        const bytes = readFileSync(join(directory, name));
        writeFileSync(join(directory, name), bytes.fill(0xff, 8));
      },
    ],
  ];
  for (const [what, damage] of damages) {
    it(`${what}, and changes nothing`, async () => {
      const directory = newDirectory();
      await fill(directory, 50);
      damage(directory);
      const log = readFileSync(logOf(directory));
      const { code, message } = await refusal(directory);
      assert.equal(code, 'storage-corrupt');
      assert.match(message, /nothing was changed/);
      assert.deepEqual(readFileSync(logOf(directory)), log);
    });
  }

  it('a database with a missing table, and changes nothing', async () => {
    const directory = newDirectory();
    await fill(directory, 50);
    // The second start moves the log into a table.
    await fill(directory, 1);
    const table = readdirSync(directory).find((each) => each.endsWith('.ldb')) ?? '';
    rmSync(join(directory, table));
    assert.equal((await refusal(directory)).code, 'storage-corrupt');
  });
});

describe('storage file: opens', () => {
  it('a log with a torn tail, without the commit that was not acknowledged', async () => {
    const directory = newDirectory();
    await fill(directory, 50);
    const log = readFileSync(logOf(directory));
    writeFileSync(logOf(directory), log.subarray(0, log.length - 5));
    const engine = await LevelDbEngine.open({ directory });
    assert.notEqual(await engine.get('k/48'), null);
    assert.equal(await engine.get('k/49'), null);
    await engine.close();
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const target = mkdtempSync(join(tmpdir(), 'vouchsafe-mount-'));
  const mounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', target]).status === 0;
  if (mounted) execFileSync('umount', [target]);
  rmSync(target, { recursive: true });
  return mounted;
}

describe('storage file: full disk', {
  skip: canMount() ? false : 'needs root to mount a tmpfs',
}, () => {
  it('refuses writes, keeps reading, and goes on when there is room again', async () => {
    const directory = newDirectory();
    mkdirSync(directory);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory]);
    try {
      const engine = await LevelDbEngine.open({ directory: join(directory, 'db') });
      const acknowledged: string[] = [];
      const value = Buffer.alloc(500_000, 7);
      let failure: unknown = null;
      for (let index = 0; failure === null && index < 200; index += 1) {
        try {
          await engine.commit([{ put: `k${index}`, value }], []);
          acknowledged.push(`k${index}`);
        } catch (error) {
          failure = error;
        }
      }
      assert.ok(failure instanceof Error && 'code' in failure);
      assert.equal(failure.code, 'storage-full');
      for (const key of acknowledged) assert.ok((await engine.get(key))?.value.equals(value), key);
      const small = { put: 'small', value: Buffer.from('x') };
      await assert.rejects(engine.commit([small], []), { code: 'storage-full' });
      execFileSync('mount', ['-o', 'remount,size=200m', directory]);
      await engine.commit([small], [{ key: 'small', version: null }]);
      assert.equal((await engine.get('small'))?.value.toString(), 'x');
      for (const key of acknowledged) assert.ok((await engine.get(key))?.value.equals(value), key);
      await engine.close();
      const again = await LevelDbEngine.open({ directory: join(directory, 'db') });
      for (const key of [...acknowledged, 'small'])
        assert.notEqual(await again.get(key), null, key);
      await again.close();
    } finally {
      execFileSync('umount', [directory]);
    }
  });
});

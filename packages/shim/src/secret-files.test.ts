// Files below allowed folders, in memory, through no link, and gone afterwards.
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DeliveredFile } from './secret-fields.js';
import { defaultFolders, SecretFiles } from './secret-files.js';

const onMemory = existsSync('/dev/shm');
const skip = onMemory ? false : 'no /dev/shm on this machine';
const base = mkdtempSync(join(onMemory ? '/dev/shm' : tmpdir(), 'vouchsafe-files-'));
const disk = mkdtempSync(join(tmpdir(), 'vouchsafe-files-'));
after(() => {
  rmSync(base, { recursive: true, force: true });
  rmSync(disk, { recursive: true, force: true });
});

function file(path: string, mode = 0o600, value = 'hunter2'): DeliveredFile {
  const item = { path, mode, secretPath: 'secret/data/web', field: 'x', encoding: 'utf8' } as const;
  return { item, value: Buffer.from(value) };
}

function room(): string {
  return mkdtempSync(join(base, 'room-'));
}

const inRoom = (folder: string) => new SecretFiles({ folders: [folder], allowDisk: false });

test('writes with the mode asked for, in folders made for it, and removes all of it', {
  skip,
}, async () => {
  const folder = room();
  const files = inRoom(folder);
  await files.write([file(`${folder}/a/b/key`, 0o400), file(`${folder}/a/cert`)]);
  assert.equal(readFileSync(`${folder}/a/b/key`, 'utf8'), 'hunter2');
  assert.equal(statSync(`${folder}/a/b/key`).mode & 0o777, 0o400);
  assert.equal(statSync(`${folder}/a/cert`).mode & 0o777, 0o600);
  assert.equal(statSync(`${folder}/a/b`).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(`${folder}/a`).sort(), ['b', 'cert']);
  assert.deepEqual(await files.remove(), []);
  assert.deepEqual(readdirSync(folder), []);
});

test('replaces a file that an earlier run left behind', { skip }, async () => {
  const folder = room();
  writeFileSync(`${folder}/key`, 'old and longer than the new one', { mode: 0o400 });
  const files = inRoom(folder);
  await files.write([file(`${folder}/key`)]);
  assert.equal(readFileSync(`${folder}/key`, 'utf8'), 'hunter2');
  await files.remove();
  assert.equal(existsSync(`${folder}/key`), false);
});

test('leaves what the workload put beside its secrets', { skip }, async () => {
  const folder = room();
  const files = inRoom(folder);
  await files.write([file(`${folder}/app/key`)]);
  writeFileSync(`${folder}/app/state`, 'mine');
  assert.deepEqual(await files.remove(), []);
  assert.deepEqual(readdirSync(`${folder}/app`), ['state']);
});

test('a file that the workload has removed itself is no fault', { skip }, async () => {
  const folder = room();
  const files = inRoom(folder);
  await files.write([file(`${folder}/key`)]);
  rmSync(`${folder}/key`);
  assert.deepEqual(await files.remove(), []);
});

test('takes away what it wrote when a later file is refused', { skip }, async () => {
  const folder = room();
  const files = inRoom(folder);
  await assert.rejects(files.write([file(`${folder}/a/key`), file('/etc/passwd')]));
  assert.deepEqual(readdirSync(folder), []);
});

test('a link that stands at the file’s place is neither followed nor removed', {
  skip,
}, async () => {
  const folder = room();
  const victim = join(disk, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, `${folder}/key`);
  const files = inRoom(folder);
  await assert.rejects(files.write([file(`${folder}/key`)]), { code: 'file-path-unsafe' });
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.deepEqual(readdirSync(folder), ['key']);
});

test('a link that the workload put in the file’s place is not written through', {
  skip,
}, async () => {
  const folder = room();
  const victim = join(disk, 'victim2');
  writeFileSync(victim, 'precious');
  const files = inRoom(folder);
  await files.write([file(`${folder}/key`)]);
  rmSync(`${folder}/key`);
  symlinkSync(victim, `${folder}/key`);
  assert.deepEqual(await files.remove(), []);
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.deepEqual(readdirSync(folder), []);
});

const unsafe: Readonly<Record<string, readonly [(folder: string) => void, string, string]>> = {
  'outside of the allowed folders': [
    () => undefined,
    '/../elsewhere/key',
    'file-folder-not-allowed',
  ],
  'in a folder whose name only begins like an allowed one': [
    (folder) => mkdirSync(`${folder}-2`),
    '-2/key',
    'file-folder-not-allowed',
  ],
  'below a link': [(folder) => symlinkSync(disk, `${folder}/a`), '/a/key', 'file-path-unsafe'],
  'below a link to a safe place': [
    (folder) => {
      mkdirSync(`${folder}/b`, { mode: 0o700 });
      symlinkSync(`${folder}/b`, `${folder}/a`);
    },
    '/a/key',
    'file-path-unsafe',
  ],
  'below a file': [(folder) => writeFileSync(`${folder}/a`, ''), '/a/key', 'file-path-unsafe'],
  'in a folder that anybody may change': [
    (folder) => {
      mkdirSync(`${folder}/a`);
      chmodSync(`${folder}/a`, 0o777);
    },
    '/a/key',
    'file-path-unsafe',
  ],
  'in a folder that the group may change': [
    (folder) => {
      mkdirSync(`${folder}/a`);
      chmodSync(`${folder}/a`, 0o770);
    },
    '/a/key',
    'file-path-unsafe',
  ],
  'where a folder is': [(folder) => mkdirSync(`${folder}/key`), '/key', 'file-path-unsafe'],
};
for (const [name, [prepare, path, code]] of Object.entries(unsafe)) {
  test(`refuses a file ${name}`, { skip }, async () => {
    const folder = room();
    prepare(folder);
    const target = path.startsWith('/..') ? '/etc/vouchsafe-test/key' : folder + path;
    await assert.rejects(inRoom(folder).write([file(target)]), { code });
    assert.equal(existsSync(join(disk, 'key')), false);
  });
}

test('refuses a folder that is not there', async () => {
  await assert.rejects(inRoom(join(base, 'absent')).write([file(join(base, 'absent', 'key'))]), {
    code: 'file-failed',
  });
});

test('refuses a disk unless it is accepted', async (t) => {
  const { statfsSync } = await import('node:fs');
  if (statfsSync(disk).type === 0x01021994) {
    t.skip('the temporary folder of this machine is in memory');
    return;
  }
  const target = join(disk, 'sub', 'key');
  const strict = new SecretFiles({ folders: [disk], allowDisk: false });
  await assert.rejects(strict.write([file(target)]), { code: 'file-on-disk' });
  assert.equal(existsSync(join(disk, 'sub')), false);
  const lenient = new SecretFiles({ folders: [disk], allowDisk: true });
  await lenient.write([file(target)]);
  assert.equal(readFileSync(target, 'utf8'), 'hunter2');
  await lenient.remove();
  assert.equal(existsSync(join(disk, 'sub')), false);
});

test('the user’s own run-time folder is allowed, a relative one is not', () => {
  assert.deepEqual(defaultFolders({}), ['/run', '/dev/shm']);
  assert.deepEqual(defaultFolders({ XDG_RUNTIME_DIR: 'x' }), ['/run', '/dev/shm']);
  assert.deepEqual(defaultFolders({ XDG_RUNTIME_DIR: '/run/user/7/' }), [
    '/run',
    '/dev/shm',
    '/run/user/7',
  ]);
});

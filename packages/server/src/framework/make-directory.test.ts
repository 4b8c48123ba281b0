import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeDirectory } from './make-directory.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-make-directory-'));
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
});
after(() => rmSync(folder, { recursive: true }));

test('makes what is missing, for the owner alone, and may be asked again', () => {
  const path = join(folder, 'a', 'b', 'c');
  makeDirectory(path);
  makeDirectory(path);
  makeDirectory(`${join(folder, 'd', 'e')}/`);
  for (const made of ['a', 'a/b', 'a/b/c', 'd/e']) {
    assert.equal(statSync(join(folder, made)).mode & 0o777, 0o700, made);
  }
});

const refusals: readonly (readonly [string, () => string, string])[] = [
  ['below /proc, where Node’s own way would never end', () => '/proc/vouchsafe/a', 'ENOENT'],
  ['where a file is', () => join(folder, 'file'), 'ENOTDIR'],
  ['below a file', () => join(folder, 'file', 'a'), 'ENOTDIR'],
  ['where a link leads nowhere', () => join(folder, 'dangling'), 'EEXIST'],
  ['of a name that is none', () => join(folder, 'a\0b'), 'ERR_INVALID_ARG_VALUE'],
];
for (const [name, path, code] of refusals) {
  test(`no directory ${name}`, () => {
    assert.throws(() => makeDirectory(path()), { code });
  });
}

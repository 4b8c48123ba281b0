import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LogFile } from './log-file.js';
import { StartError } from './options.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-log-'));
});
after(() => rmSync(folder, { recursive: true }));

test('lines are appended, and after a rotation they go to a new file', () => {
  const path = join(folder, 'server.log');
  writeFileSync(path, 'before\n', { mode: 0o600 });
  const log = new LogFile(path);
  log.write('one\n');
  renameSync(path, `${path}.1`);
  log.write('two\n');
  log.reopen();
  log.write('three\n');
  log.close();
  log.write('lost\n');
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'before\none\ntwo\n');
  assert.equal(readFileSync(path, 'utf8'), 'three\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what cannot be opened again leaves the old file in use', () => {
  const inner = mkdtempSync(join(folder, 'gone-'));
  const path = join(inner, 'server.log');
  const log = new LogFile(path);
  const moved = `${inner}-moved`;
  renameSync(inner, moved);
  assert.throws(() => log.reopen(), StartError);
  log.write('still\n');
  log.close();
  assert.equal(readFileSync(join(moved, 'server.log'), 'utf8'), 'still\n');
});

const refusals: readonly (readonly [string, () => string])[] = [
  ['a folder', () => folder],
  ['a file in a folder that is not there', () => join(folder, 'none', 'server.log')],
  ['a file below a file', () => join(folder, 'server.log', 'a')],
  ['no name at all', () => ''],
];
for (const [name, path] of refusals) {
  test(`does not take ${name}`, () => {
    assert.throws(() => new LogFile(path()), StartError);
  });
}

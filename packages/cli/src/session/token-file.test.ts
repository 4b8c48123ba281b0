// The token file: found, replaced and refused.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UsageError } from '../arguments/flag.js';
import { eraseToken, findStoredToken, storeToken, tokenFilePath } from './token-file.js';

const home = mkdtempSync(join(tmpdir(), 'vouchsafe-token-'));
after(() => rmSync(home, { recursive: true }));
const file = join(home, '.vault-token');

test('a stored token is found again, by its owner alone, even over a readable file', () => {
  const env = { HOME: home };
  assert.equal(findStoredToken(env), null);
  writeFileSync(file, 'old');
  chmodSync(file, 0o644);
  storeToken(env, 'hvs.new');
  assert.equal(findStoredToken(env), 'hvs.new');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(home), ['.vault-token']);
  writeFileSync(file, ' hvs.edited\n');
  assert.equal(findStoredToken(env), 'hvs.edited');
  eraseToken(env);
  assert.equal(findStoredToken(env), null);
});

test('VOUCHSAFE_TOKEN_FILE names another place', () => {
  assert.equal(tokenFilePath({ HOME: home, VOUCHSAFE_TOKEN_FILE: '/x' }), '/x');
  assert.equal(tokenFilePath({ HOME: home, VOUCHSAFE_TOKEN_FILE: '' }), file);
});

test('refuses what is no token file', () => {
  const folder = join(home, 'folder');
  mkdirSync(folder);
  const large = join(home, 'large');
  writeFileSync(large, 'x'.repeat(70_000));
  const at = (path: string) => ({ HOME: home, VOUCHSAFE_TOKEN_FILE: path });
  assert.throws(() => findStoredToken(at(folder)), UsageError);
  assert.throws(() => findStoredToken(at(large)), /too large/);
  assert.throws(
    () => storeToken(at(join(home, 'missing', 'x')), 'hidden'),
    (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    },
  );
});

// What a server may ask the shim to deliver, and what it refuses to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProvision } from './provision-document.js';

const env = { name: 'DB_PASSWORD', path: 'secret/data/web', field: 'password' };
const file = { path: '/run/web/tls.key', secret_path: 'secret/data/web', field: 'key' };

test('reads variables and files, with defaults', () => {
  const files = [file, { ...file, path: '/run/k', mode: '0400', encoding: 'base64' }];
  assert.deepEqual(parseProvision({ env: [env], files }), {
    env: [{ name: 'DB_PASSWORD', secretPath: 'secret/data/web', field: 'password' }],
    files: [
      {
        path: '/run/web/tls.key',
        mode: 0o600,
        secretPath: 'secret/data/web',
        field: 'key',
        encoding: 'utf8',
      },
      {
        path: '/run/k',
        mode: 0o400,
        secretPath: 'secret/data/web',
        field: 'key',
        encoding: 'base64',
      },
    ],
  });
});

test('nothing to deliver is nothing to deliver', () => {
  for (const value of [null, undefined, {}, { env: null }]) {
    assert.deepEqual(parseProvision(value), { env: [], files: [] });
  }
});

const refused: Readonly<Record<string, unknown>> = {
  'a list': [],
  'a text': 'env',
  'variables that are no list': { env: { name: 'A' } },
  'a variable that is no object': { env: ['A'] },
  'too many variables': { env: Array.from({ length: 129 }, (_, i) => ({ ...env, name: `A${i}` })) },
  'a variable without a name': { env: [{ ...env, name: undefined }] },
  'a name with an equals sign': { env: [{ ...env, name: 'A=B' }] },
  'a name that begins with a digit': { env: [{ ...env, name: '1A' }] },
  LD_PRELOAD: { env: [{ ...env, name: 'LD_PRELOAD' }] },
  PATH: { env: [{ ...env, name: 'PATH' }] },
  NODE_OPTIONS: { env: [{ ...env, name: 'NODE_OPTIONS' }] },
  'a variable of our own': { env: [{ ...env, name: 'VOUCHSAFE_ADDR' }] },
  'the same variable twice': { env: [env, env] },
  'the same file twice': { files: [file, file] },
  'an absolute secret path': { env: [{ ...env, path: '/secret/data/web' }] },
  'a secret path with ..': { env: [{ ...env, path: 'secret/../sys/raw' }] },
  'a secret path with a line end': { env: [{ ...env, path: 'secret/a\nb' }] },
  'an empty field': { env: [{ ...env, field: '' }] },
  'a relative file': { files: [{ ...file, path: 'run/web' }] },
  'a file path with ..': { files: [{ ...file, path: '/run/../etc/passwd' }] },
  'a file path with .': { files: [{ ...file, path: '/run/./x' }] },
  'a file path that ends in ..': { files: [{ ...file, path: '/run/..' }] },
  'a file path with two slashes': { files: [{ ...file, path: '/run//x' }] },
  'a folder': { files: [{ ...file, path: '/run/' }] },
  'a file path with a zero byte': { files: [{ ...file, path: '/run/a\0b' }] },
  'a mode for others': { files: [{ ...file, mode: '0644' }] },
  'an executable mode': { files: [{ ...file, mode: '0700' }] },
  'an unknown encoding': { files: [{ ...file, encoding: 'hex' }] },
};
for (const [name, value] of Object.entries(refused)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => parseProvision(value), { code: 'provision-refused' });
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../framework/errors.js';
import { parseProvision } from './provision.js';

const ENV = { name: 'DB_PASSWORD', path: 'secret/data/db', field: 'password' };
const FILE = { path: '/run/secrets/tls.key', secret_path: 'secret/data/tls', field: 'key' };

test('environment and files come back as given, with defaults filled in', () => {
  assert.deepEqual(parseProvision({ env: [ENV], files: [FILE] }), {
    env: [ENV],
    files: [{ ...FILE, mode: '0600', encoding: 'utf8' }],
  });
  assert.equal(parseProvision({ files: [{ ...FILE, mode: '400' }] }).files[0]?.mode, '0400');
  assert.deepEqual(parseProvision(null), { env: [], files: [] });
  assert.deepEqual(parseProvision({}), { env: [], files: [] });
});

const refuse = (value: unknown, at: string): void => {
  assert.throws(
    () => parseProvision(value),
    (error) =>
      error instanceof ApiError &&
      error.code === 'provision-invalid' &&
      error.message.startsWith(`provision.${at} `),
  );
};

for (const name of [
  'PATH',
  'IFS',
  'ENV',
  'BASH_ENV',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'LD_AUDIT',
  'DYLD_INSERT_LIBRARIES',
  'GLIBC_TUNABLES',
  'GCONV_PATH',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'SSL_CERT_FILE',
  'SSLKEYLOGFILE',
  'OPENSSL_CONF',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'PERL5OPT',
  'RUBYOPT',
  'JAVA_TOOL_OPTIONS',
  '_JAVA_OPTIONS',
  'JDK_JAVA_OPTIONS',
  'CLASSPATH',
  'GIT_SSH_COMMAND',
  'PROMPT_COMMAND',
  'VAULT_TOKEN',
  'VAULT_ADDR',
  'VOUCHSAFE_ROLE',
]) {
  test(`${name} steers what runs, and is not provisioned`, () => {
    refuse({ env: [{ ...ENV, name }] }, 'env[0].name');
  });
}

for (const name of ['PATHS', 'MY_PATH', 'NODE_ENV', 'DATABASE_URL', '_X', 'a1']) {
  test(`${name} is an ordinary variable`, () => {
    assert.equal(parseProvision({ env: [{ ...ENV, name }] }).env[0]?.name, name);
  });
}

for (const name of ['', '1A', 'A-B', 'A=B', 'A B', 'A\n', 'Ä', 'A'.repeat(256), 7, null]) {
  test(`${JSON.stringify(name)?.slice(0, 12)} is no name of a variable`, () => {
    refuse({ env: [{ ...ENV, name }] }, 'env[0].name');
  });
}

const noFiles = [
  '',
  'run/x',
  '/',
  '/..',
  '/../etc/passwd',
  '/run/../etc/passwd',
  '/run/..',
  '/run/./x',
  '/.',
  '//etc/passwd',
  '/run//x',
  '/run/x/',
  '/run/\u0000x',
  '/run/x\n',
  '/rün',
  `/${'a'.repeat(1024)}`,
];
for (const path of noFiles) {
  test(`${JSON.stringify(path).slice(0, 24)} is no place for a file`, () => {
    refuse({ files: [{ ...FILE, path }] }, 'files[0].path');
  });
}

for (const path of ['/x', '/run/..x', '/run/.x', '/run/x..', '/dev/attestation/keys/default']) {
  test(`${path} is a place for a file`, () => {
    assert.equal(parseProvision({ files: [{ ...FILE, path }] }).files[0]?.path, path);
  });
}

const noSecrets = [
  '',
  '/secret/x',
  'secret/x/',
  'secret//x',
  '../sys/x',
  'secret/../sys/raw',
  'secret/..',
  './x',
  'secret/x?version=1',
  'secret/x#a',
  'secret/%2e%2e/sys',
  'secret\\x',
  'secret/ x',
  'secret/x\n',
  `secret/${'a'.repeat(1024)}`,
];
for (const path of noSecrets) {
  test(`${JSON.stringify(path).slice(0, 24)} is no path of a secret`, () => {
    refuse({ env: [{ ...ENV, path }] }, 'env[0].path');
    refuse({ files: [{ ...FILE, secret_path: path }] }, 'files[0].secret_path');
  });
}

const shapes: readonly [string, unknown, string][] = [
  ['a text', 'x', ''],
  ['a list', [], ''],
  ['a member that nobody knows', { disks: [] }, ''],
  ['an object for a list', { env: {} }, 'env'],
  ['129 variables', { env: new Array(129).fill(ENV) }, 'env'],
  ['the same variable twice', { env: [ENV, { ...ENV, field: 'b' }] }, 'env'],
  ['the same file twice', { files: [FILE, FILE] }, 'files'],
  ['a value in the role', { env: [{ ...ENV, value: 'x' }] }, 'env[0]'],
  ['a variable without a field', { env: [{ name: 'A', path: 'a/b' }] }, 'env[0].field'],
  ['an empty field', { env: [{ ...ENV, field: '' }] }, 'env[0].field'],
  ['a file that others may read', { files: [{ ...FILE, mode: '0644' }] }, 'files[0].mode'],
  ['a file that may be run', { files: [{ ...FILE, mode: '0700' }] }, 'files[0].mode'],
  ['a mode that is a number', { files: [{ ...FILE, mode: 600 }] }, 'files[0].mode'],
  ['an encoding of another name', { files: [{ ...FILE, encoding: 'hex' }] }, 'files[0].encoding'],
];
for (const [what, value, at] of shapes) {
  test(`${what} is refused`, () => refuse(value, at));
}

// The command and the server it ships with: start, token file, TLS, and refusals to start.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startRealServer } from '../testing/real-server.js';
import { newFolder, runVouchsafe } from '../testing/stub-server.js';

test('after server -dev the next command is logged in', async () => {
  const HOME = newFolder();
  const server = await startRealServer(['-dev-root-token-id=root'], { HOME });
  assert.equal(server.rootToken, 'root');
  assert.match(server.output(), /^Unseal Key: \S+$/m);
  assert.equal(readFileSync(join(HOME, '.vault-token'), 'utf8'), 'root');
  assert.equal(statSync(join(HOME, '.vault-token')).mode & 0o777, 0o600);
  const env = { HOME, VAULT_ADDR: server.address };
  const lookup = await runVouchsafe(['token', 'lookup', '-field=policies'], { env });
  assert.deepEqual([lookup.code, lookup.out], [0, '[root]'], lookup.err);
});

test('-dev-no-store-token leaves no file, and the environment names the token', async () => {
  const HOME = newFolder();
  const env = { HOME, VAULT_DEV_ROOT_TOKEN_ID: 'from-env' };
  const server = await startRealServer(['-dev-no-store-token'], env);
  assert.equal(server.rootToken, 'from-env');
  assert.throws(() => readFileSync(join(HOME, '.vault-token')));
});

test('-dev-storage keeps the token and the data', async () => {
  const folder = newFolder();
  const HOME = newFolder();
  const first = await startRealServer([`-dev-storage=${folder}`], { HOME });
  const write = ['write', 'cubbyhole/x', 'a=kept'];
  const env = { HOME, VAULT_ADDR: first.address };
  assert.equal((await runVouchsafe(write, { env })).code, 0);
  assert.equal(await first.stop(), 0);
  const second = await startRealServer([`-dev-storage=${folder}`], { HOME });
  assert.equal(second.rootToken, first.rootToken);
  const read = await runVouchsafe(['read', '-field=a', 'cubbyhole/x'], {
    env: { ...env, VAULT_ADDR: second.address },
  });
  assert.equal(read.out, 'kept', read.err);
});

test('TLS: what is believed, what is refused, and what to do about it', async () => {
  const server = await startRealServer(['-dev-tls']);
  const { address } = server;
  assert.match(address, /^https:/);
  const ca = server.caFile;
  const read = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    runVouchsafe(['token', 'lookup', '-field=path', ...args], {
      env: { VAULT_ADDR: address, VAULT_TOKEN: server.rootToken, ...env },
    });
  assert.equal((await read({ VAULT_CACERT: ca })).out, 'auth/token/root');
  assert.equal((await read({}, `-ca-cert=${ca}`)).out, 'auth/token/root');
  const skipped = await read({ VAULT_SKIP_VERIFY: 'true' });
  assert.equal(skipped.out, 'auth/token/root');
  assert.match(skipped.err, /^warning: the server’s certificate is not checked/);
  const rows: [Readonly<Record<string, string>>, number, RegExp][] = [
    [{}, 2, /hint: name the CA/],
    [{ VAULT_CACERT: ca, VAULT_TLS_SERVER_NAME: 'example.org' }, 2, /hint: .*-tls-server-name/],
    [{ VAULT_CACERT: '/nonexistent' }, 1, /^CA certificate: cannot read/],
    [{ VAULT_ADDR: address.replace('https', 'http') }, 2, /hint: .*try -address=https:/],
  ];
  for (const [env, code, hint] of rows) {
    const outcome = await read(env);
    assert.equal(outcome.code, code, outcome.err);
    assert.match(outcome.err, hint);
  }
  const folder = dirname(ca);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(await server.stop(), 0);
  assert.equal(existsSync(folder), false, 'the key goes with the server');
});

test('a development server that cannot start leaves no key behind', async () => {
  const TMPDIR = newFolder();
  const args = ['server', '-dev', '-dev-tls', '-dev-listen-address=not an address'];
  assert.equal((await runVouchsafe(args, { env: { TMPDIR } })).code, 1);
  assert.deepEqual(readdirSync(TMPDIR), []);
});

test('a server that cannot start says why and fails', async () => {
  const folder = newFolder();
  const broken = join(folder, 'broken.hcl');
  writeFileSync(broken, 'listener "tcp" {');
  const rows: [string[], RegExp][] = [
    [[`-config=${join(folder, 'missing.hcl')}`], /missing\.hcl/],
    [[`-config=${broken}`], /broken\.hcl/],
    [['-dev', '-dev-listen-address=not an address'], /./],
    [['-recovery'], /^unknown flag: -recovery/],
  ];
  for (const [args, err] of rows) {
    const outcome = await runVouchsafe(['server', ...args]);
    assert.equal(outcome.code, 1, `${args}: ${outcome.err}`);
    assert.match(outcome.err, err);
  }
});

// Drop-in: clients that others wrote go through their working day unmodified, and see what they see from Vault.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import HashiVault from 'hashi-vault-js';
import nodeVault from 'node-vault';
import { requires } from './harness/requirements.js';
import {
  certificateFiles,
  initialise,
  makeTemporaryFolder,
  removeFolder,
  repositoryRoot,
  ServerProcess,
} from './harness/server-process.js';

const folder = makeTemporaryFolder('clients');
const plain = new ServerProcess({ folder: join(folder, 'http'), tls: false });
const encrypted = new ServerProcess({ folder: join(folder, 'https') });
const rootTokens = new Map();

before(async () => {
  for (const server of [plain, encrypted]) {
    await server.start();
    rootTokens.set(server, (await initialise(server)).rootToken);
  }
});

after(async () => {
  for (const server of [plain, encrypted]) await server.stop();
  removeFolder(folder);
});

const RULES = 'path "nv2/data/open/*" { capabilities = ["create", "update", "read"] }';

/** hashi-vault-js speaks of KV v2 alone, and of server errors by the flag isVaultError. */
const isVaultError = (status) => (error) =>
  error.isVaultError === true && error.response.status === status;

/** node-vault copies the status into the error. */
const isStatus = (status) => (error) => error.response?.statusCode === status;

function nodeVaultClient(token) {
  return nodeVault({ apiVersion: 'v1', endpoint: plain.url, token });
}

test('node-vault: seal state, health and mounts', async () => {
  const vault = nodeVaultClient(rootTokens.get(plain));
  assert.equal((await vault.initialized()).initialized, true);
  assert.equal((await vault.status()).sealed, false);
  assert.equal((await vault.health()).initialized, true);
  await vault.mount({ mount_point: 'nv1', type: 'kv', options: { version: '1' } });
  await vault.mount({ mount_point: 'nv2', type: 'kv', options: { version: '2' } });
  const mounts = await vault.mounts();
  assert.equal(mounts.data['nv2/'].options.version, '2');
  assert.equal(mounts['nv1/'].type, 'kv', 'mounts are at the top level too');
  await vault.mount({ mount_point: 'short-lived', type: 'kv' });
  await vault.remount({ from: 'short-lived', to: 'renamed' });
  await vault.unmount({ mount_point: 'renamed' });
  assert.equal((await vault.mounts()).data['renamed/'], undefined);
  await assert.rejects(vault.mount({ mount_point: 'x', type: 'unheard-of' }), isStatus(400));
});

test('node-vault: KV v1 and v2', async () => {
  const vault = nodeVaultClient(rootTokens.get(plain));
  await vault.write('nv1/hello', { value: 'world', lease: '1s' });
  assert.equal((await vault.read('nv1/hello')).data.value, 'world');
  assert.deepEqual((await vault.list('nv1')).data.keys, ['hello']);
  await vault.delete('nv1/hello');
  await assert.rejects(vault.read('nv1/hello'), isStatus(404));
  await vault.write('nv2/data/app', { data: { password: 'one' } });
  await vault.write('nv2/data/app', { data: { password: 'two' } });
  const read = await vault.read('nv2/data/app');
  assert.equal(read.data.data.password, 'two');
  assert.equal(read.data.metadata.version, 2);
  assert.deepEqual((await vault.list('nv2/metadata')).data.keys, ['app']);
  const stale = { options: { cas: 1 }, data: { password: 'three' } };
  await assert.rejects(vault.write('nv2/data/app', stale), isStatus(400));
  await vault.update('nv2/data/app', { data: { user: 'u' } });
  assert.deepEqual((await vault.read('nv2/data/app')).data.data, { password: 'two', user: 'u' });
});

test('node-vault: policies and tokens', async () => {
  const vault = nodeVaultClient(rootTokens.get(plain));
  await vault.addPolicy({ name: 'nv-open', rules: RULES });
  assert.ok((await vault.policies()).policies.includes('nv-open'));
  assert.equal((await vault.getPolicy({ name: 'nv-open' })).rules, RULES);
  // A client takes on the token that creating or renewing gives it: hence one for each.
  const [creator, renewer] = [0, 1].map(() => nodeVaultClient(rootTokens.get(plain)));
  const made = await creator.tokenCreate({ policies: ['nv-open'], ttl: '1h' });
  assert.equal(creator.token, made.auth.client_token);
  const token = made.auth.client_token;
  const limited = nodeVaultClient(token);
  await limited.write('nv2/data/open/x', { data: { k: 1 } });
  await assert.rejects(limited.read('nv2/data/app'), isStatus(403));
  assert.equal((await vault.tokenLookup({ token })).data.path, 'auth/token/create');
  assert.deepEqual((await limited.tokenLookupSelf()).data.policies, ['default', 'nv-open']);
  const { accessor } = made.auth;
  assert.equal((await vault.tokenLookupAccessor({ accessor })).data.accessor, accessor);
  assert.equal((await renewer.tokenRenew({ token, increment: '2h' })).auth.renewable, true);
  assert.ok((await limited.tokenRenewSelf({ increment: '1h' })).auth.lease_duration > 0);
  await vault.tokenRevoke({ token });
  await assert.rejects(limited.tokenLookupSelf(), isStatus(403));
  await vault.removePolicy({ name: 'nv-open' });
  await assert.rejects(vault.getPolicy({ name: 'nv-open' }), isStatus(404));
});

test('node-vault: users with a password, and their own client', async () => {
  const vault = nodeVaultClient(rootTokens.get(plain));
  await vault.enableAuth({ mount_point: 'nv-people', type: 'userpass' });
  assert.ok('nv-people/' in (await vault.auths()).data);
  await vault.write('auth/nv-people/users/ann', { password: 'correct horse', policies: 'default' });
  const visitor = nodeVaultClient(undefined);
  const login = { mount_point: 'nv-people', username: 'ann', password: 'correct horse' };
  const answer = await visitor.userpassLogin(login);
  assert.equal(answer.auth.metadata.username, 'ann');
  assert.equal((await visitor.tokenLookupSelf()).data.display_name, 'nv-people-ann');
  await assert.rejects(visitor.userpassLogin({ ...login, password: 'wrong' }), isStatus(400));
  await vault.disableAuth({ mount_point: 'nv-people' });
});

test('hashi-vault-js over TLS: KV v2, tokens and users', async () => {
  const token = rootTokens.get(encrypted);
  const admin = encrypted.client(token);
  await admin.call('POST', 'sys/mounts/hvj', { type: 'kv', options: { version: '2' } });
  await admin.call('POST', 'sys/auth/hvj-people', { type: 'userpass' });
  admin.close();
  const vault = new HashiVault({
    https: true,
    cacert: certificateFiles(encrypted.folder).caFile,
    baseUrl: `${encrypted.url}/v1`,
    rootPath: 'hvj',
    timeout: 10_000,
    proxy: false,
  });
  assert.equal((await vault.healthCheck()).sealed, false);
  assert.equal((await vault.sealStatus()).initialized, true);
  assert.equal((await vault.createKVSecret(token, 'app', { k: 'one' })).version, 1);
  await assert.rejects(vault.createKVSecret(token, 'app', { k: 'again' }), isVaultError(400));
  assert.equal((await vault.updateKVSecret(token, 'app', { k: 'two' }, 1)).version, 2);
  assert.equal((await vault.readKVSecret(token, 'app')).data.k, 'two');
  assert.equal((await vault.readKVSecret(token, 'app', 1)).data.k, 'one');
  assert.deepEqual((await vault.listKVSecrets(token, '')).keys, ['app']);
  await vault.deleteLatestVerKVSecret(token, 'app');
  await assert.rejects(vault.readKVSecret(token, 'app'), isVaultError(404));
  await vault.undeleteVersionsKVSecret(token, 'app', [2]);
  await vault.destroyVersionsKVSecret(token, 'app', [1]);
  assert.equal((await vault.readKVSecretMeta(token, 'app')).versions['1'].destroyed, true);
  await vault.eliminateKVSecret(token, 'app');
  const made = await vault.createToken(token, { policies: ['default'], ttl: '1h' });
  assert.equal((await vault.lookupToken(token, made.client_token)).type, 'service');
  assert.equal((await vault.lookupSelfToken(made.client_token)).renewable, true);
  assert.equal((await vault.renewToken(token, made.client_token, '2h')).renewable, true);
  await vault.revokeToken(token, made.client_token);
  await assert.rejects(vault.lookupSelfToken(made.client_token), isVaultError(403));
  const people = 'auth/hvj-people';
  await vault.createUserpassUser(token, 'bob', 'correct horse', 'default', people);
  assert.deepEqual((await vault.listUserpassUsers(token, people)).keys, ['bob']);
  const login = await vault.loginWithUserpass('bob', 'correct horse', people);
  assert.equal(login.metadata.username, 'bob');
  await assert.rejects(vault.loginWithUserpass('bob', 'wrong', people), isVaultError(400));
});

/** A Python that can import hvac; null when there is none. Also looks at the system's own beside the one in front. */
function findPython() {
  return (
    ['python3', '/usr/bin/python3'].find(
      (name) => spawnSync(name, ['-c', 'import hvac'], { stdio: 'ignore' }).status === 0,
    ) ?? null
  );
}

const python = findPython();
const needsHvac = requires(
  python !== null,
  'Python with hvac (apt-get install python3-hvac, or pip install hvac)',
);

test('hvac over TLS: KV, policies, tokens, users and mounts', needsHvac, async () => {
  const script = join(repositoryRoot, 'test', 'clients', 'hvac_session.py');
  const { caFile } = certificateFiles(encrypted.folder);
  const line = ['-W', 'ignore', script, encrypted.url, caFile, rootTokens.get(encrypted)];
  const child = spawn(python, line, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, output);
});

// Faults that other secrets servers were published for, tried on a real server over TLS: who may do what. What they
// were about memory, logs and limits is in cve-limits.test.js. Names are CVE numbers; "GHSA" are GitHub advisories.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openServer } from './harness/open-server.js';

const server = await openServer('cve');
const ask = (...call) => server.ask(...call);
const statusOf = async (...call) => (await ask(...call)).status;

test('CVE-2026-12624: a LIST with or without its slash does not escape a deny', async () => {
  await ask('POST', 'secret/data/team/private/a', { body: { data: { x: 1 } } });
  for (const denied of ['secret/metadata/team/private', 'secret/metadata/team/private/']) {
    const token = await server.tokenWith(`path "secret/*" { capabilities = ["list", "read"] }
      path "${denied}" { capabilities = ["deny"] }`);
    for (const path of ['secret/metadata/team/private', 'secret/metadata/team/private/']) {
      assert.equal(await statusOf('LIST', path, { token }), 403, `${denied} ${path}`);
      assert.equal(await statusOf('GET', `${path}?list=true`, { token }), 403, path);
    }
    assert.equal(await statusOf('LIST', 'secret/metadata/team', { token }), 200);
  }
});

test('CVE-2026-3605: a delete with dots, escapes or globs reaches nothing but its own key', async () => {
  const token = await server.tokenWith('path "secret/data/own/*" { capabilities = ["delete"] }');
  for (const key of ['own/a', 'other/b', 'own']) {
    await ask('POST', `secret/data/${key}`, { body: { data: { x: 1 } } });
  }
  for (const path of [
    'own/../other/b',
    'own/%2e%2e/other/b',
    'own%2f..%2fother%2fb',
    'own/%252e%252e/other/b',
    'own/..',
    'own/./../other/b',
    'own//../other/b',
    'own\\..\\other\\b',
    'own/*',
    'own/+',
    'own/',
    'other/b',
  ]) {
    await ask('DELETE', `secret/data/${path}`, { token });
  }
  for (const key of ['own/a', 'other/b', 'own']) {
    assert.equal(await statusOf('GET', `secret/data/${key}`), 200, key);
  }
  assert.equal(await statusOf('DELETE', 'secret/data/own/a', { token }), 204);
  assert.equal(await statusOf('GET', 'secret/data/own/a'), 404);
});

test('CVE-2026-5006, GHSA-59w7: an entity value with a wildcard in it opens no path', async () => {
  const { accessor } = (await ask('GET', 'sys/auth')).json.data['userpass/'];
  const policy = `path "secret/data/{{identity.entity.aliases.${accessor}.name}}/x" { capabilities = ["read"] }
    path "secret/data/{{identity.entity.aliases.${accessor}.name}}*" { capabilities = ["read"] }`;
  await ask('PUT', 'sys/policies/acl/own-folder', { body: { policy } });
  for (const name of ['a+b', 'ann']) {
    await ask('POST', `secret/data/${name}/x`, { body: { data: { x: 1 } } });
    await server.addUser(encodeURIComponent(name), 'pw', { token_policies: 'own-folder' });
  }
  const tokenOf = async (name) => (await server.login(name, 'pw')).json.auth.client_token;
  assert.equal(await statusOf('GET', 'secret/data/ann/x', { token: await tokenOf('ann') }), 200);
  const token = await tokenOf('a+b');
  for (const path of ['secret/data/a+b/x', 'secret/data/ann/x']) {
    assert.equal(await statusOf('GET', path, { token }), 403, path);
  }
  for (const name of ['a/b', '*', '+', 'a*']) {
    const path = `auth/userpass/users/${encodeURIComponent(name)}`;
    assert.notEqual(await statusOf('POST', path, { body: { password: 'pw' } }), 204, name);
  }
});

test('CVE-2025-5999, CVE-2025-64761: no spelling of "root" gives a root token', async () => {
  const maker = await server.tokenWith(
    'path "auth/token/create*" { capabilities = ["update", "sudo"] }',
    'maker',
  );
  for (const name of ['root', 'ROOT', ' root', 'root ', '\troot', 'RooT\n', '\u00a0root']) {
    const body = { policies: [name] };
    const created = await ask('POST', 'auth/token/create', { body, token: maker });
    assert.equal(created.status, 400, JSON.stringify(name));
    const role = { allowed_policies: [name], token_type: 'service' };
    await ask('POST', 'auth/token/roles/sly', { body: role });
    const byRole = await ask('POST', 'auth/token/create/sly', { body, token: maker });
    assert.equal(byRole.status, 400, JSON.stringify(name));
    await server.addUser('sly', 'pw', { token_policies: [name] });
    const login = await server.login('sly', 'pw');
    assert.equal(login.json.auth, undefined, JSON.stringify(name));
    assert.equal(login.status, 400, JSON.stringify(name));
    const policy = 'path "*" { capabilities = ["sudo", "read"] }';
    const path = `sys/policies/acl/${encodeURIComponent(name.trim())}`;
    assert.equal(await statusOf('PUT', path, { body: { policy } }), 400);
  }
});

test('GHSA-mwr2, CVE-2023-3774/3775, CVE-2026-14886, GHSA-c36x, GHSA-vv66: there is one namespace, and no other name for it', async () => {
  for (const name of ['ROOT', 'Root/', 'a', 'root/root', '%72oot', ' a']) {
    const headers = { 'X-Vault-Namespace': name };
    for (const path of ['secret/data/ann/x', 'sys/mounts', 'identity/entity/id?list=true']) {
      assert.ok([400, 404].includes(await statusOf('GET', path, { headers })), `${name} ${path}`);
    }
    const inPath = await statusOf('GET', `${encodeURIComponent(name)}/sys/mounts`);
    assert.ok([400, 404].includes(inPath), name);
    const made = await statusOf('POST', `sys/namespaces/${encodeURIComponent(name)}`);
    assert.ok([400, 404].includes(made), `${name} ${made}`);
  }
  const nothing = await ask('PUT', 'sys/leases/lookup', { body: { lease_id: 'secret/creds/x' } });
  assert.equal(nothing.status, 400);
});

test('CVE-2026-40264, CVE-2026-45808: accessors and old lease paths need the same rights as the new ones', async () => {
  const { accessor } = (await ask('POST', 'auth/token/create', { body: {} })).json.auth;
  const other = await server.tokenWith('path "secret/*" { capabilities = ["read"] }');
  for (const what of ['lookup', 'renew', 'revoke']) {
    const call = { body: { accessor }, token: other };
    assert.equal(await statusOf('POST', `auth/token/${what}-accessor`, call), 403, what);
  }
  const lesser = await server.tokenWith(
    `path "sys/*" { capabilities = ["create", "read", "update", "delete", "list"] }
     path "auth/token/*" { capabilities = ["create", "read", "update", "delete", "list"] }`,
  );
  for (const prefix of ['revoke-prefix', 'revoke-force']) {
    for (const path of [`sys/leases/${prefix}/auth/token`, `sys/${prefix}/auth/token`]) {
      assert.equal(await statusOf('PUT', path, { token: lesser }), 403, path);
    }
  }
  assert.equal(await statusOf('LIST', 'auth/token/accessors', { token: lesser }), 403);
  const still = await statusOf('POST', 'auth/token/lookup-accessor', { body: { accessor } });
  assert.equal(still, 200);
});

test('CVE-2024-9180: identity endpoints give nobody the root policy', async () => {
  const { entity_id: id } = (await server.login('ann', 'pw')).json.auth;
  const token = await server.tokenWith(
    'path "identity/*" { capabilities = ["create", "read", "update", "patch", "delete", "list"] }',
  );
  const body = { id, name: 'x', policies: ['root'] };
  for (const path of [`entity/id/${id}`, 'entity', 'entity/merge', 'entity-alias', 'group']) {
    const status = await statusOf('POST', `identity/${path}`, { body, token });
    assert.ok([404, 405].includes(status), `${path} ${status}`);
  }
  const login = await server.login('ann', 'pw');
  assert.ok(!login.json.auth.policies.includes('root'));
});

test('CVE-2025-6000, CVE-2026-5051: an audit device writes no file that could be run', async () => {
  const program = join(server.folder, 'program');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  const rows = [
    { file_path: join(server.folder, 'new'), mode: '0777' },
    { file_path: join(server.folder, 'new'), mode: '755' },
    { path: join(server.folder, 'new'), mode: '0100' },
    { file_path: program },
    { path: program },
    { file_path: program, mode: '0600' },
    { file_path: join(server.folder, 'new'), prefix: '#!/bin/sh\n' },
    { file_path: server.folder },
  ];
  for (const options of rows) {
    const body = { type: 'file', options };
    const answer = await ask('PUT', 'sys/audit/sly', { body });
    assert.equal(answer.status, 400, JSON.stringify(options));
  }
  assert.ok(!existsSync(join(server.folder, 'new')));
  const token = await server.tokenWith('path "sys/audit/*" { capabilities = ["update"] }');
  const body = { type: 'file', options: { file_path: join(server.folder, 'new') } };
  assert.equal(await statusOf('PUT', 'sys/audit/sly', { body, token }), 403);
});

test('GHSA-rh46: headers of inline logins log nobody in', async () => {
  const parameter = Buffer.from('{"key":"password","value":"pw"}').toString('base64url');
  const headers = {
    'X-Vault-Inline-Auth-Path': 'auth/userpass/login/ann',
    'X-Vault-Inline-Auth-Operation': 'update',
    'X-Vault-Inline-Auth-Parameter-password': parameter,
  };
  assert.equal(await statusOf('GET', 'secret/data/ann/x', { token: null, headers }), 403);
  assert.equal(await statusOf('POST', 'sys/workflows/execute/x', { token: null }), 403);
});

test('CVE-2025-6013: one user in several spellings is one entity', async () => {
  const ids = new Set();
  for (const name of ['ann', 'Ann', ' ANN']) {
    ids.add((await server.login(name, 'pw')).json.auth.entity_id);
  }
  assert.equal(ids.size, 1);
});

test('CVE-2025-6004: a locked name is locked in every spelling', async () => {
  await server.addUser('guessed', 'right');
  for (const name of ['guessed', 'Guessed', ' guessed', 'guessed ', 'GUESSED']) {
    assert.equal((await server.login(name, 'wrong')).status, 400, name);
  }
  for (const name of ['guessed', 'gUESSED', '  guessed']) {
    assert.equal((await server.login(name, 'right')).status, 403, name);
  }
});

test('CVE-2025-6010/6011, CVE-2023-3462: nothing in an answer tells whether a user exists', async () => {
  await server.addUser('known', 'right');
  for (let failures = 0; failures < 7; failures += 1) {
    const [known, unknown] = [
      await server.login('known', 'wrong'),
      await server.login('unknown', 'wrong'),
    ];
    assert.deepEqual([unknown.status, unknown.json], [known.status, known.json]);
  }
});

test('CVE-2025-4656, CVE-2026-5807: who has no token cancels no rekey and no root generation', async () => {
  const begun = await ask('PUT', 'sys/generate-root/attempt', { body: {} });
  const shares = { secret_shares: 1, secret_threshold: 1 };
  const rekey = await ask('PUT', 'sys/rekey/init', { body: shares });
  assert.deepEqual([begun.status, rekey.status], [200, 200]);
  for (const path of ['generate-root/attempt', 'rekey/init', 'rekey/verify', 'rotate/root/init']) {
    assert.equal(await statusOf('DELETE', `sys/${path}`, { token: null }), 403, path);
    assert.equal(await statusOf('PUT', `sys/${path}`, { token: null, body: shares }), 403, path);
  }
  const status = async (path) => (await ask('GET', `sys/${path}`)).json.nonce;
  assert.equal(await status('generate-root/attempt'), begun.json.nonce);
  assert.equal(await status('rekey/init'), rekey.json.nonce);
});

test('GHSA-34fc: a nonce that differs by one letter, and a recovery token, are refused', async () => {
  const { nonce } = (await ask('GET', 'sys/generate-root/attempt')).json;
  const near = nonce.slice(0, -1) + (nonce.endsWith('0') ? '1' : '0');
  for (const wrong of [near, '', `${nonce}0`, nonce.toUpperCase().replace(/^./, 'Z')]) {
    const body = { key: server.unsealKey, nonce: wrong };
    assert.equal(await statusOf('PUT', 'sys/generate-root/update', { body }), 400, wrong);
  }
  const token = `hvr.${'A'.repeat(24)}`;
  assert.equal(await statusOf('GET', 'sys/mounts', { token }), 403);
});

/** Type of mount, or path, that does not exist → what was published about others that have it. */
const ABSENT = [
  ['auth', 'approle', 'CVE-2023-24999'],
  ['auth', 'ldap', 'CVE-2023-3462, CVE-2025-6013, GHSA-6mwx'],
  ['auth', 'cert', 'CVE-2024-2048, CVE-2024-2660, CVE-2025-6037, CVE-2026-39388'],
  ['auth', 'jwt', 'CVE-2024-5798'],
  ['auth', 'oidc', 'CVE-2026-33757, CVE-2026-33758'],
  ['auth', 'aws', 'CVE-2025-11621'],
  ['auth', 'azure', 'CVE-2025-3879'],
  ['auth', 'gcp', 'CVE-2023-5077'],
  ['secret', 'ssh', 'CVE-2024-7594'],
  ['secret', 'totp', 'CVE-2025-6014'],
  ['secret', 'pki', 'CVE-2023-0665, CVE-2026-5052, GHSA-g892'],
  ['secret', 'transit', 'CVE-2023-4680, GHSA-8w8f'],
  ['secret', 'database', 'CVE-2023-0620, CVE-2026-39946'],
];

for (const [kind, type, published] of ABSENT) {
  test(`${published}: not applicable: there is no ${kind} backend "${type}"`, async () => {
    const catalog = (await ask('GET', 'sys/plugins/catalog')).json.data;
    assert.ok(catalog[kind].length > 0);
    assert.ok(!catalog[kind].includes(type), 'it exists now: write the test');
    const path = kind === 'auth' ? `sys/auth/${type}` : `sys/mounts/${type}`;
    assert.equal(await statusOf('POST', path, { body: { type } }), 400);
  });
}

const ABSENT_PATHS = [
  ['sys/mfa/validate', 'CVE-2025-6015: not applicable: there is no MFA'],
  ['sys/plugins/catalog/secret/x', 'CVE-2026-39396: not applicable: no plugin is ever fetched'],
  ['sys/workflows/manage/x', 'GHSA-rh46: not applicable: there are no workflows'],
];
for (const [path, name] of ABSENT_PATHS) {
  test(name, async () => {
    assert.ok([404, 405].includes(await statusOf('POST', path, { body: {} })), 'write the test');
  });
}

test('CVE-2024-8185: joining a raft cluster is refused, without a token before anything else', async () => {
  const body = { leader_api_addr: 'https://127.0.0.1:1', retry: true };
  for (let round = 0; round < 50; round += 1) {
    const { status } = await ask('POST', 'sys/storage/raft/join', { token: null, body });
    assert.equal(status, 403);
  }
  const refused = await ask('POST', 'sys/storage/raft/join', { body });
  assert.deepEqual([refused.status, refused.json.errors], [400, ['raft storage is not in use']]);
});

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DcapCa, mintSgxQuote, mintTdxQuote, simulatedIntel } from '@vouchsafe/verifier/testing';
import { lengthPrefixed } from '../auth/attest/binding.js';
import { START, startServer, type TestServer } from '../system/testing/server.js';
import { boundRequestBytes } from '../tokens/binding.js';
import { openSimulatedTee } from './simulated-tee.js';

const MR_TD = new Uint8Array(48).fill(7);
let folder: string;
let server: TestServer;
let ca: DcapCa;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vouchsafe-attested-'));
  const simulated = openSimulatedTee(folder, new Date(START));
  ca = DcapCa.fromJson(readFileSync(join(folder, simulatedIntel.file), 'utf8'));
  server = await startServer([], simulated);
  await ok('POST', 'sys/auth/attest', { type: 'attest' });
  await ok('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
  await ok('POST', 'secret/data/web', { data: { password: 'correct horse' } });
  await ok('PUT', 'sys/policies/acl/web', {
    policy: 'path "secret/data/web" { capabilities = ["read"] }',
  });
  await ok('POST', 'auth/attest/role/web', {
    ...(await pinned('tdx-dcap', 'mrtd', MR_TD)),
    token_policies: 'web',
    token_ttl: '10m',
    token_max_ttl: '24h',
    reattest_period: '1h',
    provision: { env: [{ name: 'DB_PASSWORD', path: 'secret/data/web', field: 'password' }] },
  });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ok(method: string, path: string, body?: unknown) {
  const reply = await server.call(method, path, body === undefined ? {} : { body });
  assert.ok(reply.status === 200 || reply.status === 204, `${path}: ${reply.status} ${reply.text}`);
  return reply.json;
}

/** What a role pins: the least that a policy says, and values that want this measurement. */
async function pinned(format: string, claim: string, measurement: Uint8Array) {
  const policy = await ok('POST', 'auth/attest/policy', {
    policy: { name: format, formats: { [format]: {} } },
  });
  const any_of = [{ [claim]: [Buffer.from(measurement).toString('hex')] }];
  const values = await ok('POST', 'auth/attest/reference-values', {
    values: { name: format, kind: 'workload', format, any_of },
  });
  return { policy: policy.data.digest, reference_values: [values.data.digest] };
}

interface Workload {
  readonly key: KeyObject;
  readonly spki: Buffer;
}

function newWorkload(): Workload {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) };
}

const raw = (key: KeyObject, bytes: Buffer): Buffer =>
  sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });

type Mint = (reportData: Uint8Array) => readonly [format: string, quote: Uint8Array];
const aTd =
  (mrTd: Uint8Array): Mint =>
  (reportData) => ['tdx-dcap', mintTdxQuote(ca, { version: 5, report: { mrTd, reportData } })];
const anEnclave =
  (mrEnclave: Uint8Array): Mint =>
  (reportData) => ['sgx-dcap', mintSgxQuote(ca, { version: 3, report: { mrEnclave, reportData } })];

async function loginBody(workload: Workload, mint = aTd(MR_TD), role = 'web') {
  const asked = await server.call('POST', 'auth/attest/challenge', { token: null, body: { role } });
  assert.equal(asked.status, 200, asked.text);
  const given = asked.json.data;
  const parts = lengthPrefixed([
    'vouchsafe/attested-login/v1',
    Buffer.from(given.challenge, 'base64url'),
    given.mount,
    role,
    Buffer.from(given.server_identity, 'hex'),
    workload.spki,
    '',
  ]);
  const reportData = createHash('sha512').update(parts).digest();
  const [format, quote] = mint(reportData);
  return {
    role,
    challenge: given.challenge,
    ticket: given.ticket,
    evidence: [`application/vnd.vouchsafe.${format}`, Buffer.from(quote).toString('base64url')],
    public_key: workload.spki.toString('base64url'),
    proof: raw(workload.key, lengthPrefixed(['vouchsafe/login-proof/v1', reportData])).toString(
      'base64url',
    ),
  };
}

async function logIn(workload: Workload): Promise<string> {
  const body = await loginBody(workload);
  const reply = await server.call('POST', 'auth/attest/login', { token: null, body });
  assert.equal(reply.status, 200, reply.text);
  return reply.json.auth.client_token;
}

function proof(
  workload: Workload,
  token: string,
  request: { operation: string; path: string; body?: unknown },
): string {
  const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
  const signature = raw(
    workload.key,
    boundRequestBytes({
      operation: request.operation,
      path: request.path,
      query: '',
      tokenSha256: sha256(token),
      bodySha256: sha256(request.body === undefined ? '' : JSON.stringify(request.body)),
      timestampMs: server.now,
    }),
  );
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64BE(BigInt(server.now));
  const text = [workload.spki, stamp, signature].map((part) => part.toString('base64url'));
  return `X-Vault-Proof: ${text.join('.')}`;
}

const READ = { operation: 'read', path: 'secret/data/web' };

test('evidence becomes a token, and the token together with its key a secret', async () => {
  const workload = newWorkload();
  const body = await loginBody(workload);
  const reply = await server.call('POST', 'auth/attest/login', { token: null, body });
  assert.equal(reply.status, 200, reply.text);
  const { auth, data } = reply.json;
  assert.deepEqual(auth.policies, ['default', 'web']);
  assert.equal(auth.lease_duration, 600);
  assert.equal(auth.metadata.role, 'web');
  assert.equal(data.attestation.status, 'affirming');
  assert.equal(data.provision.env[0].name, 'DB_PASSWORD');
  const headers = [proof(workload, auth.client_token, READ)];
  const found = await server.call('GET', 'secret/data/web', { token: auth.client_token, headers });
  assert.equal(found.status, 200, found.text);
  assert.equal(found.json.data.data.password, 'correct horse');
});

test('the bare token opens nothing, nor does it with a proof that is not for this request', async () => {
  const workload = newWorkload();
  const token = await logIn(workload);
  const thief = newWorkload();
  const rows: readonly [string, readonly string[]][] = [
    ['no proof', []],
    ['a proof by another key', [proof(thief, token, READ)]],
    ['a proof for another path', [proof(workload, token, { ...READ, path: 'secret/data/db' })]],
    ['a proof for another operation', [proof(workload, token, { ...READ, operation: 'update' })]],
    ['a proof for another token', [proof(workload, 'hvs.other', READ)]],
    ['a proof over another body', [proof(workload, token, { ...READ, body: { a: 1 } })]],
  ];
  for (const [what, headers] of rows) {
    const reply = await server.call('GET', 'secret/data/web', { token, headers });
    assert.equal(reply.status, 403, what);
    assert.doesNotMatch(reply.text, /correct horse/);
  }
  const self = await server.call('GET', 'auth/token/lookup-self', { token });
  assert.equal(self.status, 403);
});

test('the token is renewed with its key until it wants fresh evidence', async () => {
  const workload = newWorkload();
  const token = await logIn(workload);
  const started = server.now;
  const path = 'auth/token/renew-self';
  const renew = async () => {
    const headers = [proof(workload, token, { operation: 'update', path, body: {} })];
    return await server.call('POST', path, { token, headers, body: {} });
  };
  try {
    for (let minutes = 5; minutes < 60; minutes += 5) {
      server.now = started + minutes * 60_000;
      const reply = await renew();
      assert.equal(reply.status, 200, reply.text);
      assert.equal(reply.json.auth.lease_duration, 600);
    }
    server.now = started + 60 * 60_000;
    const refused = await renew();
    assert.equal(refused.status, 403);
    assert.equal(refused.json.data.code, 'reattestation-required');
  } finally {
    server.now = started;
  }
});

test('a refusal has a code and a decision that only an operator may read', async () => {
  const body = await loginBody(newWorkload(), aTd(new Uint8Array(48)));
  const reply = await server.call('POST', 'auth/attest/login', { token: null, body });
  assert.equal(reply.status, 403);
  const { code, decision_id: id } = reply.json.data;
  assert.equal(code, 'reference-mismatch');
  assert.deepEqual(reply.json.errors, [`attestation refused: ${code} (decision ${id})`]);
  assert.doesNotMatch(reply.text, /mrtd|07070707/);
  const path = `auth/attest/decision/${id}`;
  const decision = await server.call('GET', path);
  assert.equal(decision.json.data.faults[0].claim, 'mrtd');
  assert.match(decision.json.data.faults[0].expected, /(07){48}/);
  assert.match(decision.json.data.faults[0].seen, /^(00){48}$/);
  assert.equal(decision.json.data.endorsementSource, 'simulated');
  const workload = newWorkload();
  const token = await logIn(workload);
  const headers = [proof(workload, token, { operation: 'read', path })];
  assert.equal((await server.call('GET', path, { token, headers })).status, 403);
  assert.equal((await server.call('GET', path, { token: null })).status, 403);
});

test('a login that comes twice at once passes once', async () => {
  const body = await loginBody(newWorkload());
  const replies = await Promise.all(
    [1, 2, 3, 4].map(() => server.call('POST', 'auth/attest/login', { token: null, body })),
  );
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 403, 403, 403]);
});

test('malformed evidence is 400, and nothing of it comes back', async () => {
  const body = { ...(await loginBody(newWorkload())), evidence: ['text/plain', 'c2VjcmV0'] };
  const reply = await server.call('POST', 'auth/attest/login', { token: null, body });
  assert.equal(reply.status, 400);
  assert.doesNotMatch(reply.text, /c2VjcmV0|text\/plain/);
});

test('identity and open challenges outlive a seal', async () => {
  const workload = newWorkload();
  const before = await server.call('GET', 'auth/attest/server', { token: null });
  const body = await loginBody(workload);
  await ok('PUT', 'sys/seal');
  assert.equal((await server.call('POST', 'auth/attest/login', { token: null, body })).status, 503);
  await server.unseal();
  const after = await server.call('GET', 'auth/attest/server', { token: null });
  assert.deepEqual(after.json.data, before.json.data);
  const reply = await server.call('POST', 'auth/attest/login', { token: null, body });
  assert.equal(reply.status, 200, reply.text);
});

test('a mount that gives batch tokens gives them bound to the key as well', async () => {
  await ok('POST', 'sys/auth/attest/tune', { token_type: 'batch' });
  try {
    const workload = newWorkload();
    const token = await logIn(workload);
    assert.match(token, /^hvb\./);
    assert.equal((await server.call('GET', 'secret/data/web', { token })).status, 403);
    const headers = [proof(workload, token, READ)];
    const reply = await server.call('GET', 'secret/data/web', { token, headers });
    assert.equal(reply.status, 200, reply.text);
  } finally {
    await ok('POST', 'sys/auth/attest/tune', { token_type: 'default-service' });
  }
});

test('a role that gives batch tokens gives them bound to the key as well', async () => {
  const { data } = await ok('GET', 'auth/attest/role/web');
  const { policy, reference_values } = data;
  const role = { policy, reference_values, token_policies: 'web', token_type: 'batch' };
  await ok('POST', 'auth/attest/role/batch', role);
  const workload = newWorkload();
  const body = await loginBody(workload, aTd(MR_TD), 'batch');
  const reply = await server.call('POST', 'auth/attest/login', { token: null, body });
  const token = reply.json.auth.client_token;
  assert.match(token, /^hvb\./);
  assert.equal((await server.call('GET', 'secret/data/web', { token })).status, 403);
  const other = [proof(newWorkload(), token, READ)];
  const stolen = await server.call('GET', 'secret/data/web', { token, headers: other });
  assert.equal(stolen.status, 403);
  const headers = [proof(workload, token, READ)];
  const right = await server.call('GET', 'secret/data/web', { token, headers });
  assert.equal(right.status, 200, right.text);
});

test('an enclave of the simulated vendor logs in like a TD, if it is the one that is meant', async () => {
  const mrEnclave = new Uint8Array(32).fill(9);
  await ok('POST', 'auth/attest/role/enclave', {
    ...(await pinned('sgx-dcap', 'mrenclave', mrEnclave)),
    formats: ['sgx-dcap'],
    token_policies: 'web',
  });
  const login = async (mint: Mint): Promise<number> => {
    const body = await loginBody(newWorkload(), mint, 'enclave');
    return (await server.call('POST', 'auth/attest/login', { token: null, body })).status;
  };
  assert.equal(await login(anEnclave(mrEnclave)), 200);
  assert.equal(await login(anEnclave(new Uint8Array(32))), 403);
  assert.equal(await login(aTd(MR_TD)), 403);
});

test('the simulated vendor is believed by nobody who was not told to', async () => {
  const strict = await startServer();
  try {
    const call = async (path: string, body: unknown) =>
      (await strict.call('POST', path, { body })).json;
    await call('sys/auth/attest', { type: 'attest' });
    const { data } = await call('auth/attest/policy', {
      policy: { name: 'p', formats: { 'tdx-dcap': {} } },
    });
    await call('auth/attest/role/web', { policy: data.digest });
    const mine = server;
    server = strict;
    const body = await loginBody(newWorkload()).finally(() => {
      server = mine;
    });
    const reply = await strict.call('POST', 'auth/attest/login', { token: null, body });
    assert.equal(reply.status, 403);
    assert.equal(reply.json.data.code, 'collateral-missing');
  } finally {
    await strict.close();
  }
});

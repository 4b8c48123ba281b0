// The attested login against a server that may lie: what the workload sends, and when it stops.
import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { after, test } from 'node:test';
import { NodeTransport } from '@vouchsafe/client/node';
import type { Attester } from './attesters/attester.js';
import { loginProofBytes, reportData } from './binding-bytes.js';
import { parseServerIdentity } from './challenge.js';
import { type LoginSettings, logIn } from './login.js';
import {
  type Change,
  type Members,
  publicKeyOf,
  StubLoginServer,
} from './testing/stub-login-server.js';

const servers: StubLoginServer[] = [];
after(() => {
  for (const server of servers) server.close();
});

interface Scene {
  readonly server: StubLoginServer;
  readonly settings: LoginSettings;
  readonly collected: Uint8Array[];
}

async function scene(more: Partial<LoginSettings> = {}): Promise<Scene> {
  const server = new StubLoginServer();
  servers.push(server);
  const collected: Uint8Array[] = [];
  const attester: Attester = {
    name: 'fake',
    format: 'tdx-dcap',
    async collect(data) {
      collected.push(data);
      return {
        evidence: { type: 'application/vnd.vouchsafe.tdx-dcap', value: Buffer.from('quote') },
        endorsements: [{ type: 'application/x', value: Buffer.from('table') }],
      };
    },
  };
  const transport = new NodeTransport({ address: await server.start() });
  const settings = {
    transport,
    attester,
    role: 'web',
    mount: 'attest',
    serverIdentity: null,
    binding: 'auto',
    timeoutMs: 5000,
    clock: () => 1_700_000_000_000,
    ...more,
  } as const;
  return { server, settings, collected };
}

const texts = ({ server }: Scene): string[] => server.calls.map(({ text }) => text);

test('evidence is over challenge, mount, role, server and key, and the key signs for it', async () => {
  const it = await scene();
  const session = await logIn(it.settings);
  assert.deepEqual(texts(it), ['POST auth/attest/challenge', 'POST auth/attest/login']);
  const body = it.server.calls[1]?.body ?? {};
  const report = reportData({
    challenge: Buffer.from(String(body.challenge), 'base64url'),
    mount: 'auth/attest/',
    role: 'web',
    serverIdentity: it.server.identity.name,
    publicKey: Buffer.from(String(body.public_key), 'base64url'),
    exporter: Buffer.alloc(0),
  });
  assert.deepEqual(Buffer.from(it.collected[0] ?? []), report);
  const key = publicKeyOf(String(body.public_key));
  const proof = Buffer.from(String(body.proof), 'base64url');
  const signed = loginProofBytes(report);
  assert.ok(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, proof));
  assert.deepEqual(body.evidence, ['application/vnd.vouchsafe.tdx-dcap', 'cXVvdGU']);
  assert.deepEqual(body.endorsements, [['application/x', 'dGFibGU']]);
  assert.equal(body.binding, 'key');
  assert.equal(body.ticket, 'dGlja2V0');
  assert.equal(session.token.toString(), 'hvs.stub');
  assert.deepEqual(session.lease, { ttlSeconds: 60, isRenewable: true });
});

test('each login has a key of its own', async () => {
  const it = await scene();
  await logIn(it.settings);
  await logIn(it.settings);
  assert.notEqual(it.server.calls[1]?.body.public_key, it.server.calls[3]?.body.public_key);
});

test('requests of the session carry token and proof, and the token is gone after wipe', async () => {
  const it = await scene();
  const session = await logIn(it.settings);
  await assert.rejects(session.read('secret/data/web'), { code: 'server-refused' });
  const { headers } = it.server.calls[2] ?? assert.fail();
  assert.equal(headers['x-vault-token'], 'hvs.stub');
  assert.equal(String(headers['x-vault-proof']).length, 221);
  session.wipe();
  assert.ok(session.token.every((byte) => byte === 0));
});

const offsets: readonly (readonly [string, number, number])[] = [
  ['on time', 0, 0],
  ['ten seconds late', -10_000, -10_000],
  ['two hours late', -7_200_000, 0],
  ['a day ahead', 86_400_000, 0],
];
for (const [name, ours, proven] of offsets) {
  test(`a proof is in the server’s minute when the clock here is ${name}`, async () => {
    const server = Date.parse('2026-01-01T00:00:00.000Z');
    const it = await scene({ clock: () => server + ours });
    const session = await logIn(it.settings);
    await assert.rejects(session.read('secret/data/web'));
    const proof = String(it.server.calls[2]?.headers['x-vault-proof']);
    const stamp = Buffer.from(proof.split('.')[1] ?? '', 'base64url').readBigUInt64BE();
    assert.equal(Number(stamp), server + proven);
  });
}

test('a pinned server is asked for its name first', async () => {
  const it = await scene();
  const pinned = { ...it.settings, serverIdentity: it.server.identity.name };
  await logIn(pinned);
  assert.equal(texts(it)[0], 'GET auth/attest/server');
});

const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherSpki = other.publicKey.export({ format: 'der', type: 'spki' });

test('another server than the pinned one hears nothing, not even the role', async () => {
  const it = await scene({ serverIdentity: Buffer.alloc(32, 1) });
  await assert.rejects(logIn(it.settings), { code: 'server-identity-mismatch' });
  assert.deepEqual(texts(it), ['GET auth/attest/server']);
  assert.deepEqual(it.collected, []);
});

test('a server that shows the pinned name and then signs with another key is refused', async () => {
  const it = await scene();
  it.server.changes.challenge = (data) => ({
    ...data,
    identity_key: otherSpki.toString('base64'),
  });
  const settings = { ...it.settings, serverIdentity: it.server.identity.name };
  await assert.rejects(logIn(settings), { code: 'answer-malformed' });
  assert.deepEqual(it.collected, []);
});

const resign =
  (mount: string, role: string, time: string | null): ((it: Scene) => Change) =>
  ({ server }) =>
  (data) => ({
    ...data,
    signature: server.signChallenge(
      String(data.challenge),
      mount,
      role,
      time ?? String(data.server_time),
      server.identity.key,
    ),
  });
const replace =
  (members: Members): ((it: Scene) => Change) =>
  () =>
  (data) => ({ ...data, ...members });

const challenges: Readonly<Record<string, readonly [(it: Scene) => Change, string]>> = {
  'signed for another role': [resign('auth/attest/', 'db', null), 'challenge-signature'],
  'signed for another mount': [resign('auth/other/', 'web', null), 'challenge-signature'],
  'signed at another time': [resign('auth/attest/', 'web', 'never'), 'challenge-signature'],
  'signed by another key': [
    ({ server }) =>
      (data) => ({
        ...data,
        signature: server.signChallenge(
          String(data.challenge),
          'auth/attest/',
          'web',
          String(data.server_time),
          other.privateKey,
        ),
      }),
    'challenge-signature',
  ],
  'of another mount': [replace({ mount: 'auth/other/' }), 'answer-malformed'],
  'of another binding profile': [replace({ binding_profile: 'none' }), 'binding-profile-unknown'],
  'that was exchanged': [
    replace({ challenge: Buffer.alloc(32).toString('base64url') }),
    'challenge-signature',
  ],
  'that is too short': [replace({ challenge: 'AAAA' }), 'answer-malformed'],
  'with padding': [replace({ signature: `${'A'.repeat(86)}==` }), 'answer-malformed'],
  'without a signature': [replace({ signature: null }), 'answer-malformed'],
  'with a name that is not its key’s': [replace({ server_identity: '00' }), 'answer-malformed'],
  'with a key that is none': [replace({ identity_key: 'AAAA' }), 'answer-malformed'],
  'with another key': [replace({ identity_key: otherSpki.toString('base64') }), 'answer-malformed'],
  'that is no object': [() => () => [200, { data: [] }], 'answer-malformed'],
  'that is no JSON': [() => () => [200, '<html>'], 'answer-malformed'],
  'that is a refusal': [() => () => [403, { errors: ['permission denied'] }], 'attest-not-mounted'],
  'that is a page of a proxy': [() => () => [502, '<html>'], 'server-refused'],
};
for (const [name, [change, code]] of Object.entries(challenges)) {
  test(`no evidence is made for a challenge ${name}`, async () => {
    const it = await scene();
    it.server.changes.challenge = change(it);
    await assert.rejects(logIn(it.settings), { code });
    assert.deepEqual(it.collected, []);
    assert.equal(it.server.calls.length, 1);
  });
}

const refusal = (code: unknown, id: unknown) => (): readonly [number, unknown] => [
  403,
  { errors: ['attestation refused'], data: { code, decision_id: id } },
];

test('a refusal names code and decision, and the next step', async () => {
  const it = await scene();
  it.server.changes.login = refusal('debug', 'D7');
  await assert.rejects(logIn(it.settings), {
    name: 'AttestationRefusedError',
    code: 'debug',
    decisionId: 'D7',
    message: 'attestation refused: debug (decision D7)',
    hint: 'an operator sees the reasons with "vouchsafe attest explain D7"',
  });
});

test('a refusal cannot move the cursor', async () => {
  const it = await scene();
  it.server.changes.login = refusal('x\u001b[2J', 'y\n');
  await assert.rejects(logIn(it.settings), { message: 'attestation refused: x?[2J (decision y?)' });
});

const answers: Readonly<Record<string, readonly [(it: Scene) => void, string]>> = {
  'without a token': [
    ({ server }) => (server.auth = { ...server.auth, client_token: '' }),
    'answer-malformed',
  ],
  'with a token that cannot be a header': [
    ({ server }) => (server.auth = { ...server.auth, client_token: 'a\r\nb' }),
    'answer-malformed',
  ],
  'without a lifetime': [
    ({ server }) => (server.auth = { ...server.auth, lease_duration: null }),
    'answer-malformed',
  ],
  'that does not affirm': [
    ({ server }) => (server.attestation = { status: 'warning' }),
    'answer-malformed',
  ],
  'that delivers LD_PRELOAD': [
    ({ server }) =>
      (server.provision = { env: [{ name: 'LD_PRELOAD', path: 'secret/x', field: 'y' }] }),
    'provision-refused',
  ],
};
for (const [name, [change, code]] of Object.entries(answers)) {
  test(`a login is not taken from an answer ${name}`, async () => {
    const it = await scene();
    change(it);
    await assert.rejects(logIn(it.settings), { code });
  });
}

test('over plain http there is no binding to the connection', async () => {
  const it = await scene({ binding: 'exporter' });
  await assert.rejects(logIn(it.settings), { code: 'exporter-unavailable' });
  assert.deepEqual(texts(it), []);
});

for (const address of ['http://example.org', 'http://10.0.0.1:8200', 'http://127.0.0.1.example']) {
  test(`secrets are not taken from ${address}`, async () => {
    const it = await scene({ transport: new NodeTransport({ address }) });
    await assert.rejects(logIn(it.settings), { code: 'plain-http' });
  });
}

test('a server that is not there is named', async () => {
  const transport = new NodeTransport({ address: 'http://127.0.0.1:1' });
  const it = await scene({ transport });
  await assert.rejects(logIn(it.settings), { code: 'server-unreachable' });
});

test('a pin may be written as people write fingerprints', () => {
  const hex = '0aff'.repeat(16);
  const want = Buffer.from(hex, 'hex');
  const colons = hex.toUpperCase().match(/../g)?.join(':') ?? '';
  for (const text of [hex, ` ${hex}\n`, colons, `sha256:${hex}`]) {
    assert.deepEqual(parseServerIdentity(text), want);
  }
  for (const text of ['', 'x', hex.slice(2), `${hex}00`, `${hex.slice(1)}g`]) {
    assert.throws(() => parseServerIdentity(text), { code: 'server-identity-pin' });
  }
});

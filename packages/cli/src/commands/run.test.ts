// The whole story with the real server and the real command, over TLS: an attested workload gets what its role says,
// and nobody else does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NodeTransport } from '@vouchsafe/client/node';
import { openAttester } from '@vouchsafe/shim';
import { DcapCa } from '@vouchsafe/verifier/testing';
import { type Operator, operatorWith, writeScript } from '../testing/operator.js';
import { overhearLogin } from '../testing/overheard-login.js';
import { startRealServer } from '../testing/real-server.js';
import { bin, newFolder, type Outcome, runVouchsafe } from '../testing/stub-server.js';

const skip = existsSync('/dev/shm') ? false : 'no /dev/shm on this machine';
const secret = 'correct-horse-ü-"battery"';
const key = Buffer.from([0, 1, 2, 255, 254, 10]);

interface Scene {
  readonly env: Readonly<Record<string, string>>;
  readonly operator: Operator;
  readonly tee: string;
  readonly memory: string;
  readonly identity: string;
  /** A script that shows what it got. */
  readonly app: string;
}
let scene: Scene;
let stop: () => Promise<unknown> = async () => undefined;

const appText = `#!/bin/sh
printf '%s|' "$DB_PASSWORD" "$1"
cat "$2" | od -An -tx1 | tr -d ' \\n'
printf '|'
stat -c %a "$2"
`;

async function writeRoles(operator: Operator, app: string, memory: string): Promise<void> {
  const file = join(memory, 'app', 'key');
  const measured = await operator.must(['attest', 'measure', '--', app, 'word', file]);
  const values = JSON.parse(measured) as unknown;
  const reference = await operator.writeDocument('reference-values', { values, label: 'app' });
  const policy = await operator.writeDocument('policy', {
    policy: { name: 'tdx', formats: { 'tdx-dcap': {} } },
  });
  const provision = {
    env: [{ name: 'DB_PASSWORD', path: 'secret/data/web', field: 'password' }],
    files: [
      {
        path: file,
        mode: '0400',
        secret_path: 'secret/data/web',
        field: 'key',
        encoding: 'base64',
      },
    ],
  };
  await operator.writeRole('web', {
    policy,
    reference_values: [reference],
    token_policies: ['web'],
    required_binding: 'exporter',
    provision,
  });
  await operator.writeRole('any', { policy, token_policies: ['web'] });
  await operator.writeRole('bearer', { policy, token_policies: ['web'], token_binding: 'none' });
  const outside = { ...provision.files[0], path: '/etc/vouchsafe-test-key' };
  const provisionOutside = { files: [outside] };
  await operator.writeRole('outside', {
    policy,
    token_policies: ['web'],
    provision: provisionOutside,
  });
  await operator.writeRole('poor', { policy, token_policies: ['default'], provision });
}

before(async () => {
  if (skip) return;
  const tee = join(newFolder(), 'tee');
  const server = await startRealServer(['-dev-tls', `-dev-tee=${tee}`, '-dev-no-store-token']);
  const env = { VAULT_ADDR: server.address, VAULT_CACERT: server.caFile };
  const root = { ...env, VAULT_TOKEN: server.rootToken };
  const operator = operatorWith(root);
  const memory = mkdtempSync('/dev/shm/vouchsafe-run-');
  const app = writeScript(appText);
  stop = async () => {
    rmSync(memory, { recursive: true, force: true });
    await server.stop();
  };
  await operator.must(['auth', 'enable', 'attest']);
  const data = { password: secret, key: key.toString('base64') };
  await operator.must(['kv', 'put', 'secret/web', '-'], JSON.stringify(data));
  const rule = 'path "secret/data/web" { capabilities = ["read"] }';
  await operator.must(['policy', 'write', 'web', '-'], rule);
  await writeRoles(operator, app, memory);
  const identity = await operator.must(['read', '-field=server_identity', 'auth/attest/server']);
  scene = { env: root, operator, tee, memory, identity, app };
});
after(() => stop());

/** Without a token: a workload has none. */
function workloadEnv(): Record<string, string> {
  const { VAULT_TOKEN: _, ...env } = scene.env;
  return env;
}

function run(
  role: string,
  command: readonly string[],
  flags: readonly string[] = [],
): Promise<Outcome> {
  const args = ['run', `-role=${role}`, `-simulated-tee=${scene.tee}`, ...flags, '--', ...command];
  return runVouchsafe(args, { env: workloadEnv() });
}

const files = (): string => join(scene.memory, 'app', 'key');
const nothingLeft = (): void => assert.deepEqual(readdirSync(scene.memory), []);

describe('an attested workload', { skip }, () => {
  test('gets its variable and its file, and nothing is left afterwards', async () => {
    const flags = [`-server-identity=${scene.identity}`];
    const outcome = await run('web', [scene.app, 'word', files()], flags);
    assert.equal(outcome.out, `${secret}|word|${key.toString('hex')}|400\n`, outcome.err);
    assert.equal(outcome.code, 0);
    assert.match(outcome.err, /SIMULATED/);
    assert.ok(!outcome.err.includes(secret));
    nothingLeft();
  });

  test('that was tampered with gets a refusal, and the operator the reason', async () => {
    const tampered = writeScript(`${appText}echo leaked\n`);
    const outcome = await run('web', [tampered, 'word', files()]);
    assert.equal(outcome.code, 125);
    assert.equal(outcome.out, '');
    const id = /attestation refused: reference-mismatch \(decision (\S+)\)/.exec(outcome.err)?.[1];
    assert.ok(id !== undefined, outcome.err);
    assert.match(outcome.err, new RegExp(`vouchsafe attest explain ${id}`));
    const reason = await scene.operator.must(['attest', 'explain', id]);
    assert.match(reason, /Outcome +refused\n/);
    assert.match(
      reason,
      /reference-mismatch: workload "workload": rtmr3 is not as required\n {2}claim/,
    );
    assert.match(reason, /\n {2}seen +"?[0-9a-f]{96}/);
    nothingLeft();
  });

  test('is known by its words too', async () => {
    const outcome = await run('web', [scene.app, 'other word', files()]);
    assert.match(outcome.err, /reference-mismatch/);
    assert.equal(outcome.code, 125);
  });

  const refused: Readonly<Record<string, readonly [string, () => string[], RegExp]>> = {
    'binding to the key alone where the connection is asked for': [
      'web',
      () => ['-binding=key'],
      /attestation refused: binding-too-weak/,
    ],
    'an unknown role': ['nosuch', () => [], /attestation refused: role-unknown/],
    'another server than the pinned one': [
      'web',
      () => [`-server-identity=${'00'.repeat(32)}`],
      /server-identity-mismatch/,
    ],
    'a pin that is none': ['web', () => ['-server-identity=abc'], /server-identity-pin/],
    'a method that is not mounted': ['web', () => ['-mount=nosuch'], /attest-not-mounted/],
    'a vendor that the server does not know': [
      'web',
      () => [`-simulated-tee=${newFolder()}`],
      /simulated-tee-absent/,
    ],
    'hardware that is not there': [
      'web',
      () => ['-attester=configfs-tsm', '-tsm-path=/nosuch'],
      /tsm-absent/,
    ],
    'a file outside of the allowed folders': ['outside', () => [], /file-folder-not-allowed/],
    'a secret that its policies do not allow': ['poor', () => [], /secret-refused/],
    'a server certificate of nobody known': ['web', () => ['-ca-cert=/dev/null'], /CA certificate/],
    'a namespace': ['web', () => ['-namespace=x'], /-namespace/],
  };
  for (const [name, [role, flags, err]] of Object.entries(refused)) {
    test(`is not started with ${name}`, async () => {
      const outcome = await run(role, [scene.app, 'word', files()], flags());
      assert.match(outcome.err, err);
      assert.equal(outcome.code, 125);
      assert.equal(outcome.out, '');
      nothingLeft();
      assert.equal(existsSync('/etc/vouchsafe-test-key'), false);
    });
  }
});

describe('the command', { skip }, () => {
  const codes: Readonly<Record<string, readonly [readonly string[], number]>> = {
    'its exit code': [['sh', '-c', 'exit 7'], 7],
    'its death by a signal': [['sh', '-c', 'kill -KILL $$'], 137],
    'that it was not found': [['nosuch-command'], 127],
    'that it cannot be executed': [['/etc/passwd'], 126],
  };
  for (const [name, [command, code]] of Object.entries(codes)) {
    test(`passes on ${name}`, async () => {
      const outcome = await run('any', command);
      assert.equal(outcome.code, code, outcome.err);
    });
  }

  test('reads standard input and keeps its arguments apart', async () => {
    const args = ['run', '-role=any', `-simulated-tee=${scene.tee}`, '--', 'sh', '-c'];
    const script = 'read line; printf "%s,%s,%s" "$line" "$1" "$2"';
    const outcome = await runVouchsafe([...args, script, 'sh', '-role=x', 'a b'], {
      env: workloadEnv(),
      input: 'typed\n',
    });
    assert.equal(outcome.out, 'typed,-role=x,a b', outcome.err);
  });

  test('a missing role ends with 125, not with what could be its own code', async () => {
    const outcome = await runVouchsafe(['run', '--', 'true'], { env: workloadEnv() });
    assert.deepEqual([outcome.code, /-role must be given/.test(outcome.err)], [125, true]);
  });
});

/** Starts a workload that says what it gets, and hands its lines over one by one. */
function start(role: string, script: string) {
  const args = ['run', `-role=${role}`, `-simulated-tee=${scene.tee}`, '--', 'node', '-e', script];
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH ?? '', ...workloadEnv() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let waiting: (() => void) | null = null;
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
    waiting?.();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting = () => out.includes(text) && resolve();
      waiting();
      void ended.then(() => reject(new Error(`ended before it said ${text}: ${out}`)));
    });
  return { child, ended, until, output: () => out };
}

const listening = `
  for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGINT', 'SIGWINCH'])
    process.on(signal, () => console.log(signal));
  process.on('SIGTERM', () => process.exit(33));
  setInterval(() => {}, 1000);
  console.log('pid', process.pid, 'up');
`;

describe('signals', { skip }, () => {
  test('reach the workload, and its answer comes back', async () => {
    const { child, ended, until } = start('any', listening);
    await until('up');
    for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGINT', 'SIGWINCH'] as const) {
      child.kill(signal);
      await until(signal);
    }
    child.kill('SIGTERM');
    assert.equal(await ended, 33);
  });

  test('that kill the workload end the command as 128 + n, and the file goes', async () => {
    const { child, ended, until } = start('any', "console.log('up'); setInterval(() => {}, 1000)");
    await until('up');
    child.kill('SIGTERM');
    assert.equal(await ended, 143);
    nothingLeft();
  });
});

test('a signal before the workload ends the command at once', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const connected = new Promise<void>((resolve) => silent.once('connection', () => resolve()));
  const tee = join(newFolder(), 'simulated-tee.json');
  writeFileSync(tee, DcapCa.create({ now: new Date() }).toJson());
  const { port } = silent.address() as AddressInfo;
  const args = ['run', '-role=x', `-simulated-tee=${tee}`, `-address=http://127.0.0.1:${port}`];
  const child = spawn(process.execPath, [bin, ...args, '--', 'true'], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString();
  });
  const ended = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
  await connected;
  child.kill('SIGTERM');
  assert.equal(await ended, 'SIGTERM');
  assert.match(err, /SIGTERM: stopped before the command was started/);
  silent.close();
});

test('no secret and no token is on a command line or in the shim’s environment', {
  skip,
}, async (t) => {
  const script = writeScript(`${appText}echo up\nwhile :; do sleep 0.2; done\n`);
  const { operator } = scene;
  const role = JSON.parse(
    await operator.must(['read', '-format=json', 'auth/attest/role/web']),
  ) as {
    data: Record<string, unknown>;
  };
  const measured = await operator.must(['attest', 'measure', '--', script, 'word', files()]);
  const values = JSON.parse(measured) as unknown;
  const reference = await operator.writeDocument('reference-values', { values });
  const wider = { ...role.data, reference_values: [reference] };
  await operator.writeRole('proc', wider);
  const args = ['run', '-role=proc', `-simulated-tee=${scene.tee}`, '--', script, 'word', files()];
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH ?? '', ...workloadEnv() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  // Also after a failure: what it was given must not stay for the tests behind this one.
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let out = '';
  for await (const part of child.stdout as AsyncIterable<Buffer>) {
    out += part.toString();
    if (out.includes('up\n')) break;
  }
  assert.ok(out.includes(secret));
  const shim = String(child.pid);
  const workload = readFileSync(`/proc/${shim}/task/${shim}/children`, 'utf8').trim();
  assert.match(workload, /^\d+$/);
  for (const file of [`${shim}/cmdline`, `${shim}/environ`, `${workload}/cmdline`]) {
    const text = readFileSync(`/proc/${file}`, 'utf8');
    assert.ok(text.length > 0);
    assert.ok(!text.includes('correct-horse') && !text.includes('hvs.'), file);
  }
  assert.ok(readFileSync(`/proc/${workload}/environ`, 'utf8').includes(secret));
  assert.equal(existsSync(files()), true);
  child.kill('SIGTERM');
  assert.equal(await ended, 143);
  nothingLeft();
});

test('a login that was overheard cannot be sent again', { skip }, async () => {
  const { VAULT_ADDR: address = '', VAULT_CACERT: caFile = '' } = scene.env;
  const transport = new NodeTransport({ address, tls: { caFile } });
  const settings = {
    tsmPath: '/nosuch',
    graminePath: '/nosuch',
    simulatedTee: scene.tee,
    simulatedFormat: 'tdx-dcap',
    command: ['true'],
    env: process.env,
    clock: () => Date.now(),
  } as const;
  const attester = await openAttester('simulated', settings);
  const { session, overheard } = await overhearLogin(transport, attester, 'any');
  assert.match(session.token.toString(), /^hvs\./);
  const answer = await transport.request(overheard);
  assert.equal(answer.status, 403);
  assert.match(answer.body.toString(), /challenge-used/);
  transport.close();
});

describe('a token of an attested login', { skip }, () => {
  const logIn = async (role: string): Promise<string> => {
    const args = ['attest', 'login', '-token-only', `-role=${role}`, `-simulated-tee=${scene.tee}`];
    const { out, err, code } = await runVouchsafe([...args, '--', 'true'], { env: workloadEnv() });
    assert.equal(code, 0, err);
    return out;
  };
  const readWith = (token: string): Promise<Outcome> =>
    runVouchsafe(['read', '-field=data', 'secret/data/web'], {
      env: { ...workloadEnv(), VAULT_TOKEN: token },
    });

  test('opens nothing without the key it is bound to', async () => {
    const outcome = await readWith(await logIn('any'));
    assert.equal(outcome.code, 2);
    assert.match(outcome.err, /Code: 403/);
  });

  test('is a bearer token where the role says so', async () => {
    const outcome = await readWith(await logIn('bearer'));
    assert.equal(outcome.code, 0, outcome.err);
    assert.match(outcome.out, /correct-horse/);
  });

  test('comes with its decision when it is shown', async () => {
    const args = ['attest', 'login', '-format=json', '-role=web', `-simulated-tee=${scene.tee}`];
    const { out, err } = await runVouchsafe([...args, '--', scene.app, 'word', files()], {
      env: workloadEnv(),
    });
    const { data } = JSON.parse(out) as { data: Record<string, unknown> };
    assert.equal(data.binding, 'exporter', err);
    assert.match(
      await scene.operator.must(['attest', 'explain', String(data.decision_id)]),
      /accepted/,
    );
  });
});

// `npm start`: sets up a fresh clone, then shows the main job with the real server, shim and command as child
// processes over the real HTTP API. Stays up afterwards; `npm start -- --once` ends when it is done.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { call, must } from './demo/api.js';
import { findRecordedBody, startEavesdropper } from './demo/eavesdropper.js';
import { freePort, run, startServer } from './demo/processes.js';
import { root, setUp } from './setup.js';

const PORT = 8200;
const ROOT_TOKEN = 'root';
const once = process.argv.includes('--once');
const color = process.stdout.isTTY
  ? (code, text) => `\x1b[${code}m${text}\x1b[0m`
  : (_, text) => text;
const say = (text = '') => process.stdout.write(`${text}\n`);
const title = (number, text) => say(`\n${color(1, `${number}. ${text}`)}`);
const indent = (line) => say(`   | ${line}`);

/** What the role provisions must lie in memory: the shim writes files there only. */
function memoryFolder(scratch) {
  const folder = existsSync('/dev/shm')
    ? mkdtempSync('/dev/shm/vouchsafe-demo-')
    : join(scratch, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function prepareServer(port, scratch) {
  const tee = join(scratch, 'tee');
  const child = await startServer(
    [
      '-dev',
      `-dev-root-token-id=${ROOT_TOKEN}`,
      `-dev-listen-address=127.0.0.1:${port}`,
      `-dev-storage=${join(scratch, 'data')}`,
      `-dev-tee=${tee}`,
      '-dev-no-store-token',
    ],
    {},
  );
  return { child, tee };
}

async function measureWorkload(format, files) {
  const command = [process.execPath, files.workload, files.key];
  const flags = [`-simulated-format=${format}`];
  const measured = await run(['attest', 'measure', ...flags, '--', ...command], {});
  if (measured.code !== 0) throw new Error(`measuring the workload failed:\n${measured.output}`);
  return JSON.parse(measured.output.slice(measured.output.indexOf('{')));
}

async function writeSecretAndRole(address, files) {
  const token = ROOT_TOKEN;
  const secret = {
    password: 'correct-horse-battery-staple',
    key: 'not a real key, but treated like one',
  };
  await must(address, 'PUT', 'secret/data/web', { token, body: { data: secret } });
  await must(address, 'PUT', 'sys/policies/acl/web', {
    token,
    body: { policy: 'path "secret/data/web" { capabilities = ["read"] }' },
  });
  await must(address, 'POST', 'sys/auth/attest', { token, body: { type: 'attest' } });
  const put = async (path, body) =>
    (await must(address, 'POST', `auth/attest/${path}`, { token, body })).data.digest;
  const references = [];
  for (const format of ['tdx-dcap', 'sev-snp']) {
    const values = await measureWorkload(format, files);
    references.push(await put('reference-values', { values, label: `workload, ${format}` }));
  }
  const policy = await put('policy', {
    policy: { name: 'web', formats: { 'tdx-dcap': {}, 'sev-snp': {} } },
    label: 'TDX or SEV-SNP, up to date, not debuggable',
  });
  await must(address, 'POST', 'auth/attest/role/web', {
    token,
    body: {
      policy,
      reference_values: references,
      token_policies: ['web'],
      token_ttl: '10m',
      provision: {
        env: [{ name: 'DATABASE_PASSWORD', path: 'secret/data/web', field: 'password' }],
        files: [{ path: files.key, secret_path: 'secret/data/web', field: 'key' }],
      },
    },
  });
  return { policy, references };
}

function shimFlags(identity, tee, folder) {
  return [
    'run',
    '-role=web',
    '-attester=simulated',
    `-simulated-tee=${tee}`,
    `-server-identity=${identity}`,
    `-allow-folder=${folder}`,
  ];
}

async function showGenuine(flags, env, files) {
  title(3, 'The workload attests, gets its secrets, and starts');
  const command = ['--', process.execPath, files.workload, files.key];
  const { code } = await run([...flags, ...command], env, indent);
  if (code !== 0) throw new Error(`the genuine workload ended with ${code}`);
  if (existsSync(files.key)) throw new Error('the delivered file is still there');
  say('   The file is gone again, and the token was revoked.');
  const other = await run([...flags, '-simulated-format=sev-snp', ...command], env);
  if (other.code !== 0) throw new Error(`as a SEV-SNP guest it was refused:\n${other.output}`);
  say('   That was TDX. As a SEV-SNP guest, by the values for that one, it got them too.');
}

async function showTampered(address, flags, env, files, scratch) {
  title(4, 'A copy of the workload with one line changed');
  const tampered = join(scratch, 'workload.js');
  writeFileSync(tampered, `${readFileSync(files.workload, 'utf8')}console.log(password);\n`);
  const result = await run([...flags, '--', process.execPath, tampered, files.key], env, indent);
  const id = /decision ([0-9a-f-]{20,})/.exec(result.output)?.[1];
  if (result.code === 0 || id === undefined)
    throw new Error('the tampered workload was not refused');
  const answer = await must(address, 'GET', `auth/attest/decision/${id}`, { token: ROOT_TOKEN });
  say('   What the operator sees of it:');
  for (const fault of answer.data.faults) {
    indent(`${fault.code}: ${fault.claim}`);
    indent(`  expected ${fault.expected.slice(0, 60)}…`);
    indent(`  seen     ${fault.seen.slice(0, 60)}…`);
  }
  return id;
}

async function showReplay(address, seen) {
  title(5, 'The owner of the machine replays the login it has overheard');
  const body = findRecordedBody(seen, '/v1/auth/attest/login');
  if (body === null) throw new Error('no login was recorded');
  const answer = await call(address, 'PUT', 'auth/attest/login', { body });
  if (answer.status < 400) throw new Error('the replayed login was accepted');
  indent(`${answer.status} ${answer.body.errors.join('; ')}`);
}

function showNext(address, id, flags, files) {
  const command = relative(process.cwd(), join(root, 'node_modules', '.bin', 'vouchsafe'));
  const env = `VAULT_ADDR=${address} VAULT_TOKEN=${ROOT_TOKEN}`;
  title(6, 'Now it is yours');
  say(`   Address     ${address}`);
  say(`   Root token  ${ROOT_TOKEN}`);
  say('\n   Try (in another terminal, from this folder):');
  say(`   ${env} ${command} kv get secret/web`);
  say(`   ${env} ${command} attest explain ${id}`);
  say(
    `   VAULT_ADDR=${address} ${command} ${flags.join(' ')} -- node ${relative(process.cwd(), files.workload)} ${files.key}`,
  );
}

async function demonstrate(scratch, cleanups) {
  title(1, 'A development server on an embedded store');
  const port = await freePort(PORT);
  if (port !== PORT) say(`   Port ${PORT} is taken by another process: using ${port}.`);
  const { child, tee } = await prepareServer(port, scratch);
  cleanups.push(() => stop(child));
  const address = `http://127.0.0.1:${port}`;
  say(`   It listens on ${address} and accepts a SIMULATED TEE: for trying things out only.`);

  title(2, 'A secret, and a role that says which workload gets it');
  const folder = memoryFolder(scratch);
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const files = {
    workload: join(root, 'tools', 'demo', 'workload.js'),
    key: join(folder, 'service.key'),
  };
  const { policy, references } = await writeSecretAndRole(address, files);
  say('   secret/web holds a password and a key.');
  say(
    `   Role "web": appraisal policy ${policy.slice(0, 19)}…, reference values ${references[0].slice(0, 19)}…`,
  );

  const server = await must(address, 'GET', 'auth/attest/server');
  const flags = shimFlags(server.data.server_identity, tee, folder);
  const spy = await startEavesdropper(port);
  cleanups.push(() => spy.close());
  const env = { VAULT_ADDR: `http://127.0.0.1:${spy.port}`, VAULT_TOKEN: '' };
  await showGenuine(flags, env, files);
  const seen = [...spy.seen];
  const id = await showTampered(address, flags, env, files, scratch);
  await showReplay(address, seen);
  spy.close();
  if (!once) showNext(address, id, flags, files);
  return child;
}

function stop(child) {
  if (child.exitCode !== null) return Promise.resolve();
  child.removeAllListeners('exit');
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.on('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

function untilInterrupted(child) {
  say('\n   The server stays up. Ctrl-C ends it.');
  return new Promise((resolve, reject) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    child.removeAllListeners('exit');
    // Ctrl-C reaches the server too: give our own handler the first word.
    child.once('exit', (code) =>
      setTimeout(() => reject(new Error(`the server ended by itself with ${code}`)), 500),
    );
  });
}

setUp();
const scratch = mkdtempSync(join(tmpdir(), 'vouchsafe-demo-'));
const cleanups = [() => rmSync(scratch, { recursive: true, force: true })];
let failure = null;
try {
  const child = await demonstrate(scratch, cleanups);
  if (!once) await untilInterrupted(child);
} catch (error) {
  failure = error;
}
for (const cleanup of cleanups.reverse()) await cleanup();
if (failure !== null) {
  process.stderr.write(`\nFAILED: ${failure instanceof Error ? failure.message : failure}\n`);
  process.exit(1);
}
say(once ? '\nAll of it worked.' : '\nThe server has ended; nothing is left behind.');
process.exit(0);

// Attested logins, whole: challenge, fresh key, evidence, login. The evidence is of the simulated TEE, so the server is
// a -dev server with its data on disk; making the evidence is the load's work, on the load's core.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureCommand, toReferenceValues } from '@vouchsafe/shim';
import { ApiClient } from '../../test/harness/api-client.js';
import {
  enableAudit,
  makeTemporaryFolder,
  removeFolder,
  repositoryRoot,
} from '../../test/harness/server-process.js';
import { cpuSeconds } from './load.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const COMMAND = join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js');
/** What the simulated TEE measures; it is never started. */
const WORKLOAD = [process.execPath];

async function startDevServer({ folder, tls, core }) {
  mkdirSync(join(folder, 'tee'), { recursive: true });
  const flags = [
    '-dev',
    '-dev-root-token-id=root',
    '-dev-listen-address=127.0.0.1:0',
    '-dev-no-store-token',
    `-dev-storage=${join(folder, 'data')}`,
    `-dev-tee=${join(folder, 'tee')}`,
    ...(tls ? ['-dev-tls'] : []),
  ];
  const line = ['-c', String(core), process.execPath, COMMAND, 'server', ...flags];
  const child = spawn('taskset', line, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  await new Promise((resolve, reject) => {
    const listen = (chunk) => {
      output += chunk;
      if (/listens on/.test(output)) resolve();
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', () => reject(new Error(`the -dev server ended: ${output}`)));
  });
  return {
    child,
    url: /listens on (\S+)/.exec(output)[1],
    caFile: /VAULT_CACERT='(.*)'/.exec(output)?.[1] ?? null,
  };
}

async function setUpRole(client) {
  const measurement = await measureCommand(WORKLOAD, process.env);
  const values = toReferenceValues(measurement, { name: 'bench', format: 'tdx-dcap' });
  await client.call('POST', 'sys/auth/attest', { type: 'attest' });
  const put = async (path, body) => (await client.call('POST', `auth/attest/${path}`, body)).data;
  const references = await put('reference-values', { values });
  const policy = await put('policy', { policy: { name: 'bench', formats: { 'tdx-dcap': {} } } });
  await client.call('POST', 'auth/attest/role/bench', {
    policy: policy.digest,
    reference_values: [references.digest],
    token_policies: ['default'],
    token_ttl: '10m',
  });
}

/** One row as those of the other requests. */
export async function attestedLogins({ tls, load, core }) {
  const folder = makeTemporaryFolder('attested');
  const { child, url, caFile } = await startDevServer({ folder, tls, core });
  try {
    const ca = caFile === null ? null : readFileSync(caFile);
    const client = new ApiClient({ url, ca, token: 'root' });
    await enableAudit(client, join(folder, 'audit.log'));
    await setUpRole(client);
    client.close();
    const script = join(HERE, 'attested-load.js');
    const args = [url, caFile ?? '', join(folder, 'tee'), String(load.seconds)];
    const line = ['-c', String(load.core), process.execPath, script, ...args];
    const before = cpuSeconds(child.pid);
    const answer = execFileSync('taskset', line, { stdio: ['ignore', 'pipe', 'ignore'] });
    const { count, ...figures } = JSON.parse(answer.toString());
    const cpuMicros = ((cpuSeconds(child.pid) - before) / count) * 1e6;
    return [{ target: 'vouchsafe', name: 'attested login', ...figures, cpuMicros }];
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
    removeFolder(folder);
  }
}

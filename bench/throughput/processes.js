// The servers that are compared, each pinned to one core: a bare one of the same runtime, ours, and a peer.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../../test/harness/api-client.js';
import { freePort } from '../../test/harness/free-port.js';
import {
  certificateFiles,
  enableAudit,
  initialise,
  mountKv,
  ServerProcess,
} from '../../test/harness/server-process.js';

const HELLO = join(dirname(fileURLToPath(import.meta.url)), 'hello-server.js');
const START_ATTEMPTS = 100;

const pin = (core) => ['taskset', '-c', String(core)];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function stopper(child) {
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
  };
}

/** `{url, pid, token, stop}` */
export async function startHello({ folder, tls, core }) {
  const { cert, key } = certificateFiles(folder);
  const line = [...pin(core), process.execPath, HELLO, ...(tls ? [cert, key] : [])];
  const child = spawn(line[0], line.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the hello server ended')));
    child.stdout.on('data', (chunk) => {
      const found = /listens on (\S+)/.exec(chunk.toString());
      if (found !== null) resolve(found[1]);
    });
  });
  return { url, pid: child.pid, token: '', stop: stopper(child) };
}

/** As startHello, and `ca` and `auditFile` or null: file storage, unsealed, KV v2 at secret/. */
export async function startVouchsafe({ folder, tls, core, audit, nodeFlags }) {
  const server = new ServerProcess({ folder, tls, wrapper: pin(core), nodeFlags });
  await server.start();
  const { rootToken } = await initialise(server);
  const client = server.client(rootToken);
  const auditFile = audit ? join(folder, 'audit.log') : null;
  if (auditFile !== null) await enableAudit(client, auditFile);
  await mountKv(client);
  client.close();
  const { url, pid } = server;
  const stop = () => server.stop();
  return { url, pid, ca: tls ? server.ca : null, token: rootToken, auditFile, stop };
}

function peerConfiguration({ folder, tls, port, clusterPort, auditFile }) {
  const { cert, key } = certificateFiles(folder);
  const scheme = tls ? 'https' : 'http';
  const files = tls ? `tls_cert_file = "${cert}"\n  tls_key_file = "${key}"` : 'tls_disable = true';
  const device = `audit "file" "file" {\n  options { file_path = "${auditFile}" }\n}`;
  return `
storage "raft" {
  path = "${join(folder, 'data')}"
  node_id = "one"
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  ${files}
}
api_addr = "${scheme}://127.0.0.1:${port}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
disable_mlock = true
${auditFile === null ? '' : device}
`;
}

async function untilReady(what, attempt) {
  for (let left = START_ATTEMPTS; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw new Error(`${what}: ${error.message}`);
      await pause(100);
    }
  }
}

/** As startVouchsafe, OpenBao with its durable storage (raft, one node: 2.7 has no file storage any more). */
export async function startPeer({ folder, tls, core, audit, program }) {
  mkdirSync(join(folder, 'data'), { recursive: true });
  const [port, clusterPort] = [await freePort(), await freePort()];
  const config = join(folder, 'peer.hcl');
  const auditFile = audit ? join(folder, 'audit.log') : null;
  writeFileSync(config, peerConfiguration({ folder, tls, port, clusterPort, auditFile }));
  const line = [...pin(core), program, 'server', `-config=${config}`];
  // One core, as the others have: more threads than cores only cost it.
  const env = { ...process.env, GOMAXPROCS: '1' };
  const child = spawn(line[0], line.slice(1), { stdio: 'ignore', env });
  const stop = stopper(child);
  try {
    const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
    const ca = tls ? certificateFiles(folder).ca : null;
    const client = new ApiClient({ url, ca });
    const made = await untilReady('peer does not initialise', () =>
      client.call('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 }),
    );
    await client.call('PUT', 'sys/unseal', { key: made.keys_base64[0] });
    client.token = made.root_token;
    await untilReady('peer does not become active', () => mountKv(client));
    await untilReady('KV v2 of the peer is not ready', () =>
      client.call('POST', 'secret/data/ready', { data: { is: 'ready' } }),
    );
    client.close();
    return { url, pid: child.pid, ca, token: made.root_token, auditFile, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

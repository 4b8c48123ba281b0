// A real server in a process of its own, in production mode: file storage, TLS unless told otherwise, sealed until
// somebody unseals it. What the whole-system suites and the benchmarks run against.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mintDevelopmentTls } from '@vouchsafe/verifier/testing';
import { ApiClient } from './api-client.js';

export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const COMMAND = join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js');
const START_TIMEOUT_MS = 30_000;

export function makeTemporaryFolder(name) {
  return mkdtempSync(join(tmpdir(), `vouchsafe-${name}-`));
}

export function removeFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
}

/** Certificate files for 127.0.0.1 in `folder`, made once; gives their paths and the CA's bytes. */
export function certificateFiles(folder) {
  const cert = join(folder, 'tls-cert.pem');
  const key = join(folder, 'tls-key.pem');
  const ca = join(folder, 'tls-ca.pem');
  if (!existsSync(cert)) {
    const minted = mintDevelopmentTls({
      now: new Date(),
      hosts: ['localhost'],
      addresses: ['127.0.0.1'],
    });
    writeFileSync(cert, minted.certificate);
    writeFileSync(key, minted.key, { mode: 0o600 });
    writeFileSync(ca, minted.ca);
  }
  return { cert, key, caFile: ca, ca: readFileSync(ca) };
}

function configuration(folder, tls, data) {
  const { cert, key } = certificateFiles(folder);
  return `
storage "file" { path = ${JSON.stringify(data)} }
listener "tcp" {
  address = "127.0.0.1:0"
  ${tls ? `tls_cert_file = ${JSON.stringify(cert)}` : 'tls_disable = true'}
  ${tls ? `tls_key_file = ${JSON.stringify(key)}` : ''}
}
`;
}

/**
 * `wrapper` is put in front of the command (taskset, prlimit); `nodeFlags` go to node. Data lie in `folder`/data
 * unless `data` names another place, and survive the process.
 */
export class ServerProcess {
  #child = null;
  #options;
  #exited = null;
  output = '';
  url = '';
  ca;
  folder;

  constructor({ folder, tls = true, wrapper = [], nodeFlags = [], data = null }) {
    this.folder = folder;
    this.#options = { tls, wrapper, nodeFlags };
    mkdirSync(folder, { recursive: true });
    this.ca = certificateFiles(folder).ca;
    this.config = join(folder, 'server.hcl');
    writeFileSync(this.config, configuration(folder, tls, data ?? join(folder, 'data')));
  }

  get pid() {
    return this.#child?.pid ?? null;
  }

  /** Resolves when it listens. @throws Error with what the server said when it ends instead */
  async start() {
    const { wrapper, nodeFlags } = this.#options;
    const line = [
      ...wrapper,
      process.execPath,
      ...nodeFlags,
      COMMAND,
      'server',
      `-config=${this.config}`,
    ];
    this.output = '';
    const child = spawn(line[0], line.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => resolve({ code: null, signal: null, error }));
    });
    await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`server did not start: ${this.output}`)),
        START_TIMEOUT_MS,
      );
      const listen = (chunk) => {
        this.output += chunk;
        const found = /listens on (https?:\/\/\S+)/.exec(this.output);
        if (found === null) return;
        this.url = found[1];
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      this.#exited.then(({ code, signal, error }) => {
        clearTimeout(timer);
        reject(new Error(`server ended (${error?.code ?? code ?? signal}): ${this.output}`));
      });
    });
    return this;
  }

  client(token = null, sockets = 16) {
    return new ApiClient({
      url: this.url,
      ca: this.#options.tls ? this.ca : null,
      token,
      sockets,
    });
  }

  /** Ends the process; `SIGKILL` as a crash does. */
  async stop(signal = 'SIGTERM') {
    if (this.#child === null) return null;
    this.#child.kill(signal);
    const outcome = await this.#exited;
    this.#child = null;
    return outcome;
  }

  /** When the process has ended by itself. */
  async untilExit() {
    return await this.#exited;
  }
}

/** A fresh database: one share, unsealed. Gives what opens it again. */
export async function initialise(server) {
  const client = server.client();
  const made = await client.call('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 });
  client.close();
  const opened = { unsealKey: made.keys_base64[0], rootToken: made.root_token };
  await unseal(server, opened.unsealKey);
  return opened;
}

export async function unseal(server, unsealKey) {
  const client = server.client();
  const status = await client.call('PUT', 'sys/unseal', { key: unsealKey });
  client.close();
  if (status.sealed) throw new Error('the share did not unseal the server');
}

export async function mountKv(client, path = 'secret', version = '2') {
  await client.call('POST', `sys/mounts/${path}`, { type: 'kv', options: { version } });
}

/** A file device in the server's folder. */
export async function enableAudit(client, file) {
  await client.call('PUT', 'sys/audit/file', { type: 'file', options: { file_path: file } });
}

// A server with everything that the security suites need: unsealed, a KV mount, users, an audit file, and short ways to
// ask it things. One per suite; closed with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  enableAudit,
  initialise,
  makeTemporaryFolder,
  mountKv,
  removeFolder,
  ServerProcess,
} from './server-process.js';

export class OpenServer {
  process;
  folder;
  rootToken;
  unsealKey;
  auditFile;
  #client;

  async open(name) {
    this.folder = makeTemporaryFolder(name);
    this.auditFile = join(this.folder, 'audit.log');
    this.process = await new ServerProcess({ folder: this.folder }).start();
    Object.assign(this, await initialise(this.process));
    this.#client = this.process.client(this.rootToken);
    await mountKv(this.#client);
    await this.#client.call('POST', 'sys/auth/userpass', { type: 'userpass' });
    await enableAudit(this.#client, this.auditFile);
    return this;
  }

  async close() {
    this.#client?.close();
    await this.process?.stop();
    removeFolder(this.folder);
  }

  /** As the root token unless told otherwise; `token` null sends none. Headers win over what the client makes. */
  async ask(method, path, { body, token = this.rootToken, headers = {} } = {}) {
    const credentials = token === null ? {} : { 'X-Vault-Token': token };
    const anonymous = this.process.client(null);
    try {
      const answer = await anonymous.exchange(method, path, body, { ...credentials, ...headers });
      const text = answer.bytes.toString();
      const json = text.startsWith('{') ? JSON.parse(text) : null;
      return { status: answer.status, headers: answer.headers, text, json };
    } finally {
      anonymous.close();
    }
  }

  /** A token that has this policy and no other. */
  async tokenWith(policy, name = 'suite') {
    await this.#client.call('PUT', `sys/policies/acl/${name}`, { policy });
    const wish = { policies: [name], no_default_policy: true };
    return (await this.#client.call('POST', 'auth/token/create', wish)).auth.client_token;
  }

  async addUser(name, password, settings = {}) {
    await this.#client.call('POST', `auth/userpass/users/${name}`, { password, ...settings });
  }

  async login(name, password) {
    const path = `auth/userpass/login/${encodeURIComponent(name)}`;
    return await this.ask('POST', path, { body: { password }, token: null });
  }

  auditLog() {
    return readFileSync(this.auditFile, 'utf8');
  }
}

/** Opens one for the whole file that calls this, and closes it behind the last test. */
export async function openServer(name) {
  const server = new OpenServer();
  after(() => server.close());
  return await server.open(name);
}

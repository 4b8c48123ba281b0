// What stands before the API on a real server behind a TCP proxy: whose address counts, who is held back before a token
// is looked for, what the operator adds to answers, and the way in for operators who have key shares and no token left.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import {
  initialise,
  makeTemporaryFolder,
  mountKv,
  removeFolder,
  repositoryRoot,
  ServerProcess,
} from './harness/server-process.js';

const LISTENER = `listener "tcp" {
  proxy_protocol_behavior = "allow_authorized"
  proxy_protocol_authorized_addrs = "127.0.0.1"
  disable_unauthed_generate_root_endpoints = false
  custom_response_headers { "4xx" = { "X-Ask" = ["operators@example"] } }
`;

const folder = makeTemporaryFolder('doors');
const server = new ServerProcess({ folder });
let opened;
let client;

before(async () => {
  const text = readFileSync(server.config, 'utf8');
  writeFileSync(server.config, text.replace('listener "tcp" {\n', LISTENER));
  await server.start();
  opened = await initialise(server);
  client = server.client(opened.rootToken);
  await mountKv(client);
});
after(async () => {
  client?.close();
  await server.stop();
  removeFolder(folder);
});

/** One request through a proxy that says it comes from `address`; the head of the answer, '' when it was closed. */
async function ask(address, lines) {
  const { port } = new URL(server.url);
  const raw = net.connect(Number(port), '127.0.0.1');
  raw.write(`PROXY TCP4 ${address} 127.0.0.1 40000 ${port}\r\n`);
  const socket = tls.connect({ socket: raw, ca: server.ca, servername: 'localhost' });
  socket.end([...lines, 'Host: localhost', 'Connection: close', '', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

const READ = ['GET /v1/secret/data/a HTTP/1.1'];

test('a client behind a proxy is held back by its own address, without a token, and told why', async () => {
  await client.call('POST', 'sys/quotas/config', { enable_rate_limit_response_headers: true });
  await client.call('POST', 'sys/quotas/rate-limit/kv', {
    path: 'secret',
    rate: 3,
    interval: '1h',
  });
  const statuses = [];
  for (let count = 0; count < 5; count += 1) {
    statuses.push((await ask('203.0.113.5', READ)).slice(9, 12));
  }
  assert.deepEqual(statuses, ['403', '403', '403', '429', '429']);
  const over = await ask('203.0.113.5', READ);
  assert.match(over, /\r\nRetry-After: \d+\r\n/);
  assert.match(over, /request path \\"secret\/data\/a\\": rate limit quota exceeded/);
  const other = await ask('203.0.113.6', READ);
  assert.match(other, /^HTTP\/1.1 403 /);
  assert.match(other, /\r\nX-Ratelimit-Remaining: 2\r\n/);
  assert.match(other, /\r\nX-Ask: operators@example\r\n/);
  await client.call('DELETE', 'sys/quotas/rate-limit/kv');
  assert.match(await ask('203.0.113.5', READ), /^HTTP\/1.1 403 /);
});

test('a bound token works from the address that the proxy names, and from no other', async () => {
  await client.call('POST', 'auth/token/roles/bound', { token_bound_cidrs: '203.0.113.5/32' });
  const { auth } = await client.call('POST', 'auth/token/create/bound', {});
  const lines = ['GET /v1/auth/token/lookup-self HTTP/1.1', `X-Vault-Token: ${auth.client_token}`];
  assert.match(await ask('203.0.113.5', lines), /^HTTP\/1.1 200 /);
  assert.match(await ask('203.0.113.6', lines), /^HTTP\/1.1 403 /);
  const malformed = await ask('203.0.113.5.6', lines).catch(({ code }) => code);
  assert.doesNotMatch(String(malformed), /^HTTP/);
});

test('the command makes a root token with key shares alone', async () => {
  const command = join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js');
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    VAULT_ADDR: server.url,
    VAULT_CACERT: join(folder, 'tls-ca.pem'),
    VAULT_FORMAT: 'json',
  };
  const run = async (...args) => {
    const all = [command, 'operator', 'generate-root', ...args];
    return JSON.parse((await promisify(execFile)(process.execPath, all, { env })).stdout);
  };
  const begun = await run('-init');
  await assert.rejects(run(opened.unsealKey), /-nonce must be given/);
  const done = await run(`-nonce=${begun.nonce}`, opened.unsealKey);
  const { token } = await run(`-decode=${done.encoded_token}`, `-otp=${begun.otp}`);
  const made = server.client(token);
  const self = await made.call('GET', 'auth/token/lookup-self');
  assert.deepEqual(self.data.policies, ['root']);
  made.close();
});

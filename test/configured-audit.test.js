// An audit device that the configuration declares is there before the first request is, on a server that starts sealed
// like every real one; and it lets its file be rotated.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  initialise,
  makeTemporaryFolder,
  mountKv,
  removeFolder,
  ServerProcess,
  unseal,
} from './harness/server-process.js';

const ATTEMPTS_MAX = 1000;
const folders = [];
const servers = [];
after(async () => {
  for (const server of servers) await server.stop('SIGKILL');
  for (const folder of folders) removeFolder(folder);
});

function newServer(filePath) {
  const folder = makeTemporaryFolder('configured-audit');
  folders.push(folder);
  const server = new ServerProcess({ folder });
  servers.push(server);
  const file = filePath ?? join(folder, 'audit.log');
  appendFileSync(
    server.config,
    `audit "file" "to-file" { options { file_path = ${JSON.stringify(file)} } }\n`,
  );
  return { server, file };
}

const records = (file) => readFileSync(file, 'utf8').trim().split('\n').map(JSON.parse);

test('a configured audit device records from the first request on, after a restart too', async () => {
  const { server, file } = newServer();
  await server.start();
  const { unsealKey, rootToken } = await initialise(server);
  const client = server.client(rootToken);
  await mountKv(client);
  assert.ok(records(file).some(({ request }) => request?.path === 'sys/mounts/secret'));
  assert.deepEqual(Object.keys((await client.call('GET', 'sys/audit')).data), ['to-file/']);
  client.close();
  await server.stop();
  const before = records(file).length;
  await server.start();
  await unseal(server, unsealKey);
  const again = server.client(rootToken);
  await again.call('GET', 'auth/token/lookup-self');
  again.close();
  assert.ok(records(file).length > before);
});

test('SIGHUP reopens the file of an audit device, so that it can be rotated', async () => {
  const { server, file } = newServer();
  await server.start();
  const { rootToken } = await initialise(server);
  const client = server.client(rootToken);
  renameSync(file, `${file}.1`);
  process.kill(server.pid, 'SIGHUP');
  for (let attempt = 0; !existsSync(file) && attempt < ATTEMPTS_MAX; attempt += 1) {
    await client.call('GET', 'auth/token/lookup-self');
  }
  await client.call('GET', 'auth/token/lookup-self');
  client.close();
  assert.ok(records(file).some(({ request }) => request?.path === 'auth/token/lookup-self'));
});

test('a server whose configured audit device can not be opened stays sealed, and says why', async () => {
  const { server } = newServer('/proc/nobody-writes-here/audit.log');
  await server.start();
  await assert.rejects(initialise(server), /500/);
  const client = server.client();
  assert.equal((await client.call('GET', 'sys/seal-status')).sealed, true);
  client.close();
  assert.match(server.output, /audit device to-file\/: .*the server stays sealed/);
});

// What a memory dump of the server gives up. Starts a real server with TLS and file audit, writes and reads 1,000
// secrets, waits three seconds, reads all of its readable memory as root, and counts what is found.
//
//   npm run bench:memory [-- --secrets=1000 --no-audit --show]
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isRoot } from '../test/harness/requirements.js';
import {
  enableAudit,
  initialise,
  makeTemporaryFolder,
  mountKv,
  removeFolder,
  ServerProcess,
} from '../test/harness/server-process.js';
import { Needles, scanProcess } from './memory/scan.js';
import { readStoredKeys } from './memory/stored-keys.js';

const WAIT_MS = 3000;
const AT_ONCE = 8;

/** A random value of 32 letters and digits: the same bytes in JSON as by itself. */
function makeSecret() {
  return Buffer.from(randomBytes(24).toString('base64').replaceAll('+', 'p').replaceAll('/', 's'));
}

async function forEach(values, work) {
  const next = values.entries();
  const worker = async () => {
    for (const [index, value] of next) await work(value, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function expectStatus(answer, status, what) {
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} ${answer.bytes}`);
}

/** A secret has two values: one plain, one behind an escape, since JSON decoders treat the two differently. */
function bodyOf(secret, escaped) {
  return Buffer.from(`{"data":{"password":"${secret}","note":"first\\nsecond ${escaped}"}}`);
}

async function writeAndRead(server, rootToken, pairs) {
  const client = server.client(rootToken, AT_ONCE);
  await forEach(pairs, async ([secret, escaped], index) => {
    const answer = await client.exchange('POST', `secret/data/m/${index}`, bodyOf(secret, escaped));
    expectStatus(answer, 200, 'write');
  });
  await forEach(pairs, async ([secret], index) => {
    const answer = await client.exchange('GET', `secret/data/m/${index}`);
    expectStatus(answer, 200, 'read');
    if (!answer.bytes.includes(secret)) throw new Error('read: another value than was written');
  });
  return client;
}

function tally(hits) {
  const names = (kind) =>
    new Set(hits.filter(({ name }) => name[0] === kind).map((h) => h.name[1]));
  const copies = (name) =>
    hits.filter((hit) => hit.part === 'start' && hit.name.join(' ') === name).length;
  return { names, copies };
}

/**
 * Gives counts: `secrets` (of which any value is found), `keys` (`[name, copies]`), `unsealKey` and `rootToken` (copies),
 * `bytes` and `refused` (of memory), `hits`, and `control`: copies of something that is certainly there.
 */
export async function measureMemory({ count = 1000, audit = true } = {}) {
  const folder = makeTemporaryFolder('memory');
  const server = new ServerProcess({ folder });
  try {
    await server.start();
    const { unsealKey, rootToken } = await initialise(server);
    const admin = server.client(rootToken);
    if (audit) await enableAudit(admin, join(folder, 'audit.log'));
    await mountKv(admin);
    const keys = await readStoredKeys(folder, unsealKey);
    const pairs = Array.from({ length: count }, () => [makeSecret(), makeSecret()]);
    const client = await writeAndRead(server, rootToken, pairs);
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    const needles = new Needles();
    pairs.forEach((pair, index) => {
      for (const value of pair) needles.add(['secret', index], value);
    });
    for (const [name, key] of keys) needles.add(['key', name], key);
    needles.add(['unseal', 'key'], Buffer.from(unsealKey, 'base64'));
    needles.add(['token', 'root'], Buffer.from(rootToken));
    // Public, and certainly there: shows that the search finds what is in memory.
    needles.add(['control', 'listens'], Buffer.from('Strict-Transport-Security: max-age='));
    const { bytes, refused, hits } = scanProcess(server.pid, needles);
    const { names, copies } = tally(hits);
    client.close();
    admin.close();
    return {
      stored: count,
      secrets: names('secret').size,
      keys: keys.map(([name]) => [name, copies(`key ${name}`)]),
      unsealKey: copies('unseal key'),
      rootToken: copies('token root'),
      control: copies('control listens'),
      bytes,
      refused,
      hits,
    };
  } finally {
    await server.stop('SIGKILL');
    removeFolder(folder);
  }
}

function printable(text) {
  return text.replace(/[^\x20-\x7e]/g, '.');
}

function report(found, show) {
  const lines = [
    `memory read                 ${(found.bytes / 2 ** 20).toFixed(0)} MiB (refused: ${found.refused / 1024} KiB)`,
    `secrets stored              ${found.stored}`,
    `distinct secrets found      ${found.secrets}`,
    ...found.keys.map(([name, copies]) => `copies of ${name.padEnd(17)} ${copies}`),
    `copies of the unseal key    ${found.unsealKey}`,
    `copies of the root token    ${found.rootToken}`,
  ];
  if (found.control === 0) lines.push('THE SEARCH FINDS NOTHING: these figures mean nothing');
  if (show) {
    for (const hit of found.hits.filter(({ name }) => name[0] !== 'control').slice(0, 40)) {
      lines.push(`${hit.name.join(' ')} ${hit.encoding} ${hit.part} in ${hit.label}`);
      lines.push(`    ${printable(hit.context)}`);
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main() {
  if (!isRoot) {
    process.stderr.write('reading the memory of another process needs root: run it with sudo\n');
    return 1;
  }
  const { values } = parseArgs({
    options: {
      secrets: { type: 'string', default: '1000' },
      'no-audit': { type: 'boolean', default: false },
      show: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.secrets);
  const found = await measureMemory({ count, audit: !values['no-audit'] });
  report(found, values.show);
  const isKept = found.secrets <= 5 && found.keys.every(([, copies]) => copies === 0);
  return isKept && found.control > 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main();

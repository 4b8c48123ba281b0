// Never loses: what the server acknowledged is there after kill -9, a full disk, an audit device that takes no more, and
// a database that was damaged and put right. What it could not keep, it says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRoot, requires } from './harness/requirements.js';
import {
  enableAudit,
  initialise,
  makeTemporaryFolder,
  mountKv,
  removeFolder,
  ServerProcess,
  unseal,
} from './harness/server-process.js';

const ROUNDS = 20;
const WRITERS = 8;
/** How long writes go on before the process is killed, at least and at most. */
const KILL_AFTER_MS = [20, 220];

const run = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** A file system of `size` in a folder of its own; null where mounting is not allowed. */
function mountSmall(folder, size) {
  mkdirSync(folder, { recursive: true });
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder)) return null;
  return {
    grow: (larger) => assert.ok(run('mount', '-o', `remount,size=${larger}`, folder)),
    unmount: () => run('umount', '-l', folder),
  };
}

function canMount() {
  if (process.platform !== 'linux' || !isRoot) return false;
  const folder = makeTemporaryFolder('mount');
  const small = mountSmall(join(folder, 'm'), '64k');
  small?.unmount();
  removeFolder(folder);
  return small !== null;
}

/** Runs `work` with a started server, unsealed, KV v2 at secret/; cleans up whatever happens. */
async function withServer(options, work) {
  const folder = makeTemporaryFolder('crash');
  let small = null;
  if (options.smallFolder !== undefined) {
    small = mountSmall(join(folder, options.smallFolder), options.size);
  }
  const server = new ServerProcess({ folder, tls: false, data: options.data?.(folder) ?? null });
  try {
    await server.start();
    const { unsealKey, rootToken } = await initialise(server);
    const client = server.client(rootToken);
    await mountKv(client);
    client.close();
    await work({ folder, server, unsealKey, rootToken, small });
  } finally {
    await server.stop('SIGKILL');
    small?.unmount();
    removeFolder(folder);
  }
}

async function restart(server, unsealKey) {
  await server.start();
  await unseal(server, unsealKey);
}

/**
 * Writes until the server is gone. Each writer has keys that are written once, and one that it writes over and over.
 * `acknowledged`: key to value, `counters`: per writer the last number that was acknowledged and the last one sent.
 */
async function writeUntilKilled(server, rootToken, round, acknowledged, counters) {
  const client = server.client(rootToken, WRITERS);
  const writer = async (name) => {
    const counter = counters[name];
    for (let index = 0; ; index += 1) {
      const value = randomBytes(12).toString('hex');
      const key = `once/${round}/${name}/${index}`;
      await client.call('POST', `secret/data/${key}`, { data: { value } });
      acknowledged.set(key, value);
      counter.sent += 1;
      await client.call('POST', `secret/data/counter/${name}`, { data: { value: counter.sent } });
      counter.acknowledged = counter.sent;
    }
  };
  const ended = Promise.allSettled(Array.from({ length: WRITERS }, (_, name) => writer(name)));
  const [least, most] = KILL_AFTER_MS;
  await new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
  await server.stop('SIGKILL');
  for (const { reason } of await ended) assert.match(reason.code ?? reason.message, /^ECONN/);
  client.close();
}

async function readValue(client, key) {
  const answer = await client.call('GET', `secret/data/${key}`);
  return answer.data.data.value;
}

async function checkRound(server, rootToken, written, counters) {
  const client = server.client(rootToken, WRITERS);
  await Promise.all(
    [...written].map(async ([key, value]) =>
      assert.equal(await readValue(client, key), value, `${key} was acknowledged`),
    ),
  );
  for (const [name, counter] of counters.entries()) {
    if (counter.acknowledged === 0) continue;
    const value = await readValue(client, `counter/${name}`);
    assert.ok(value >= counter.acknowledged && value <= counter.sent, `counter ${name}: ${value}`);
    // What was on its way when the process died may have been stored.
    counter.sent = value;
    counter.acknowledged = value;
  }
  client.close();
}

test(`${ROUNDS} times killed in a stream of writes, nothing acknowledged is missing`, async (t) => {
  await withServer({}, async ({ server, unsealKey, rootToken }) => {
    const counters = Array.from({ length: WRITERS }, () => ({ sent: 0, acknowledged: 0 }));
    const all = new Map();
    for (let round = 0; round < ROUNDS; round += 1) {
      const written = new Map();
      await writeUntilKilled(server, rootToken, round, written, counters);
      await restart(server, unsealKey);
      await checkRound(server, rootToken, written, counters);
      for (const [key, value] of written) all.set(key, value);
    }
    assert.ok(all.size > ROUNDS, 'too few writes to mean anything');
    await checkRound(server, rootToken, all, counters);
    t.diagnostic(`${all.size} keys written once, ${ROUNDS} kills`);
  });
});

const mounting = requires(canMount(), 'Linux, and root that may mount a tmpfs');

test(
  'a full disk refuses writes and says why; acknowledged ones stay, and room mends it',
  mounting,
  async () => {
    const options = {
      smallFolder: 'disk',
      size: '24m',
      data: (folder) => join(folder, 'disk', 'data'),
    };
    await withServer(options, async ({ server, unsealKey, rootToken, small }) => {
      const client = server.client(rootToken);
      const kept = new Map();
      let refusal = null;
      for (let index = 0; refusal === null && index < 1000; index += 1) {
        const value = randomBytes(48 * 1024).toString('base64');
        const body = { data: { value } };
        const answer = await client.exchange('POST', `secret/data/big/${index}`, body);
        if (answer.status === 200) kept.set(`big/${index}`, value);
        else refusal = answer;
      }
      assert.ok(kept.size > 10, 'the disk was full from the beginning');
      assert.ok(refusal !== null && refusal.status >= 500, 'the disk never filled');
      assert.match(refusal.bytes.toString(), /storage/);
      const health = await client.exchange('GET', 'sys/health');
      assert.equal(health.status, 200);
      await checkRound(server, rootToken, kept, []);
      small.grow('96m');
      await client.call('POST', 'secret/data/after', { data: { value: 'room again' } });
      kept.set('after', 'room again');
      client.close();
      await server.stop('SIGKILL');
      await restart(server, unsealKey);
      await checkRound(server, rootToken, kept, []);
    });
  },
);

test('without room for the audit record nothing happens, and room mends it', mounting, async () => {
  const options = { smallFolder: 'log', size: '128k' };
  await withServer(options, async ({ folder, server, rootToken }) => {
    const client = server.client(rootToken);
    await enableAudit(client, join(folder, 'log', 'audit.log'));
    let refusal = null;
    let last = -1;
    for (let index = 0; refusal === null && index < 1000; index += 1) {
      const body = { data: { value: index } };
      const answer = await client.exchange('POST', 'secret/data/audited', body);
      if (answer.status === 200) last = index;
      else refusal = answer;
    }
    assert.ok(last > 10, 'the device took nothing at all');
    assert.equal(refusal?.status, 500);
    for (let index = 0; index < 5; index += 1) {
      const answer = await client.exchange('GET', 'secret/data/audited');
      assert.equal(answer.status, 500);
      assert.ok(!answer.bytes.includes('"value"'), 'a value was released without a record');
    }
    const unheard = await client.exchange('POST', 'secret/data/unheard', { data: { value: 1 } });
    assert.equal(unheard.status, 500);
    writeFileSync(join(folder, 'log', 'audit.log'), '');
    assert.equal((await client.exchange('GET', 'secret/data/unheard')).status, 404);
    // The write whose answer could not be put on record may have happened; its predecessor certainly has.
    const value = await readValue(client, 'audited');
    assert.ok(value === last || value === last + 1, `value ${value}, acknowledged ${last}`);
    client.close();
  });
});

function digestOf(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (name === 'LOCK' || name.startsWith('LOG')) continue;
    hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}

function findFile(folder, pattern) {
  const name = readdirSync(folder).find((each) => pattern.test(each));
  assert.ok(name !== undefined, `no file like ${pattern}`);
  return join(folder, name);
}

/** Each damages the database and gives what puts it right. */
const damages = [
  [
    'a flipped bit in the write-ahead log',
    (data) => {
      const file = findFile(data, /\.log$/);
      const sound = readFileSync(file);
      const damaged = Buffer.from(sound);
      damaged[Math.floor(damaged.length / 3)] ^= 1;
      writeFileSync(file, damaged);
      return () => writeFileSync(file, sound);
    },
  ],
  [
    'a manifest with its beginning gone',
    (data) => {
      const file = findFile(data, /^MANIFEST-/);
      const sound = readFileSync(file);
      writeFileSync(file, Buffer.concat([Buffer.alloc(40), sound.subarray(40)]));
      return () => writeFileSync(file, sound);
    },
  ],
  [
    'the file CURRENT missing',
    (data) => {
      const file = join(data, 'CURRENT');
      renameSync(file, `${file}.away`);
      return () => renameSync(`${file}.away`, file);
    },
  ],
];

for (const [what, damage] of damages) {
  test(`${what}: the server says so, changes nothing, and starts once it is put right`, async () => {
    await withServer({}, async ({ folder, server, unsealKey, rootToken }) => {
      const client = server.client(rootToken);
      for (let index = 0; index < 50; index += 1) {
        await client.call('POST', `secret/data/k/${index}`, { data: { value: index } });
      }
      client.close();
      await server.stop('SIGKILL');
      const data = join(folder, 'data');
      const repair = damage(data);
      const before = digestOf(data);
      await assert.rejects(server.start(), /server ended \(1\): .*corrupt/s);
      assert.equal((await server.untilExit()).code, 1);
      assert.equal(digestOf(data), before, 'the damaged files were changed');
      repair();
      await restart(server, unsealKey);
      const values = new Map(Array.from({ length: 50 }, (_, index) => [`k/${index}`, index]));
      await checkRound(server, rootToken, values, []);
    });
  });
}

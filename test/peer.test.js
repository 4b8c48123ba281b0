// The same requests to an OpenBao -dev server and to ours: status, members of the answer and their types must be alike.
// Where they are not on purpose, test/peer/differences.js says why. VOUCHSAFE_PEER names the program (bench/README.md).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { ApiClient } from './harness/api-client.js';
import { freePort } from './harness/free-port.js';
import { repositoryRoot } from './harness/server-process.js';
import { DIFFERENCES } from './peer/differences.js';
import { REQUESTS } from './peer/requests.js';

const PEER = process.env.VOUCHSAFE_PEER ?? '';
const OURS = [process.execPath, join(repositoryRoot, 'packages', 'cli', 'bin', 'vouchsafe.js')];
const START_ATTEMPTS = 300;

/** Ours alone, or of a version or a kind of storage: no client reads them, or all take them as they come. */
const IGNORED = new Set([
  ...['mount_type', 'num_uses', 'token_type', 'deprecation_status', 'commit_date', 'build_date'],
  ...['cluster_id', 'cluster_name', 'passthrough_request_headers', 'identity_policies'],
]);

async function startDev([program, ...before]) {
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ['-dev', '-dev-root-token-id=root', '-dev-no-store-token'];
  const line = [...before, 'server', ...flags, `-dev-listen-address=${address}`];
  const child = spawn(program, line, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const client = new ApiClient({ url: `http://${address}` });
  const headers = { 'X-Vault-Token': 'root' };
  for (let left = START_ATTEMPTS; ; left -= 1) {
    const ready = client.exchange('GET', 'secret/config', undefined, headers);
    const status = await ready.then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) break;
    assert.ok(left > 0 && child.exitCode === null, `${program} does not start`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    client,
    kept: new Map(),
    async stop() {
      client.close();
      child.kill();
      await ended;
    },
  };
}

function fill(value, kept) {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value).replace(/\{\{(\w+)\}\}/g, (_, name) => kept.get(name));
  return JSON.parse(text);
}

async function ask({ client, kept }, { method, path, body, as, headers, keep }) {
  const token = as === null ? {} : { 'X-Vault-Token': kept.get(as) ?? as };
  const filled = fill(body, kept);
  const answer = await client.exchange(method, path, filled, { ...token, ...headers });
  const text = answer.bytes.toString();
  const json = text.trim() === '' ? null : JSON.parse(text);
  for (const [name, place] of Object.entries(keep)) {
    kept.set(
      name,
      place.split('.').reduce((value, key) => value?.[key], json),
    );
  }
  return { status: answer.status, json };
}

/** The type of a value; of an object its members' too, one line each. Null fits any type. */
function shape(value, path = '') {
  if (value === null) return [];
  if (Array.isArray(value)) return [`${path} is a list`];
  if (typeof value !== 'object') return [`${path} is a ${typeof value}`];
  const members = Object.entries(value).filter(([key]) => !IGNORED.has(key));
  return members.flatMap(([key, member]) => shape(member, `${path}.${key}`));
}

/** What a client of the peer would miss. More than the peer gives is allowed. */
function differences(peer, ours) {
  if (peer.status !== ours.status) return [`status ${peer.status}, ours ${ours.status}`];
  const had = new Set(shape(ours.json));
  return shape(peer.json).filter((line) => !had.has(line));
}

const skip = PEER === '' ? 'VOUCHSAFE_PEER names no OpenBao program (bench/README.md)' : false;

test('a client of OpenBao finds what it expects', { skip, timeout: 300_000 }, async (context) => {
  const peer = await startDev([PEER]);
  const ours = await startDev(OURS);
  try {
    const unused = new Map(DIFFERENCES);
    for (const request of REQUESTS) {
      const found = differences(await ask(peer, request), await ask(ours, request));
      await context.test(request.name, () => {
        if (!DIFFERENCES.has(request.name)) assert.deepEqual(found, []);
        else if (found.length > 0) unused.delete(request.name);
      });
    }
    assert.deepEqual([...unused.keys()], [], 'these are no differences any more');
  } finally {
    await peer.stop();
    await ours.stop();
  }
});

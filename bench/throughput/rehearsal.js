// What is measured, and the proof beforehand that each server really does it: every key is written and read back, every
// request is answered with 200 and what it should say, and a server with audit has every one of them on record.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ApiClient } from '../../test/harness/api-client.js';

const KEYS = 1000;
const AT_ONCE = 16;
const SECRET = {
  username: 'app',
  password: 'correct horse battery staple',
  url: 'https://db.internal',
};
const BODY = JSON.stringify({ data: SECRET });
const KV = '/v1/secret/data/b';

/**
 * In this order: the write comes last, so that nothing else is measured while storage still tidies up behind it.
 * `keys`: so many paths, in turn.
 */
export const REQUESTS = [
  {
    name: 'sys/health',
    method: 'GET',
    path: '/v1/sys/health',
    check: ({ initialized, sealed }) => assert.deepEqual([initialized, sealed], [true, false]),
  },
  {
    name: 'kv v2 read',
    method: 'GET',
    path: KV,
    keys: KEYS,
    isAuthorised: true,
    check: ({ data }) => assert.deepEqual(data.data, SECRET),
  },
  {
    name: 'token lookup-self',
    method: 'GET',
    path: '/v1/auth/token/lookup-self',
    isAuthorised: true,
    check: ({ data }) => assert.deepEqual(data.policies, ['root']),
  },
  {
    name: 'kv v2 write (durable)',
    method: 'POST',
    path: KV,
    keys: KEYS,
    body: BODY,
    isAuthorised: true,
    check: ({ data }) => assert.ok(Number.isInteger(data.version)),
  },
];

async function rehearseRequest(client, { method, path, keys = 0, body, check }) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const paths = keys === 0 ? [path] : Array.from({ length: keys }, (_, key) => `${path}/${key}`);
  const send = async () => {
    for (let next = paths.pop(); next !== undefined; next = paths.pop()) {
      const answer = await client.exchange(method, next.slice('/v1/'.length), bytes);
      assert.equal(answer.status, 200, `${method} ${next}: ${answer.bytes}`);
      check(JSON.parse(answer.bytes.toString()));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
}

/** What is on record of a path: whole lines only, each one request or one answer to it. */
function recordsOf(auditFile, path) {
  const lines = readFileSync(auditFile, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((record) => record.request.path === path);
}

/** @throws Error when the server does not do what is to be measured */
export async function rehearse({ name, url, ca, token, auditFile }) {
  const client = new ApiClient({ url, ca, token });
  try {
    // The write first: it makes what the read needs.
    for (const request of [...REQUESTS].reverse()) {
      await rehearseRequest(client, request);
      if (auditFile === null || !request.isAuthorised) continue;
      const path = (request.keys ? `${request.path}/0` : request.path).slice('/v1/'.length);
      const kinds = new Set(recordsOf(auditFile, path).map(({ type }) => type));
      assert.ok(kinds.has('request') && kinds.has('response'), `${path} is not on record`);
    }
  } catch (error) {
    throw new Error(`${name} does not do what is to be measured: ${error.message}`);
  } finally {
    client.close();
  }
}

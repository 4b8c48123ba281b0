import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { invalidRequest } from '../framework/errors.js';
import { openTestServer, refusalOf, type TestServer } from './testing/open-server.js';

interface Line {
  readonly type: string;
  readonly error?: string;
  readonly response?: { readonly data?: unknown };
}

/** A server that keeps records, and what they say of leasing/look. */
async function recorded(context: TestContext): Promise<{
  server: TestServer;
  lines: () => readonly Line[];
  breakDevice: () => void;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-effectless-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = await openTestServer();
  const logs = join(folder, 'logs');
  const file = join(logs, 'audit.log');
  const options = { file_path: file };
  const spec = { type: 'file', description: '', options, local: false };
  await server.active.audit.enable('file', spec, server.now);
  return {
    server,
    lines: () =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .filter((line) => line.includes('leasing/look'))
        .map((line) => JSON.parse(line) as Line),
    breakDevice: () => {
      rmSync(logs, { recursive: true });
      mkdirSync(file, { recursive: true });
      server.active.audit.reopenAll();
    },
  };
}

const look = { path: 'leasing/look' };

test('an answer at hand is released when both of its records have been taken', async (t) => {
  const { server, lines } = await recorded(t);
  const answer = await server.call(look);
  assert.deepEqual(answer.response?.data, { seen: 'it' });
  const [request, response, ...more] = lines();
  assert.equal(request?.type, 'request');
  assert.equal(response?.type, 'response');
  assert.match(JSON.stringify(response?.response?.data), /"seen":"hmac-sha256:[0-9a-f]{64}"/);
  assert.deepEqual(more, []);
});

test('an answer at hand that nobody could put on record is withheld', async (t) => {
  const { server, breakDevice } = await recorded(t);
  breakDevice();
  assert.equal(await refusalOf(server.call(look)), 'audit-failed');
});

test('a path that has to wait is on record while it waits', async (t) => {
  const { server, lines } = await recorded(t);
  let seenMeanwhile: readonly Line[] = [];
  server.steering.look = async () => {
    while (seenMeanwhile.length === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      seenMeanwhile = lines();
    }
    return { data: { seen: 'later' } };
  };
  assert.deepEqual((await server.call(look)).response?.data, { seen: 'later' });
  assert.deepEqual(
    seenMeanwhile.map(({ type }) => type),
    ['request'],
  );
  assert.deepEqual(
    lines().map(({ type }) => type),
    ['request', 'response'],
  );
});

for (const [name, fail] of [
  [
    'at once',
    () => {
      throw invalidRequest('not so', 'refused-by-test');
    },
  ],
  ['later', () => Promise.reject(invalidRequest('not so', 'refused-by-test'))],
] as const) {
  test(`a path that refuses ${name} is on record with its refusal`, async (t) => {
    const { server, lines } = await recorded(t);
    server.steering.look = fail;
    assert.equal(await refusalOf(server.call(look)), 'refused-by-test');
    assert.deepEqual(
      lines().map(({ type, error }) => [type, error]),
      [
        ['request', undefined],
        ['response', 'not so'],
      ],
    );
  });
}

test('a path that is declared effectless can not hand out a lease', async (t) => {
  const { server, lines } = await recorded(t);
  const lease = { ttlSeconds: 60, maxTtlSeconds: 0, renewable: false, internal: {} };
  server.steering.look = () => ({ data: { password: 'p' }, lease });
  assert.equal(await refusalOf(server.call(look)), 'internal');
  assert.equal(lines().at(-1)?.error, 'an effectless path made a lease or a login');
});

test('an answer that is to be wrapped takes the way of requests that change something', async (t) => {
  const { server, lines } = await recorded(t);
  const answer = await server.call({ ...look, wrapTtlSeconds: 60 });
  assert.notEqual(answer.wrapped, null);
  assert.deepEqual(
    lines().map(({ type }) => type),
    ['request', 'response'],
  );
});

test('without the right to read nothing is looked at', async (t) => {
  const { server, lines } = await recorded(t);
  server.steering.look = () => assert.fail('was asked');
  assert.equal(await refusalOf(server.call({ ...look, token: 'hvs.unknown' })), 'token-unknown');
  assert.equal(lines().at(-1)?.type, 'response');
});

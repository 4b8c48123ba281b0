// What the client puts on the wire, when it tries again, and what it makes of refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, type ClientOptions, encodePath } from './client.js';
import { ApiResponseError, InvalidRequestError, TransportError } from './errors.js';
import { FetchTransport } from './fetch-transport.js';
import type { Transport, TransportRequest } from './transport.js';

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function stub(answers: readonly Answer[], options: Partial<ClientOptions> = {}) {
  const seen: (TransportRequest & { readonly text: string })[] = [];
  const transport: Transport = {
    address: 'http://stub',
    async request(request) {
      const text = request.body === null ? '' : new TextDecoder().decode(request.body);
      seen.push({ ...request, text });
      const answer = answers[seen.length - 1] ?? answers[answers.length - 1];
      assert.ok(answer);
      const body = new TextEncoder().encode(answer.body ?? '');
      return { status: answer.status, headers: answer.headers ?? {}, body };
    },
    close() {},
  };
  const waits: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
  };
  return { seen, waits, client: new Client({ transport, sleep, ...options }) };
}

async function refusal(work: Promise<unknown>): Promise<ApiResponseError> {
  const error = await work.then(
    () => assert.fail('no refusal'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiResponseError, String(error));
  return error;
}

test('verbs, paths and headers are those of other clients', async () => {
  const options = { token: 'hvs.t', namespace: 'a/', wrapTtl: '1m' };
  const { client, seen } = stub([{ status: 204 }], options);
  await client.write('secret/a b/ü', { x: 1 });
  await client.read('sys/mounts', { query: { version: 2, q: 'a&b' } });
  await client.list('/secret/');
  await client.patch('secret/data/x', { data: {} }, { token: null });
  await client.delete('secret/x', { wrapTtl: null });
  assert.deepEqual(
    seen.map((request) => `${request.method} ${request.path}`),
    [
      'PUT /v1/secret/a%20b/%C3%BC',
      'GET /v1/sys/mounts?version=2&q=a%26b',
      'GET /v1/secret/?list=true',
      'PATCH /v1/secret/data/x',
      'DELETE /v1/secret/x',
    ],
  );
  assert.equal(seen[0]?.text, '{"x":1}');
  assert.deepEqual(seen[0]?.headers, {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'X-Vault-Request': 'true',
    'X-Vault-Token': 'hvs.t',
    'X-Vault-Namespace': 'a/',
    'X-Vault-Wrap-TTL': '1m',
  });
  assert.equal(seen[3]?.headers['Content-Type'], 'application/merge-patch+json');
  assert.equal(seen[3]?.headers['X-Vault-Token'], undefined);
  assert.equal(seen[4]?.headers['X-Vault-Wrap-TTL'], undefined);
});

test('wrapping asks for five minutes when nobody said how long', async () => {
  const { client, seen } = stub([{ status: 204 }]);
  await client.write('sys/wrapping/wrap', {});
  assert.equal(seen[0]?.headers['X-Vault-Wrap-TTL'], '5m');
});

test('tries 412 and 5xx again, a bounded number of times, and nothing else', async () => {
  const rows: [string, readonly number[], Partial<ClientOptions>, number, boolean][] = [
    ['a 503 that passes', [503, 200], {}, 2, true],
    ['a 412 that passes', [412, 412, 200], {}, 3, true],
    ['a 500 that stays', [500], {}, 3, false],
    ['a 500 without retries', [500], { retriesMax: 0 }, 1, false],
    ['a 500 with too many retries', [500], { retriesMax: 1_000 }, 11, false],
    ['a 501', [501, 200], {}, 1, false],
    ['a 400', [400, 200], {}, 1, false],
    ['a 403', [403, 200], {}, 1, false],
    ['a redirect', [307, 200], {}, 1, false],
  ];
  for (const [name, statuses, options, calls, passes] of rows) {
    const { client, seen, waits } = stub(
      statuses.map((status) => ({ status })),
      options,
    );
    const call = client.read('x');
    if (passes) await call;
    else assert.equal((await refusal(call)).status, statuses[0], name);
    assert.equal(seen.length, calls, name);
    assert.equal(waits.length, calls - 1, name);
    assert.ok(
      waits.every((wait) => wait <= 2_000),
      name,
    );
  }
});

test('a refusal carries status, texts and data, and no token', async () => {
  const body = '{"errors":["no","never"],"data":{"why":1}}';
  const { client } = stub([{ status: 400, body }], { token: 'hvs.hidden' });
  const error = await refusal(client.write('secret/x', { password: 'hidden' }));
  assert.deepEqual(error.errors, ['no', 'never']);
  assert.deepEqual(error.data, { why: 1 });
  assert.equal(error.url, 'http://stub/v1/secret/x');
  assert.doesNotMatch(`${error.message}${error.stack}${JSON.stringify(error)}`, /hidden/);
});

test('a refusal with a body that is not JSON is still a refusal', async () => {
  const { client } = stub([{ status: 400, body: '<html>' }]);
  assert.deepEqual((await refusal(client.read('x'))).errors, []);
});

test('an answer that is not JSON is no answer, and is not quoted', async () => {
  for (const body of ['hidden', '{"a":hidden', '\u0000']) {
    const { client } = stub([{ status: 200, body }]);
    await assert.rejects(client.read('x'), (error: unknown) => {
      assert.ok(error instanceof TransportError);
      assert.equal(error.kind, 'protocol');
      assert.doesNotMatch(`${error.message}${error.cause}`, /hidden/);
      return true;
    });
  }
});

test('a 404 is nothing, an answer or a refusal, depending on its body', async () => {
  const nothing = stub([{ status: 404, body: '{"errors":[]}' }]);
  assert.equal(await nothing.client.read('x'), null);
  assert.equal(await nothing.client.list('x'), null);
  const deleted = stub([{ status: 404, body: '{"data":{"data":null,"metadata":{"version":1}}}' }]);
  assert.deepEqual((await deleted.client.read('x'))?.data, {
    data: null,
    metadata: { version: 1 },
  });
  const wrong = stub([{ status: 404, body: '{"errors":["no handler for route"]}' }]);
  assert.equal((await refusal(wrong.client.read('x'))).status, 404);
  const write = stub([{ status: 404, body: '{"errors":[]}' }]);
  assert.equal((await refusal(write.client.write('x', {}))).status, 404);
});

test('refuses paths that a proxy may resolve into others', () => {
  for (const path of ['a/../sys', '..', './a', 'a/.']) {
    assert.throws(() => encodePath(path), InvalidRequestError, path);
  }
  assert.equal(encodePath('a/..b/c.'), 'a/..b/c.');
  assert.equal(encodePath('a?b#c%d'), 'a%3Fb%23c%25d');
  assert.equal(encodePath('lease/x:y@z+w'), 'lease/x:y@z+w');
});

test('refuses a token that cannot be a header, without repeating it', async () => {
  for (const token of ['hidden\n', 'hid den', 'hidden\u00e9']) {
    const { client, seen } = stub([{ status: 204 }], { token });
    await assert.rejects(client.read('x'), (error: unknown) => {
      assert.ok(error instanceof InvalidRequestError);
      assert.doesNotMatch(error.message, /hid/);
      return true;
    });
    assert.equal(seen.length, 0);
  }
});

test('sends bytes as they are', async () => {
  const { client, seen } = stub([{ status: 200, body: 'raw' }]);
  const body = new TextEncoder().encode('{"a":1}');
  const response = await client.send('POST', 'x', { body });
  assert.equal(seen[0]?.body, body);
  assert.equal(new TextDecoder().decode(response.body), 'raw');
});

test('the fetch transport keeps statuses and bytes, and never follows a redirect', async () => {
  const calls: RequestInit[] = [];
  const transport = new FetchTransport('http://stub/', async (_, init) => {
    calls.push(init ?? {});
    return new Response('{"data":{"a":"b"}}', { status: 200, headers: { 'X-Name': 'v' } });
  });
  const client = new Client({ transport });
  assert.deepEqual((await client.read('x'))?.data, { a: 'b' });
  assert.equal(calls[0]?.redirect, 'manual');
  const failing = new FetchTransport('http://stub', () => Promise.reject(new TypeError('no')));
  await assert.rejects(new Client({ transport: failing }).read('x'), { name: 'TransportError' });
});

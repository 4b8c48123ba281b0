import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { HttpsGet, VendorFault, type VendorFaultKind } from './https-get.js';
import { type Answer, VendorServer } from './testing/vendor-server.js';

let server: VendorServer;
let now = 1_700_000_000_000;
const clock = (): number => now;
let serial = 0;

before(async () => {
  server = await VendorServer.start('https');
});
after(async () => server.close());

/** A path that no other test uses. */
function route(answer: Answer | null): { path: string; url: string; times: () => number } {
  serial += 1;
  const path = `/route-${serial}`;
  if (answer !== null) server.answers.set(path, answer);
  return {
    path,
    url: server.url + path,
    times: () => server.asked.filter((each) => each === path).length,
  };
}

async function faultOf(work: Promise<unknown>): Promise<VendorFault> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof VendorFault, `${error}`);
    return error;
  }
  return assert.fail('answered');
}

test('an answer comes with its headers in lower case and its exact bytes', async () => {
  const body = Buffer.from([0, 1, 2, 255]);
  const { url } = route({ headers: { 'X-Chain': 'a%0Ab' }, body });
  const answer = await server.client({ clock }).get(url, 4);
  assert.deepEqual(answer.body, body);
  assert.equal(answer.headers.get('x-chain'), 'a%0Ab');
});

const failures: readonly [string, Answer, VendorFaultKind][] = [
  ['a body over the limit', { body: 'x'.repeat(1001) }, 'too-large'],
  ['a redirect', { status: 302, headers: { location: 'https://example.com/' } }, 'redirect'],
  ['a server error', { status: 500 }, 'status'],
  ['a service that asks for less', { status: 429 }, 'status'],
  ['an empty success of another kind', { status: 204 }, 'status'],
  ['silence', 'silent', 'timeout'],
  ['an answer that is cut short', 'cut-short', 'unreachable'],
];

for (const [what, answer, kind] of failures) {
  test(`${what} is a failure, and the service is then left alone`, async () => {
    const client = server.client({ clock, timeoutMs: 2000 });
    const bad = route(answer);
    const good = route({ body: 'fine' });
    assert.equal((await faultOf(client.get(bad.url, 1000))).kind, kind);
    assert.equal((await faultOf(client.get(bad.url, 1000))).kind, 'held-back');
    assert.equal((await faultOf(client.get(good.url, 1000))).kind, 'held-back');
    assert.deepEqual([bad.times(), good.times()], [1, 0]);
    now += 5000;
    assert.equal((await client.get(good.url, 1000)).body.toString(), 'fine');
  });
}

test('a service that nobody answers for is unreachable', async () => {
  const gone = await VendorServer.start('https');
  await gone.close();
  assert.equal((await faultOf(gone.client({ clock }).get(`${gone.url}/`, 1))).kind, 'unreachable');
});

test('a certificate of an unknown CA is refused', async () => {
  const { url, times } = route({ body: 'fine' });
  const stranger = new HttpsGet({ clock, timeoutMs: 10_000, ca: null });
  assert.equal((await faultOf(stranger.get(url, 1000))).kind, 'unreachable');
  assert.equal(times(), 0);
});

test('each failure in a row doubles the wait, up to a quarter of an hour', async () => {
  const client = server.client({ clock });
  const { url, times } = route({ status: 503 });
  let expected = 0;
  for (const seconds of [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]) {
    await faultOf(client.get(url, 1));
    expected += 1;
    now += seconds * 1000 - 1;
    assert.equal((await faultOf(client.get(url, 1))).kind, 'held-back');
    now += 1;
    assert.equal(times(), expected, `after ${seconds} s`);
  }
});

test('Retry-After is heeded, but not for longer than a quarter of an hour', async () => {
  const client = server.client({ clock });
  const short = route({ status: 429, headers: { 'retry-after': '100' } });
  await faultOf(client.get(short.url, 1));
  now += 99_999;
  assert.equal((await faultOf(client.get(short.url, 1))).kind, 'held-back');
  now += 1;
  server.answers.set(short.path, { status: 429, headers: { 'retry-after': '999999' } });
  await faultOf(client.get(short.url, 1));
  now += 900_000;
  server.answers.set(short.path, { body: 'a' });
  assert.equal((await client.get(short.url, 1)).body.toString(), 'a');
});

test('"not found" is an answer: remembered for ten minutes, and no reason to back off', async () => {
  const client = server.client({ clock });
  const missing = route(null);
  const good = route({ body: 'a' });
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await faultOf(client.get(missing.url, 1))).kind, 'not-found');
  }
  await client.get(good.url, 1);
  assert.equal(missing.times(), 1);
  now += 600_000;
  await faultOf(client.get(missing.url, 1));
  assert.equal(missing.times(), 2);
});

test('twenty questions at once are one request, and the answer holds for a minute', async () => {
  const client = server.client({ clock });
  const { path, url, times } = route({ body: 'a' });
  await Promise.all(Array.from({ length: 20 }, () => client.get(url, 1)));
  server.answers.set(path, { body: 'b' });
  now += 59_999;
  assert.equal((await client.get(url, 1)).body.toString(), 'a');
  assert.equal(times(), 1);
  now += 1;
  assert.equal((await client.get(url, 1)).body.toString(), 'b');
});

test('twenty questions at once that fail are one request too', async () => {
  const client = server.client({ clock });
  const { url, times } = route({ status: 500 });
  const faults = await Promise.all(Array.from({ length: 20 }, () => faultOf(client.get(url, 1))));
  assert.deepEqual(new Set(faults.map(({ kind }) => kind)), new Set(['status']));
  assert.equal(times(), 1);
});

test('made-up questions are passed on sixty times, then once a second', async () => {
  const client = server.client({ clock });
  const ask = async (): Promise<string> => (await faultOf(client.get(route(null).url, 1))).kind;
  for (let time = 0; time < 60; time += 1) assert.equal(await ask(), 'not-found');
  assert.equal(await ask(), 'held-back');
  now += 1000;
  assert.equal(await ask(), 'not-found');
  assert.equal(await ask(), 'held-back');
});

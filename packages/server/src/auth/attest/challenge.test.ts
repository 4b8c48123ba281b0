import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { before, test } from 'node:test';
import { lengthPrefixed } from './binding.js';
import { base64url, NOW, type Outcome, Scene } from './testing/scene.js';

let scene: Scene;
before(async () => {
  scene = await Scene.create();
});

function refusal(outcome: Outcome) {
  assert.equal(outcome.kind, 'refused');
  return outcome;
}

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

test('a challenge is signed by the identity key that the server shows, over all that it is for', async () => {
  const given = await scene.challenge();
  const identity = await scene.read('server');
  assert.equal(identity?.server_identity, given.server_identity);
  const spki = Buffer.from(given.identity_key, 'base64');
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const holds = (role: string, challenge = Buffer.from(given.challenge, 'base64url')): boolean =>
    verify(
      'sha256',
      lengthPrefixed([
        'vouchsafe/challenge/v1',
        challenge,
        'auth/attest/',
        role,
        given.server_time,
      ]),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(given.signature, 'base64url'),
    );
  assert.ok(holds('web'));
  assert.ok(!holds('db'));
  assert.ok(!holds('web', Buffer.alloc(32)));
});

test('challenges are 32 bytes, never the same, and writing nothing', async () => {
  const before = scene.storage.keys();
  const seen = new Set<string>();
  for (let time = 0; time < 100; time += 1) seen.add((await scene.challenge()).challenge);
  assert.equal(seen.size, 100);
  for (const each of seen) assert.equal(Buffer.from(each, 'base64url').length, 32);
  assert.deepEqual(scene.storage.keys(), before);
});

test('the identity is the same for every challenge and after the mount is opened again', async () => {
  const again = await Scene.create();
  assert.equal(
    (await scene.challenge()).server_identity,
    (await scene.challenge()).server_identity,
  );
  assert.notEqual(
    (await again.challenge()).server_identity,
    (await scene.challenge()).server_identity,
  );
});

const unknownChallenges: readonly [string, (right: Record<string, unknown>) => object][] = [
  ['a challenge that was made up', () => ({ challenge: base64url(new Uint8Array(32).fill(1)) })],
  ['a short challenge', () => ({ challenge: base64url(new Uint8Array(31)) })],
  ['no challenge', () => ({ challenge: '' })],
  ['no ticket', () => ({ ticket: '' })],
  ['a ticket that was made up', () => ({ ticket: base64url(new Uint8Array(40)) })],
  [
    'a ticket with a later time',
    ({ ticket }) => ({ ticket: base64url(flip(Buffer.from(String(ticket), 'base64url'), 6)) }),
  ],
  [
    'a ticket with a changed MAC',
    ({ ticket }) => ({ ticket: base64url(flip(Buffer.from(String(ticket), 'base64url'), 39)) }),
  ],
  ['the challenge of another role', () => ({ role: 'other' })],
];

for (const [what, change] of unknownChallenges) {
  test(`${what} is refused without leaving a record`, async () => {
    const before = scene.storage.keys();
    const right = await scene.request();
    const { error, code } = refusal(await scene.send({ ...right, ...change(right) }));
    assert.equal(error.kind, 'permission-denied');
    assert.equal(code, 'challenge-unknown');
    assert.equal(error.message, 'attestation refused: challenge-unknown');
    assert.deepEqual(scene.storage.keys(), before);
  });
}

test('a challenge of another mount is not known here', async () => {
  const elsewhere = await Scene.create();
  const { code } = refusal(await scene.login({ given: await elsewhere.challenge() }));
  assert.equal(code, 'challenge-unknown');
});

test('the same login sent again is refused, whether the first one passed or not', async () => {
  for (const twist of [{}, { td: { mrTd: new Uint8Array(48) } }]) {
    const body = await scene.request(twist);
    await scene.send(body);
    const { code, decision } = refusal(await scene.send(body));
    assert.equal(code, 'challenge-used');
    assert.equal(decision?.code, 'challenge-used');
  }
});

test('of twenty logins at once with one challenge exactly one passes', async () => {
  const given = await scene.challenge();
  const bodies = await Promise.all(Array.from({ length: 20 }, () => scene.request({ given })));
  const outcomes = await Promise.all(bodies.map((body) => scene.send(body)));
  assert.deepEqual(outcomes.map(({ code }) => code).sort(), [
    'accepted',
    ...new Array(19).fill('challenge-used'),
  ]);
});

test('a challenge is good for a minute, to the millisecond', async () => {
  const late = await Scene.create();
  const [good, bad] = [await late.request(), await late.request()];
  late.now = NOW + 59_999;
  assert.equal((await late.send(good)).kind, 'accepted');
  late.now = NOW + 60_000;
  assert.equal(refusal(await late.send(bad)).code, 'challenge-expired');
});

test('used challenges are forgotten when they could not pass any more', async () => {
  const long = await Scene.create();
  const body = await long.request();
  await long.send(body);
  const used = (): number => long.storage.keys().filter((key) => key.startsWith('used/')).length;
  await long.backend.tidy?.(long.storage, NOW + 119_000);
  assert.equal(used(), 1);
  await long.backend.tidy?.(long.storage, NOW + 240_000);
  assert.equal(used(), 0);
  long.now = NOW + 240_000;
  assert.equal(refusal(await long.send(body)).code, 'challenge-expired');
});

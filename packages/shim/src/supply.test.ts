// Renewal and re-attestation on a clock that the test owns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttestationRefusedError, ShimError } from './errors.js';
import { ServerRefusalError } from './server-api.js';
import type { Lease } from './session.js';
import { type KeptSession, Supply } from './supply.js';

type Answer = number | Error;

class FakeSession implements KeptSession {
  lease: Lease;
  readonly name: string;
  readonly #answers: Answer[];
  readonly #log: string[];
  constructor(name: string, lease: Lease, answers: Answer[], log: string[]) {
    this.name = name;
    this.lease = lease;
    this.#answers = answers;
    this.#log = log;
  }
  async renew(): Promise<Lease> {
    const answer = this.#answers.shift() ?? this.lease.ttlSeconds;
    if (typeof answer !== 'number') {
      this.#log.push(`${this.name} not renewed`);
      throw answer;
    }
    this.#log.push(`${this.name} renewed`);
    this.lease = { ...this.lease, ttlSeconds: answer };
    return this.lease;
  }
  async revoke(): Promise<void> {
    this.#log.push(`${this.name} revoked`);
  }
  wipe(): void {
    this.#log.push(`${this.name} wiped`);
  }
}

interface Scene {
  readonly log: string[];
  readonly supply: Supply<FakeSession>;
  /** Milliseconds until the next turn, null when none is planned. */
  next(): number | null;
  /** Lets that time pass, and the turn end. */
  turn(): Promise<void>;
}

function scene(lease: Lease, answers: Answer[], logins: (Lease | Error)[] = []): Scene {
  const log: string[] = [];
  let now = 1_000_000;
  let planned: { readonly delayMs: number; readonly work: () => void } | null = null;
  let count = 1;
  const supply = new Supply(new FakeSession('first', lease, answers, log), {
    clock: () => now,
    note: (text) => log.push(text),
    schedule: (delayMs, work) => {
      planned = { delayMs, work };
      return () => {
        planned = null;
      };
    },
    logIn: async () => {
      const login = logins.shift() ?? lease;
      if (login instanceof Error) throw login;
      count += 1;
      log.push(`login ${count}`);
      return new FakeSession(`session ${count}`, login, [], log);
    },
  });
  supply.start();
  return {
    log,
    supply,
    next: () => planned?.delayMs ?? null,
    turn: async () => {
      const due = planned ?? assert.fail('nothing is planned');
      planned = null;
      now += due.delayMs;
      due.work();
      for (let round = 0; round < 20; round += 1) await Promise.resolve();
    },
  };
}

const minute: Lease = { ttlSeconds: 60, isRenewable: true };
const refusal = (status: number) => new ServerRefusalError(status, ['no'], {});
const renewed = ['login 2', 'attested anew', 'first revoked', 'first wiped'];

test('renews at two thirds of the time, again and again', async () => {
  const it = scene(minute, []);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(it.next(), 40_000);
    await it.turn();
  }
  assert.deepEqual(it.log, ['first renewed', 'first renewed', 'first renewed']);
});

const anew: Readonly<Record<string, readonly [Lease, Answer[], string[]]>> = {
  'the server wants fresh evidence': [minute, [refusal(403)], ['first not renewed']],
  'the token is no more': [minute, [refusal(403)], ['first not renewed']],
  'the server takes the renewal for nonsense': [minute, [refusal(400)], ['first not renewed']],
  'the token cannot be renewed': [{ ttlSeconds: 60, isRenewable: false }, [], []],
  'the greatest lifetime is near': [minute, [15], ['first renewed']],
};
for (const [name, [lease, answers, before]] of Object.entries(anew)) {
  test(`attests anew when ${name}, and ends the old token`, async () => {
    const it = scene(lease, answers);
    await it.turn();
    assert.deepEqual(it.log, [...before, ...renewed]);
    assert.equal(it.supply.session.name, 'session 2');
    assert.equal(it.next(), 40_000);
  });
}

test('tries again soon when the server is away, and does not attest for that', async () => {
  const away = new ShimError('server-unreachable', 'http://x: connection refused');
  const it = scene(minute, [away, refusal(503), refusal(429)]);
  await it.turn();
  assert.equal(it.next(), 2_000);
  await it.turn();
  assert.equal(it.next(), 4_000);
  await it.turn();
  await it.turn();
  assert.equal(it.log.at(-1), 'first renewed');
  assert.equal(it.log.filter((line) => /^error: login not kept alive/.test(line)).length, 3);
  assert.match(it.log[1] ?? '', /connection refused; the token lives 20 s more$/);
  assert.equal(it.next(), 40_000);
});

test('attests anew once the token has expired while the server was away', async () => {
  const away = new ShimError('server-unreachable', 'away');
  const it = scene({ ttlSeconds: 3, isRenewable: true }, [away, away, away]);
  await it.turn();
  await it.turn();
  assert.deepEqual(it.log.slice(-4), renewed);
});

test('a refused re-attestation is told with its decision, tried again, and stops nothing', async () => {
  const refused = new AttestationRefusedError('reference-mismatch', 'D1', 'attest explain D1');
  const it = scene(minute, [403, 403, 403].map(refusal), [refused, refused]);
  await it.turn();
  assert.deepEqual(it.log.slice(1), [
    'error: login not kept alive: attestation refused: reference-mismatch (decision D1); the token lives 20 s more',
    'hint: attest explain D1',
  ]);
  await it.turn();
  await it.turn();
  assert.equal(it.supply.session.name, 'session 2');
});

test('waits at most a minute between tries', async () => {
  const away = new ShimError('server-unreachable', 'away');
  const it = scene(minute, [], []);
  const logins = Array.from({ length: 12 }, () => away);
  const other = scene({ ttlSeconds: 60, isRenewable: false }, [], logins);
  for (let round = 0; round < 12; round += 1) await other.turn();
  assert.equal(other.next(), 60_000);
  assert.equal(it.next(), 40_000);
});

test('a token for ever is left alone', () => {
  assert.equal(scene({ ttlSeconds: 0, isRenewable: false }, []).next(), null);
});

test('nothing is planned after a stop, also when it comes during a turn', async () => {
  const it = scene(minute, []);
  await it.supply.stop();
  assert.equal(it.next(), null);
  const other = scene(minute, []);
  const turn = other.turn();
  await other.supply.stop();
  await turn;
  assert.equal(other.next(), null);
});

// Rekeying: the old shares go out of force exactly when the new ones come in, whatever storage does.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Barrier } from '../barrier/barrier.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import { MemoryEngine } from '../storage/memory.js';
import { FailingEngine } from '../storage/testing/failing.js';
import { Lifecycle } from './lifecycle.js';
import type { RekeyComplete, RekeyStatus } from './rekey.js';

const memory = new SecretMemory();
const now = (): number => 1_700_000_000_000;
const TWO_OF_FOUR = { secretShares: 4, secretThreshold: 2, requireVerification: false };

async function start(engine = new FailingEngine(new MemoryEngine())) {
  const open = () => {
    const barrier = new Barrier({ engine, memory, now });
    return { barrier, lifecycle: new Lifecycle({ engine, barrier, memory, now }) };
  };
  const server = open();
  const { shares } = await server.lifecycle.initialise(
    { secretShares: 5, secretThreshold: 3 },
    async (storage) => storage.commit([{ put: 'x/k', value: Buffer.from('kept') }], []),
  );
  for (const share of shares.slice(0, 3)) await server.lifecycle.unseal(share);
  return { ...server, engine, shares, open, rekey: server.lifecycle.rekey };
}

function assertComplete(result: RekeyStatus | RekeyComplete | undefined): RekeyComplete {
  assert.ok(result !== undefined && 'complete' in result);
  return result;
}

type Started = Awaited<ReturnType<typeof start>>;

async function give(
  { rekey }: Started,
  shares: readonly Buffer[],
  nonce: string,
): Promise<RekeyStatus | RekeyComplete | undefined> {
  let last: RekeyStatus | RekeyComplete | undefined;
  for (const share of shares) last = await rekey.update(share, nonce);
  return last;
}

/** Which shares unseal a fresh process, and that it reads what was stored. */
async function unseals({ open }: Started, shares: readonly Buffer[]): Promise<boolean> {
  const { barrier, lifecycle } = open();
  try {
    for (const share of shares) await lifecycle.unseal(share);
  } catch {
    return false;
  }
  if (barrier.isSealed) return false;
  assert.equal((await barrier.view('x/').get('k'))?.value.toString(), 'kept');
  return true;
}

describe('rekey: without verification', () => {
  it('puts the new shares in force and the old ones out, for all processes', async () => {
    const server = await start();
    const other = server.open();
    for (const share of server.shares.slice(2)) await other.lifecycle.unseal(share);
    const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
    const half = await give(server, server.shares.slice(0, 2), nonce);
    assert.deepEqual([half?.progress, half?.required, half?.t, half?.n], [2, 3, 2, 4]);
    const result = assertComplete(await give(server, server.shares.slice(2, 3), nonce));
    assert.equal(result.shares.length, 4);
    assert.equal((await server.rekey.status()).started, false);
    assert.equal(await unseals(server, server.shares.slice(0, 3)), false);
    assert.equal(await unseals(server, result.shares.slice(1, 3)), true);
    for (const { barrier } of [server, other]) {
      await barrier.view('x/').commit([{ put: 'later', value: Buffer.from('1') }], []);
      assert.equal((await barrier.view('x/').get('k'))?.value.toString(), 'kept');
      await barrier.rotate();
    }
    assert.equal(await unseals(server, result.shares.slice(2)), true);
    const status = await server.lifecycle.status();
    assert.deepEqual([status.t, status.n], [2, 4]);
  });

  it('rekeys to a single share and back', async () => {
    const server = await start();
    const single = { secretShares: 1, secretThreshold: 1, requireVerification: false };
    const first = await server.rekey.begin(single);
    const one = assertComplete(await give(server, server.shares.slice(0, 3), first.nonce));
    assert.equal(await unseals(server, one.shares), true);
    const second = await server.rekey.begin(TWO_OF_FOUR);
    const four = assertComplete(await give(server, one.shares, second.nonce));
    assert.equal(await unseals(server, four.shares.slice(0, 2)), true);
    assert.equal(await unseals(server, one.shares), false);
  });

  const refusals: readonly [
    string,
    (server: Started, nonce: string) => Promise<unknown>,
    string,
  ][] = [
    ['a second attempt', ({ rekey }) => rekey.begin(TWO_OF_FOUR), 'rekey-in-progress'],
    [
      'a share with another nonce',
      ({ rekey, shares }) => rekey.update(shares[0] ?? Buffer.alloc(0), 'x'.repeat(36)),
      'nonce-wrong',
    ],
    [
      'a share without a nonce',
      ({ rekey, shares }) => rekey.update(shares[0] ?? Buffer.alloc(0), ''),
      'nonce-wrong',
    ],
    [
      'the same share twice',
      (server, nonce) => give(server, [...server.shares.slice(0, 1), ...server.shares], nonce),
      'share-duplicate',
    ],
    [
      'wrong shares',
      (server, nonce) =>
        give(
          server,
          [1, 2, 3].map((byte) => Buffer.alloc(33, byte)),
          nonce,
        ),
      'shares-wrong',
    ],
    [
      'shares of another server',
      async (server, nonce) => give(server, (await start()).shares.slice(0, 3), nonce),
      'shares-wrong',
    ],
    [
      'a share that is too short',
      ({ rekey }, nonce) => rekey.update(Buffer.alloc(5), nonce),
      'share-length',
    ],
    [
      'a verification that is not asked for',
      async ({ rekey, shares }, nonce) => rekey.verify(shares[0] ?? Buffer.alloc(0), nonce),
      'rekey-not-started',
    ],
  ];
  for (const [what, attempt, code] of refusals) {
    it(`refuses ${what}, and the old shares stay in force`, async () => {
      const server = await start();
      const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
      await assert.rejects(attempt(server, nonce), { code, kind: 'invalid-request' });
      assert.equal(await unseals(server, server.shares.slice(0, 3)), true);
    });
  }

  it('refuses counts that make no sense, and everything while sealed', async () => {
    const server = await start();
    const counts = { secretShares: 2, secretThreshold: 3, requireVerification: false };
    await assert.rejects(server.rekey.begin(counts), { code: 'seal-config-invalid' });
    const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
    server.lifecycle.seal();
    await assert.rejects(server.rekey.begin(TWO_OF_FOUR), { kind: 'sealed' });
    const share = server.shares[0] ?? Buffer.alloc(0);
    await assert.rejects(server.rekey.update(share, nonce), { kind: 'sealed' });
    await assert.rejects(server.rekey.verify(share, nonce), { kind: 'sealed' });
    assert.equal((await server.rekey.status()).started, false);
  });

  it('is cancelled by its nonce or by a proven caller, and by nobody else', async () => {
    const server = await start();
    server.rekey.cancel('nothing under way');
    const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
    assert.throws(() => server.rekey.cancel(''), { code: 'nonce-wrong' });
    assert.throws(() => server.rekey.cancel('x'.repeat(nonce.length)), { code: 'nonce-wrong' });
    assert.equal((await server.rekey.status()).started, true);
    server.rekey.cancel(nonce);
    assert.equal((await server.rekey.status()).started, false);
    await server.rekey.begin(TWO_OF_FOUR);
    server.rekey.cancel(null);
    assert.equal((await server.rekey.status()).started, false);
  });
});

describe('rekey: with verification', () => {
  const request = { ...TWO_OF_FOUR, requireVerification: true };

  async function startVerification() {
    const server = await start();
    const { nonce } = await server.rekey.begin(request);
    const result = assertComplete(await give(server, server.shares.slice(0, 3), nonce));
    return { ...server, nonce, fresh: result.shares, verificationNonce: result.verificationNonce };
  }

  it('keeps the old shares in force until the new ones are back', async () => {
    const server = await startVerification();
    const [a, b] = server.fresh;
    assert.ok(a && b && server.verificationNonce !== '');
    assert.equal(await unseals(server, server.fresh.slice(0, 2)), false);
    assert.equal(await unseals(server, server.shares.slice(0, 3)), true);
    const half = await server.rekey.verify(a, server.verificationNonce);
    assert.deepEqual([half.progress, half.complete], [1, false]);
    const whole = await server.rekey.verify(b, server.verificationNonce);
    assert.equal(whole.complete, true);
    assert.equal(await unseals(server, server.fresh.slice(2)), true);
    assert.equal(await unseals(server, server.shares.slice(0, 3)), false);
    assert.throws(() => server.rekey.verifyStatus(), { code: 'rekey-not-started' });
  });

  it('refuses wrong shares, and goes on with the right ones', async () => {
    const server = await startVerification();
    const [a, b] = server.fresh;
    assert.ok(a && b);
    await server.rekey.verify(a, server.verificationNonce);
    await assert.rejects(server.rekey.verify(a, server.verificationNonce), {
      code: 'share-duplicate',
    });
    await assert.rejects(server.rekey.verify(b, server.nonce), { code: 'nonce-wrong' });
    const wrong = server.rekey.verify(Buffer.alloc(33, 1), server.verificationNonce);
    await assert.rejects(wrong, { code: 'shares-wrong' });
    assert.equal(server.rekey.verifyStatus().progress, 0);
    await assert.rejects(server.rekey.update(a, server.nonce), { code: 'rekey-verification' });
    assert.throws(() => server.rekey.restartVerification(''), { code: 'nonce-wrong' });
    const { nonce } = server.rekey.restartVerification(server.verificationNonce);
    await assert.rejects(server.rekey.verify(a, server.verificationNonce), { code: 'nonce-wrong' });
    await server.rekey.verify(a, nonce);
    assert.equal((await server.rekey.verify(b, nonce)).complete, true);
    assert.equal(await unseals(server, [a, b]), true);
  });

  it('leaves the old shares in force when it is cancelled', async () => {
    const server = await startVerification();
    server.rekey.cancel(server.nonce);
    assert.equal(await unseals(server, server.shares.slice(1, 4)), true);
    assert.equal(await unseals(server, server.fresh.slice(0, 2)), false);
  });
});

describe('rekey: failing storage', () => {
  it('answers about the attempt that was asked about, and never tells the nonce of the next', async () => {
    const { engine, rekey, shares } = await start();
    const mine = await rekey.begin(TWO_OF_FOUR);
    let goOn = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    engine.delayWith(() => until);
    const asked = rekey.update(shares[0] ?? Buffer.alloc(0), mine.nonce);
    engine.delayWith(null);
    rekey.cancel(null);
    const theirs = await rekey.begin(TWO_OF_FOUR);
    goOn();
    assert.notEqual((await asked).nonce, theirs.nonce);
  });

  for (const when of ['before', 'after'] as const) {
    it(`hands out shares that work although the commit fails ${when} its effect`, async () => {
      const server = await start();
      const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
      server.engine.failOn({ commit: 1, when });
      const result = assertComplete(await give(server, server.shares.slice(0, 3), nonce));
      assert.equal(await unseals(server, result.shares.slice(0, 2)), true);
      await server.barrier.rotate();
      assert.equal(await unseals(server, result.shares.slice(0, 2)), true);
    });
  }

  it('keeps the new shares while the outcome is unknown, and finishes with the same old ones', async () => {
    const server = await start();
    const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
    await give(server, server.shares.slice(0, 2), nonce);
    const inner = server.engine;
    // The commit takes place, is reported as failed, and then storage is away.
    inner.delayWith(async () => {
      if (inner.commits > 0) throw new Error('storage is away');
    });
    inner.failOn({ commit: 1, when: 'after' });
    await assert.rejects(server.rekey.update(server.shares[2] ?? Buffer.alloc(0), nonce));
    inner.delayWith(null);
    inner.failOn(null);
    assert.equal((await server.rekey.status()).started, true);
    const wrong = give(
      server,
      [1, 2, 3].map((byte) => Buffer.alloc(33, byte)),
      nonce,
    );
    await assert.rejects(wrong, { code: 'shares-wrong' });
    const result = assertComplete(await give(server, server.shares.slice(1, 4), nonce));
    assert.equal(await unseals(server, result.shares.slice(0, 2)), true);
    assert.equal(await unseals(server, server.shares.slice(0, 3)), false);
  });

  it('hands the shares out although the server is sealed while they are put in force', async () => {
    const server = await start();
    const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
    await give(server, server.shares.slice(0, 2), nonce);
    const last = server.rekey.update(server.shares[2] ?? Buffer.alloc(0), nonce);
    const inner = server.engine;
    inner.failOn(null);
    // Sealed as soon as the commit is in.
    const sealed = (async () => {
      while (inner.commits === 0) await new Promise((resolve) => setImmediate(resolve));
      server.lifecycle.seal();
    })();
    const result = assertComplete(await last);
    await sealed;
    assert.equal(await unseals(server, result.shares.slice(0, 2)), true);
  });

  it('refuses to cancel or add while the shares are put in force', async () => {
    const server = await start();
    const { nonce } = await server.rekey.begin(TWO_OF_FOUR);
    await give(server, server.shares.slice(0, 2), nonce);
    const last = server.rekey.update(server.shares[2] ?? Buffer.alloc(0), nonce);
    assert.throws(() => server.rekey.cancel(nonce), { code: 'rekey-in-progress' });
    const more = server.rekey.update(server.shares[3] ?? Buffer.alloc(0), nonce);
    await assert.rejects(more, { code: 'rekey-in-progress' });
    assertComplete(await last);
  });
});

// Initialise, unseal, seal: over real barriers, with storage that fails where it hurts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Barrier } from '../barrier/barrier.js';
import { KEYRING_PATH, SEAL_CONFIG_PATH, WRAPPED_ROOT_KEY_PATH } from '../barrier/paths.js';
import { TamperingError } from '../framework/errors.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import { MemoryEngine } from '../storage/memory.js';
import { FailingEngine } from '../storage/testing/failing.js';
import { Lifecycle } from './lifecycle.js';
import type { ShareCounts } from './seal-config.js';

const memory = new SecretMemory();
const now = (): number => 1_700_000_000_000;
const THREE_OF_FIVE = { secretShares: 5, secretThreshold: 3 };

class Server {
  readonly engine: FailingEngine;
  readonly barrier: Barrier;
  readonly lifecycle: Lifecycle;

  /** @param engine another server's, to be a second process on its database */
  constructor(engine = new FailingEngine(new MemoryEngine())) {
    this.engine = engine;
    this.barrier = new Barrier({ engine, memory, now });
    this.lifecycle = new Lifecycle({ engine, barrier: this.barrier, memory, now });
  }

  async initialise(counts: ShareCounts = THREE_OF_FIVE): Promise<readonly Buffer[]> {
    const { shares } = await this.lifecycle.initialise(counts, async (storage) => {
      await storage.commit([{ put: 'core/mounts', value: Buffer.from('mounts') }], []);
    });
    return shares;
  }

  async unseal(shares: readonly Buffer[]): Promise<void> {
    for (const share of shares) await this.lifecycle.unseal(share);
    assert.equal(this.barrier.isSealed, false);
  }

  async readMounts(): Promise<string | undefined> {
    return (await this.barrier.view('core/').get('mounts'))?.value.toString();
  }
}

function flipped(share: Buffer | undefined): Buffer {
  const other = Buffer.from(share ?? []);
  other[0] = (other[0] ?? 0) ^ 1;
  return other;
}

describe('lifecycle: initialise', () => {
  it('gives shares that unseal, and stores what was prepared with it', async () => {
    const server = new Server();
    assert.equal(await server.lifecycle.isInitialised(), false);
    const shares = await server.initialise();
    assert.equal(shares.length, 5);
    assert.equal(new Set(shares.map(String)).size, 5);
    assert.ok(server.barrier.isSealed);
    await server.unseal(shares.slice(1, 4));
    assert.equal(await server.readMounts(), 'mounts');
    assert.equal(server.engine.commits, 1);
  });

  it('gives the key itself when there is one share', async () => {
    const server = new Server();
    const shares = await server.initialise({ secretShares: 1, secretThreshold: 1 });
    assert.deepEqual(
      shares.map((share) => share.length),
      [32],
    );
    await server.unseal(shares);
  });

  const refused: readonly [number, number, string][] = [
    [0, 0, 'shares must be at least one'],
    [1, 0, 'threshold must be at least one'],
    [5, 1, 'threshold must be greater than one for multiple shares'],
    [256, 3, 'shares must be less than 256'],
    [3, 4, 'threshold cannot be larger than shares'],
    [1, 2, 'threshold cannot be larger than shares'],
    [2.5, 2, 'shares must be at least one'],
    [Number.NaN, 2, 'shares must be at least one'],
    [3, -1, 'threshold must be at least one'],
  ];
  for (const [secretShares, secretThreshold, text] of refused) {
    it(`refuses ${secretShares} shares with threshold ${secretThreshold}`, async () => {
      const server = new Server();
      await assert.rejects(server.initialise({ secretShares, secretThreshold }), {
        kind: 'invalid-request',
        message: `invalid seal configuration: ${text}`,
      });
      assert.equal(await server.lifecycle.isInitialised(), false);
    });
  }

  it('refuses a second time, also when both come at once', async () => {
    const server = new Server();
    const other = new Server(server.engine);
    const refusal = { message: 'Vault is already initialized', kind: 'invalid-request' };
    const results = await Promise.allSettled([server.initialise(), other.initialise()]);
    const statuses = results.map(({ status }) => status).sort();
    assert.deepEqual(statuses, ['fulfilled', 'rejected']);
    await assert.rejects(server.initialise(), refusal);
    for (const result of results) {
      if (result.status === 'fulfilled') await other.unseal(result.value.slice(0, 3));
    }
  });

  it('stores nothing at all when the preparation fails', async () => {
    const server = new Server();
    const attempt = server.lifecycle.initialise(THREE_OF_FIVE, async (storage) => {
      await storage.commit([{ put: 'core/mounts', value: Buffer.from('x') }], []);
      throw new Error('no root token');
    });
    await assert.rejects(attempt, /no root token/);
    assert.deepEqual(await server.engine.list('', { after: '', limit: 10 }), []);
    await server.unseal((await server.initialise()).slice(2));
  });

  for (const when of ['before', 'after'] as const) {
    it(`gives working shares although its commit fails ${when} its effect`, async () => {
      const server = new Server();
      server.engine.failOn({ commit: 1, when });
      const shares = await server.initialise();
      await server.unseal(shares.slice(0, 3));
      assert.equal(await server.readMounts(), 'mounts');
    });
  }
});

describe('lifecycle: unseal', () => {
  it('counts shares under one nonce, and the same share once', async () => {
    const server = new Server();
    const [a, b, c, d] = await server.initialise();
    assert.ok(a && b && c && d);
    const first = await server.lifecycle.unseal(a);
    assert.deepEqual([first.progress, first.t, first.n, first.sealed], [1, 3, 5, true]);
    assert.match(first.nonce, /^[0-9a-f-]{36}$/);
    assert.equal((await server.lifecycle.unseal(a)).progress, 1);
    const second = await server.lifecycle.unseal(b);
    assert.deepEqual([second.progress, second.nonce], [2, first.nonce]);
    const third = await server.lifecycle.unseal(c);
    assert.deepEqual([third.sealed, third.progress, third.nonce], [false, 0, '']);
    assert.equal((await server.lifecycle.unseal(d)).sealed, false);
  });

  it('forgets shares on reset', async () => {
    const server = new Server();
    const shares = await server.initialise();
    await server.lifecycle.unseal(shares[0] ?? Buffer.alloc(0));
    server.lifecycle.resetUnseal();
    assert.equal((await server.lifecycle.status()).progress, 0);
    await server.unseal(shares.slice(0, 3));
  });

  const wrongSets: readonly [
    string,
    (own: readonly Buffer[], other: readonly Buffer[]) => Buffer[],
  ][] = [
    ['shares of another server', (_, other) => other.slice(0, 3)],
    ['one share of another server', (own, other) => [...own.slice(0, 2), ...other.slice(0, 1)]],
    ['a share with a flipped bit', (own) => [...own.slice(0, 2), flipped(own[2])]],
    ['a share and its like with another value', (own) => [...own.slice(0, 2), flipped(own[0])]],
    ['a share that is too short for its set', (own) => [...own.slice(0, 2), Buffer.alloc(20, 3)]],
    ['random bytes', () => [1, 2, 3].map((byte) => Buffer.alloc(33, byte))],
  ];
  for (const [what, choose] of wrongSets) {
    it(`refuses ${what} at the threshold only, and starts again`, async () => {
      const server = new Server();
      const own = await server.initialise();
      const set = choose(own, await new Server().initialise());
      for (const share of set.slice(0, 2)) await server.lifecycle.unseal(share);
      const last = server.lifecycle.unseal(set[2] ?? Buffer.alloc(0));
      await assert.rejects(last, {
        kind: 'invalid-request',
        message: 'Unseal failed, invalid key',
      });
      const status = await server.lifecycle.status();
      assert.deepEqual([status.sealed, status.progress, status.nonce], [true, 0, '']);
      await server.unseal(own.slice(2));
    });
  }

  it('refuses lengths that no share can have', async () => {
    const server = new Server();
    await server.initialise();
    const short = server.lifecycle.unseal(Buffer.alloc(15));
    await assert.rejects(short, { message: 'key is shorter than minimum 16 bytes' });
    const long = server.lifecycle.unseal(Buffer.alloc(34));
    await assert.rejects(long, { message: 'key is longer than maximum 33 bytes' });
    assert.equal((await server.lifecycle.status()).progress, 0);
  });

  it('refuses before initialisation', async () => {
    const attempt = new Server().lifecycle.unseal(Buffer.alloc(33));
    await assert.rejects(attempt, { code: 'not-initialized' });
  });

  const damages: readonly [
    string,
    string,
    (bytes: Buffer) => Buffer,
    object | typeof TamperingError,
  ][] = [
    ['keyring', KEYRING_PATH, flipped, TamperingError],
    ['wrapped root key', WRAPPED_ROOT_KEY_PATH, flipped, { code: 'shares-wrong' }],
    ['seal configuration', SEAL_CONFIG_PATH, flipped, TamperingError],
    ['threshold', SEAL_CONFIG_PATH, (b) => asThreshold(b, 2), { code: 'shares-wrong' }],
    ['threshold of nothing', SEAL_CONFIG_PATH, (b) => asThreshold(b, 0), TamperingError],
    ['keyring replaced by the root key', KEYRING_PATH, () => Buffer.alloc(65, 2), TamperingError],
  ];
  for (const [what, path, damage, refusal] of damages) {
    it(`refuses an altered ${what}, and stays sealed`, async () => {
      const server = new Server();
      const shares = await server.initialise();
      const stored = (await server.engine.get(path))?.value ?? Buffer.alloc(0);
      await server.engine.commit([{ put: path, value: damage(stored) }], []);
      await assert.rejects(server.unseal(shares.slice(0, 3)), refusal);
      assert.ok(server.barrier.isSealed);
    });
  }

  it('goes on after storage failed while unsealing', async () => {
    const server = new Server();
    const shares = await server.initialise();
    let failing = false;
    server.engine.delayWith(async () => {
      if (failing) throw new Error('storage is away');
    });
    await server.lifecycle.unseal(shares[0] ?? Buffer.alloc(0));
    failing = true;
    await assert.rejects(server.lifecycle.unseal(shares[1] ?? Buffer.alloc(0)), /away/);
    failing = false;
    await server.unseal(shares.slice(1, 3));
  });
});

function asThreshold(config: Buffer, threshold: number): Buffer {
  return Buffer.from(
    config.toString().replace('"secret_threshold":3', `"secret_threshold":${threshold}`),
  );
}

describe('lifecycle: seal and status', () => {
  it('seals, tells, and unseals again', async () => {
    const server = new Server();
    const shares = await server.initialise();
    await server.unseal(shares.slice(0, 3));
    server.lifecycle.seal();
    assert.deepEqual(await server.lifecycle.status(), {
      type: 'shamir',
      initialized: true,
      sealed: true,
      t: 3,
      n: 5,
      progress: 0,
      nonce: '',
      storageType: 'inmem',
      warnings: (await new Server().lifecycle.status()).warnings,
    });
    await assert.rejects(server.readMounts(), { kind: 'sealed' });
    await server.unseal(shares.slice(2));
    assert.equal(await server.readMounts(), 'mounts');
  });

  it('tells that it is not initialised', async () => {
    const status = await new Server().lifecycle.status();
    assert.deepEqual([status.initialized, status.sealed, status.t, status.n], [false, true, 0, 0]);
  });

  it('warns that keys are in ordinary memory', async () => {
    const ordinary = new SecretMemory(() => {
      throw new Error('no secret memory here');
    });
    const engine = new MemoryEngine();
    const barrier = new Barrier({ engine, memory: ordinary, now });
    const lifecycle = new Lifecycle({ engine, barrier, memory: ordinary, now });
    assert.deepEqual((await lifecycle.status()).warnings, [
      'keys are kept in ordinary memory: no secret memory here',
    ]);
  });
});

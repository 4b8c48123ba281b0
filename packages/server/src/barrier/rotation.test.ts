// Key terms and root keys change while several processes use the database, and whatever fails on the way.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TamperingError } from '../framework/errors.js';
import type { SecretBuffer } from '../secret-memory/secret-memory.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import { MemoryEngine } from '../storage/memory.js';
import { FailingEngine } from '../storage/testing/failing.js';
import { Barrier } from './barrier.js';
import type { RotationConfig } from './keyring.js';
import { Keyring, MAX_OPERATIONS_DEFAULT } from './keyring.js';
import { KEYRING_PATH, ROOT_KEY_PATH } from './paths.js';
import { firstKeyringWrites, keyringWrite } from './stored-keyring.js';

const memory = new SecretMemory();

class Database {
  readonly engine = new FailingEngine(new MemoryEngine());
  rootKey: SecretBuffer = memory.generate(32);
  now = 1_700_000_000_000;

  static async create(): Promise<Database> {
    const database = new Database();
    const writes = firstKeyringWrites(database.rootKey, memory, database.now);
    await database.engine.commit(writes, []);
    return database;
  }

  async open(): Promise<Barrier> {
    const barrier = new Barrier({ engine: this.engine, memory, now: () => this.now });
    await barrier.unseal(memory.copyFrom(this.rootKey.bytes));
    return barrier;
  }
}

async function write(barrier: Barrier, key: string): Promise<void> {
  await barrier.view('x/').commit([{ put: key, value: Buffer.from(key) }], []);
}

async function assertReads(barrier: Barrier, ...keys: string[]): Promise<void> {
  for (const key of keys) {
    assert.equal((await barrier.view('x/').get(key))?.value.toString(), key);
  }
}

async function storedTerm(database: Database, key: string): Promise<number | undefined> {
  return (await database.engine.get(`x/${key}`))?.value.readUInt32BE(0);
}

describe('rotation: terms', () => {
  it('writes with the next term and reads the older ones, also after a restart', async () => {
    const database = await Database.create();
    const barrier = await database.open();
    for (let term = 1; term <= 5; term += 1) {
      await write(barrier, `k${term}`);
      assert.equal(await storedTerm(database, `k${term}`), term);
      await barrier.rotate();
    }
    const keys = ['k1', 'k2', 'k3', 'k4', 'k5'];
    await assertReads(barrier, ...keys);
    await assertReads(await database.open(), ...keys);
    assert.equal((await barrier.keyStatus()).term, 6);
  });

  it('is picked up by a process that meets a term it does not know', async () => {
    const database = await Database.create();
    const [one, two] = [await database.open(), await database.open()];
    await one.rotate();
    await one.rotate();
    await write(one, 'a');
    await assertReads(two, 'a');
    await write(two, 'b');
    assert.equal(await storedTerm(database, 'b'), 3);
    assert.equal((await two.keyStatus()).term, 3);
  });

  it('loses no term when several processes rotate at once', async () => {
    const database = await Database.create();
    const barriers = [await database.open(), await database.open(), await database.open()];
    await Promise.all(barriers.flatMap((each) => [each.rotate(), each.rotate()]));
    for (const barrier of barriers) assert.equal((await barrier.keyStatus()).term, 7);
  });

  it('refuses to go back to an older keyring', async () => {
    const database = await Database.create();
    const barrier = await database.open();
    const old = Buffer.from((await database.engine.get(KEYRING_PATH))?.value ?? []);
    await barrier.rotate();
    await write(barrier, 'a');
    await database.engine.commit([{ put: KEYRING_PATH, value: old }], []);
    await assert.rejects(async () => (await database.open()).view('x/').get('a'), TamperingError);
  });
});

describe('rotation: budget', () => {
  async function nearlySpent(rotation: RotationConfig): Promise<Database> {
    const database = await Database.create();
    const keyring = Keyring.create(memory, database.now)
      .withEncryptions(rotation.maxOperations - 10)
      .withRotation(rotation);
    await database.engine.commit([keyringWrite(keyring, database.rootKey, memory)], []);
    return database;
  }

  it('begins the next term before the encryptions of one are spent', async () => {
    const database = await nearlySpent({
      enabled: true,
      maxOperations: 1_000_000,
      intervalSeconds: 0,
    });
    const barrier = await database.open();
    await write(barrier, 'a');
    await write(barrier, 'b');
    assert.equal((await barrier.keyStatus()).term, 2);
    assert.equal(await storedTerm(database, 'b'), 2);
    await assertReads(barrier, 'a', 'b');
  });

  it('goes on under the same term when rotation is disabled', async () => {
    const database = await nearlySpent({
      enabled: false,
      maxOperations: 1_000_000,
      intervalSeconds: 0,
    });
    const barrier = await database.open();
    await write(barrier, 'a');
    assert.equal((await barrier.keyStatus()).term, 1);
  });

  it('counts the encryptions of all processes, and none too few after a crash', async () => {
    const database = await Database.create();
    const [one, two] = [await database.open(), await database.open()];
    for (let count = 0; count < 10; count += 1) await write(one, `a${count}`);
    assert.equal((await one.keyStatus()).encryptions, 10);
    await Promise.all(Array.from({ length: 20 }, (_, count) => write(two, `b${count}`)));
    const after = (await (await database.open()).keyStatus()).encryptions;
    assert.ok(after >= 30 && after <= 4 * 65_536, String(after));
  });

  it('begins the next term when the old one has its age, once for all processes', async () => {
    const database = await Database.create();
    const barriers = [await database.open(), await database.open()];
    await barriers[0]?.setRotationConfig({
      enabled: true,
      maxOperations: MAX_OPERATIONS_DEFAULT,
      intervalSeconds: 86_400,
    });
    for (const barrier of barriers) await barrier.rotationConfig();
    database.now += 86_399_999;
    for (const barrier of barriers) assert.equal(await barrier.rotateIfDue(), false);
    database.now += 1;
    const rotated = await Promise.all(barriers.map((each) => each.rotateIfDue()));
    assert.deepEqual(rotated.filter(Boolean), [true]);
    assert.equal((await barriers[1]?.keyStatus())?.term, 2);
  });

  const refused: readonly [string, RotationConfig][] = [
    ['too few operations', { enabled: true, maxOperations: 999_999, intervalSeconds: 0 }],
    [
      'too many operations',
      { enabled: true, maxOperations: MAX_OPERATIONS_DEFAULT + 1, intervalSeconds: 0 },
    ],
    ['half an operation', { enabled: true, maxOperations: 1e6 + 0.5, intervalSeconds: 0 }],
    ['an interval under a day', { enabled: true, maxOperations: 1e6, intervalSeconds: 86_399 }],
    ['a negative interval', { enabled: true, maxOperations: 1e6, intervalSeconds: -1 }],
    ['no number', { enabled: true, maxOperations: Number.NaN, intervalSeconds: 0 }],
  ];
  for (const [what, config] of refused) {
    it(`refuses a configuration with ${what}`, async () => {
      const barrier = await (await Database.create()).open();
      await assert.rejects(barrier.setRotationConfig(config), { kind: 'invalid-request' });
      assert.equal((await barrier.rotationConfig()).maxOperations, MAX_OPERATIONS_DEFAULT);
    });
  }
});

describe('rotation: root key', () => {
  it('opens with the new one only, and other processes follow, even many terms behind', async () => {
    const database = await Database.create();
    const [one, two] = [await database.open(), await database.open()];
    await write(one, 'a');
    const next = memory.generate(32);
    const copy = memory.copyFrom(next.bytes);
    await one.rotate();
    await one.changeRootKey(next, [{ put: 'core/beside', value: Buffer.from('x') }], []);
    await one.rotate();
    await write(one, 'b');
    assert.ok(next.isFree);
    assert.equal((await database.engine.get('core/beside'))?.value.toString(), 'x');
    await assertReads(two, 'a', 'b');
    assert.ok(await two.isRootKey(copy));
    assert.equal(await two.isRootKey(database.rootKey), false);
    await assert.rejects(database.open(), TamperingError);
    database.rootKey = copy;
    await assertReads(await database.open(), 'a', 'b');
  });

  it('is not taken from a record of another path or another database', async () => {
    const database = await Database.create();
    const [one, two] = [await database.open(), await database.open()];
    await write(one, 'a');
    await one.changeRootKey(memory.generate(32), [], []);
    const moved = (await database.engine.get('x/a'))?.value ?? Buffer.alloc(0);
    await database.engine.commit([{ put: ROOT_KEY_PATH, value: moved }], []);
    await assert.rejects(two.keyStatus(), TamperingError);
  });
});

describe('rotation: failing storage', () => {
  for (const when of ['before', 'after'] as const) {
    it(`leaves a usable database when the commit of a rotation fails ${when} its effect`, async () => {
      const database = await Database.create();
      const barrier = await database.open();
      await write(barrier, 'a');
      database.engine.failOn({ commit: 1, when });
      await assert.rejects(barrier.rotate(), { kind: 'unavailable' });
      await assertReads(barrier, 'a');
      await write(barrier, 'b');
      await barrier.rotate();
      await write(barrier, 'c');
      await assertReads(barrier, 'a', 'b', 'c');
      await assertReads(await database.open(), 'a', 'b', 'c');
    });

    it(`leaves a usable database when a change of the root key fails ${when} its effect`, async () => {
      const database = await Database.create();
      const barrier = await database.open();
      await write(barrier, 'a');
      const next = memory.generate(32);
      database.engine.failOn({ commit: 1, when });
      await assert.rejects(barrier.changeRootKey(next, [], []), { kind: 'unavailable' });
      assert.equal(await barrier.isRootKey(next), when === 'after');
      await write(barrier, 'b');
      if (when === 'after') database.rootKey = next;
      await assertReads(await database.open(), 'a', 'b');
    });

    it(`stores nothing uncounted when the reservation fails ${when} its effect`, async () => {
      const database = await Database.create();
      const barrier = await database.open();
      database.engine.failOn({ commit: 1, when });
      await assert.rejects(write(barrier, 'a'), { kind: 'unavailable' });
      assert.equal(await database.engine.get('x/a'), null);
      await write(barrier, 'a');
      await assertReads(barrier, 'a');
    });
  }
});

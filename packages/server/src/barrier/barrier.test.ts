// The barrier over both storage engines: what comes back, what is refused, and that several of them agree.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StorageConflict, TamperingError } from '../framework/errors.js';
import { SecretMemory } from '../secret-memory/secret-memory.js';
import type { StorageEngine } from '../storage/engine.js';
import { LevelDbEngine } from '../storage/leveldb.js';
import { MemoryEngine } from '../storage/memory.js';
import { Barrier } from './barrier.js';
import { KEYRING_PATH } from './paths.js';
import { firstKeyringWrites } from './stored-keyring.js';
import { ownedView } from './view.js';

const memory = new SecretMemory();
const now = (): number => 1_700_000_000_000;
const ALL = { after: '', limit: 100 };

interface Fixture {
  readonly engine: StorageEngine;
  readonly barrier: Barrier;
  /** Another process on the same database. */
  join(): Promise<Barrier>;
}

async function withBarrier(
  engine: StorageEngine,
  work: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const rootKey = memory.generate(32);
  await engine.commit(firstKeyringWrites(rootKey, memory, now()), []);
  const join = async (): Promise<Barrier> => {
    const barrier = new Barrier({ engine, memory, now });
    await barrier.unseal(memory.copyFrom(rootKey.bytes));
    return barrier;
  };
  try {
    await work({ engine, barrier: await join(), join });
  } finally {
    await engine.close();
  }
}

function onBothEngines(name: string, work: (fixture: Fixture) => Promise<void>): void {
  it(`${name} (inmem)`, () => withBarrier(new MemoryEngine(), work));
  it(`${name} (file)`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vouchsafe-barrier-'));
    try {
      await withBarrier(await LevelDbEngine.open({ directory }), work);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

async function stored(engine: StorageEngine, path: string): Promise<Buffer> {
  const entry = await engine.get(path);
  assert.ok(entry !== null);
  return Buffer.from(entry.value);
}

describe('barrier: entries', () => {
  onBothEngines(
    'gives back what was committed, and stores none of it readably',
    async (fixture) => {
      const view = fixture.barrier.view('logical/1/');
      const value = Buffer.from('correct horse battery staple');
      await view.commit([{ put: 'a/b', value }], []);
      const entry = await view.get('a/b');
      assert.deepEqual(entry?.value, value);
      assert.equal((await stored(fixture.engine, 'logical/1/a/b')).includes('horse'), false);
      assert.equal(await view.get('a/c'), null);
      assert.equal(await view.getUnless('a/b', entry?.version ?? 0), 'unchanged');
      assert.equal(await view.getUnless('a/c', 1), null);
      assert.deepEqual(await view.getUnless('a/b', 0), entry);
      assert.deepEqual(await view.getMany(['a/b', 'a/c']), [entry, null]);
      assert.deepEqual(await view.list('', ALL), ['a/']);
      await assert.rejects(
        view.commit([{ put: 'a/b', value }], [{ key: 'a/b', version: null }]),
        StorageConflict,
      );
    },
  );

  onBothEngines(
    'encrypts before commit returns: the caller may wipe at once',
    async ({ barrier }) => {
      const value = Buffer.from('mine');
      const commit = barrier.view('x/').commit([{ put: 'k', value }], []);
      value.fill(0);
      await commit;
      assert.equal((await barrier.view('x/').get('k'))?.value.toString(), 'mine');
    },
  );

  onBothEngines('never encrypts the same value to the same bytes', async ({ barrier, engine }) => {
    const seen = new Set<string>();
    for (let count = 0; count < 300; count += 1) {
      await barrier.view('x/').commit([{ put: 'k', value: Buffer.from('same') }], []);
      seen.add((await stored(engine, 'x/k')).subarray(5, 17).toString('hex'));
    }
    assert.equal(seen.size, 300);
  });

  onBothEngines('hands every plaintext of an owned view to its owner', async ({ barrier }) => {
    const owned: Buffer[] = [];
    const view = ownedView(barrier.view('x/'), (bytes) => {
      owned.push(bytes);
      return bytes;
    });
    await view.commit([{ put: 'a', value: Buffer.from('1') }], []);
    await view.commit([{ put: 'b', value: Buffer.from('2') }], []);
    const got = [
      (await view.get('a'))?.value,
      ...(await view.getMany(['b', 'none', 'a'])).map((entry) => entry?.value),
    ].filter((value) => value !== undefined);
    const fresh = await view.getUnless('b', 0);
    assert.ok(fresh !== null && fresh !== 'unchanged');
    assert.deepEqual(owned, [...got, fresh.value]);
    await view.getUnless('b', fresh.version);
    assert.equal(owned.length, 4);
  });
});

describe('barrier: confinement', () => {
  const keys = [
    ...['', '/', '/a', 'a/', 'a//b', '..', '../b', 'a/../b', 'a/..', '.', './a', 'a/./b'],
    ...['a\0b', 'a\nb', 'a\x7fb', 'a\ud800'],
  ];
  for (const key of keys) {
    it(`refuses the key ${JSON.stringify(key)}`, () =>
      withBarrier(new MemoryEngine(), async ({ barrier }) => {
        const view = barrier.view('logical/1/');
        const refusal = { code: 'storage-key' };
        await assert.rejects(async () => view.get(key), refusal);
        await assert.rejects(async () => view.getUnless(key, 1), refusal);
        await assert.rejects(view.getMany(['fine', key]), refusal);
        await assert.rejects(view.commit([{ put: key, value: Buffer.from('x') }], []), refusal);
        await assert.rejects(view.commit([{ delete: key }], []), refusal);
        await assert.rejects(view.commit([], [{ key, version: null }]), refusal);
        if (key !== '') await assert.rejects(view.list(`${key}/`, ALL), refusal);
      }));
  }

  for (const prefix of ['a', '/', '/a/', '../', 'a/../b/', 'a//']) {
    it(`refuses a view of ${JSON.stringify(prefix)}`, () =>
      withBarrier(new MemoryEngine(), async ({ barrier }) => {
        assert.throws(() => barrier.view(prefix), { code: 'storage-key' });
      }));
  }

  it('accepts keys of any script, with dots and spaces inside a segment', () =>
    withBarrier(new MemoryEngine(), async ({ barrier }) => {
      const view = barrier.view('x/');
      for (const key of ['...', 'a..b', '.a', 'a b/c', 'é/\u{1f511}', ' ', 'a%2e%2e/b', '\\']) {
        await view.commit([{ put: key, value: Buffer.from(key) }], []);
        assert.equal((await view.get(key))?.value.toString(), key);
      }
    }));

  it('gives the keys of the barrier itself to nobody, not even to the view of everything', () =>
    withBarrier(new MemoryEngine(), async ({ barrier }) => {
      const paths = ['keyring', 'root-key', 'seal-config', 'hsm/barrier-unseal-keys'];
      for (const [prefix, cut] of [
        ['', 'core/'],
        ['core/', ''],
      ] as const) {
        for (const path of paths) {
          const refusal = { code: 'storage-key' };
          await assert.rejects(async () => barrier.view(prefix).get(cut + path), refusal);
          const write = { put: cut + path, value: Buffer.from('x') };
          await assert.rejects(barrier.view(prefix).commit([write], []), refusal);
        }
      }
    }));

  it('reads at a place of a view through views of the same folder only', async () => {
    await withBarrier(new MemoryEngine(), async ({ barrier }) => {
      await barrier.view('a/').commit([{ put: 'k', value: Buffer.from('a') }], []);
      const place = barrier.view('a/').locate('k');
      assert.equal((await barrier.view('a/').get(place))?.value.toString(), 'a');
      const refusal = { message: /used with another view/ };
      for (const prefix of ['', 'b/', 'a/k/']) {
        const other = barrier.view(prefix);
        await assert.rejects(async () => other.get(place), refusal);
        await assert.rejects(async () => other.getUnless(place, 1), refusal);
        await assert.rejects(async () => ownedView(other, (bytes) => bytes).get(place), refusal);
      }
      await withBarrier(new MemoryEngine(), async (second) => {
        await assert.rejects(async () => second.barrier.view('a/').get(place), refusal);
      });
      await assert.rejects(async () => barrier.view('a/').get({ key: 'k' }), refusal);
      for (const key of ['../b/k', '', 'k/']) {
        assert.throws(() => barrier.view('a/').locate(key), { code: 'storage-key' }, key);
      }
    });
  });

  it('shows one mount nothing of another', () =>
    withBarrier(new MemoryEngine(), async ({ barrier }) => {
      await barrier.view('a/').commit([{ put: 'k', value: Buffer.from('a') }], []);
      await barrier.view('ab/').commit([{ put: 'k', value: Buffer.from('ab') }], []);
      assert.equal(await barrier.view('b/').get('k'), null);
      assert.deepEqual(await barrier.view('a/').list('', ALL), ['k']);
      assert.deepEqual(await barrier.view('a/').list('', { after: '../', limit: 9 }), ['k']);
    }));
});

describe('barrier: tampering', () => {
  const path = 'x/k';
  const damages: readonly [string, (record: Buffer, other: Buffer) => Buffer][] = [
    ['nothing at all', () => Buffer.alloc(0)],
    ['a header without a body', (record) => record.subarray(0, 17)],
    ['one byte less', (record) => record.subarray(0, record.length - 1)],
    ['one byte more', (record) => Buffer.concat([record, Buffer.alloc(1)])],
    ['a body that was cut out', (r) => Buffer.concat([r.subarray(0, 17), r.subarray(-16)])],
    ['another version byte', (record) => Buffer.concat([record]).fill(1, 4, 5)],
    ['an unknown term', (record) => Buffer.concat([record]).fill(9, 0, 4)],
    ['term zero', (record) => Buffer.concat([record]).fill(0, 0, 4)],
    ['the record of another path', (_, other) => other],
    ['plain text', () => Buffer.from('{"data":{"value":"this was never encrypted"}}')],
  ];
  for (const [what, damage] of damages) {
    onBothEngines(`refuses ${what}`, async ({ barrier, engine }) => {
      const view = barrier.view('x/');
      await view.commit([{ put: 'k', value: Buffer.from('value') }], []);
      await view.commit([{ put: 'other', value: Buffer.from('value') }], []);
      const value = damage(await stored(engine, path), await stored(engine, 'x/other'));
      await engine.commit([{ put: path, value }], []);
      await assert.rejects(async () => view.get('k'), TamperingError);
      await assert.rejects(async () => view.getUnless('k', 0), TamperingError);
      await assert.rejects(view.getMany(['other', 'k']), TamperingError);
      assert.equal((await view.get('other'))?.value.toString(), 'value');
    });
  }

  onBothEngines('refuses every flipped bit', async ({ barrier, engine }) => {
    const view = barrier.view('x/');
    await view.commit([{ put: 'k', value: Buffer.from('value') }], []);
    const record = await stored(engine, path);
    for (let bit = 0; bit < record.length * 8; bit += 1) {
      const flipped = Buffer.concat([record]);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await engine.commit([{ put: path, value: flipped }], []);
      await assert.rejects(async () => view.get('k'), TamperingError, `bit ${bit}`);
    }
  });

  it('refuses a record at any path but its own', async () => {
    const segment = fc
      .string({ minLength: 1, maxLength: 8 })
      .filter((s) => /^[^/\p{C}.]+$/u.test(s));
    await fc.assert(
      fc.asyncProperty(segment, segment, async (from, to) => {
        fc.pre(from !== to);
        await withBarrier(new MemoryEngine(), async ({ barrier, engine }) => {
          const view = barrier.view('x/');
          await view.commit([{ put: from, value: Buffer.from('v') }], []);
          await engine.commit([{ put: `x/${to}`, value: await stored(engine, `x/${from}`) }], []);
          await assert.rejects(async () => view.get(to), TamperingError);
        });
      }),
      { numRuns: 200 },
    );
  });

  onBothEngines('refuses an altered keyring, of any kind, and stays sealed', async ({ engine }) => {
    const record = await stored(engine, KEYRING_PATH);
    const flipped = Buffer.concat([record]);
    flipped[40] = (flipped[40] ?? 0) ^ 1;
    for (const value of [flipped, record.subarray(0, 60), Buffer.alloc(0), Buffer.alloc(200, 2)]) {
      await engine.commit([{ put: KEYRING_PATH, value }], []);
      const barrier = new Barrier({ engine, memory, now });
      await assert.rejects(barrier.unseal(memory.generate(32)), TamperingError);
      assert.ok(barrier.isSealed);
    }
  });

  it('refuses a root key that is not the keyring’s', () =>
    withBarrier(new MemoryEngine(), async ({ engine }) => {
      const barrier = new Barrier({ engine, memory, now });
      const wrong = memory.generate(32);
      await assert.rejects(barrier.unseal(wrong), TamperingError);
      assert.ok(wrong.isFree);
    }));
});

describe('barrier: seal', () => {
  onBothEngines('answers nothing once sealed, and all again when unsealed', async (fixture) => {
    const { barrier, engine } = fixture;
    const view = barrier.view('x/');
    await view.commit([{ put: 'k', value: Buffer.from('v') }], []);
    const other = await fixture.join();
    barrier.seal();
    const refusal = { kind: 'sealed', message: 'Vault is sealed' };
    const operations = [
      () => view.get('k'),
      () => view.get('none'),
      () => view.getUnless('k', 1),
      () => view.getMany(['k']),
      () => view.getMany([]),
      () => view.list('', ALL),
      () => view.commit([{ put: 'k', value: Buffer.from('w') }], []),
      () => view.commit([{ delete: 'k' }], []),
      () => barrier.rotate(),
      () => barrier.rotateIfDue(),
      () => barrier.keyStatus(),
      () => barrier.rotationConfig(),
      () => barrier.isRootKey(memory.generate(32)),
      () => barrier.changeRootKey(memory.generate(32), [], []),
    ];
    for (const operation of operations) {
      await assert.rejects(async () => await operation(), refusal);
    }
    assert.ok(await barrier.isInitialised());
    assert.equal((await other.view('x/').get('k'))?.value.toString(), 'v');
    assert.ok((await stored(engine, 'x/k')).length > 0);
  });

  it('fails the operation that was under way', () =>
    withBarrier(new MemoryEngine(), async ({ barrier }) => {
      await barrier.view('x/').commit([{ put: 'k', value: Buffer.from('v') }], []);
      const reads = [barrier.view('x/').getMany(['k']), barrier.view('x/').list('', ALL)];
      barrier.seal();
      for (const read of reads) await assert.rejects(read, { kind: 'sealed' });
    }));

  it('says that a database without keyring is not initialised', async () => {
    const barrier = new Barrier({ engine: new MemoryEngine(), memory, now });
    assert.equal(await barrier.isInitialised(), false);
    await assert.rejects(barrier.unseal(memory.generate(32)), { kind: 'not-initialized' });
  });
});

// What every storage engine must do, as tests. An engine's own test file calls storageConformance() and adds only
// what is special about it.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StorageConflict } from '../framework/errors.js';
import type { StorageEngine, StoredWrite } from './engine.js';
import {
  COMMIT_BYTES_MAX,
  COMMIT_WRITES_MAX,
  KEY_BYTES_MAX,
  keyOf,
  VALUE_BYTES_MAX,
} from './engine.js';

/** Opens an empty engine for one test; `release` ends it and removes what it left. */
export type OpenEngine = () => Promise<{
  readonly engine: StorageEngine;
  release(): Promise<void>;
}>;

const ALL = { after: '', limit: 1000 };

function put(key: string, value: string): StoredWrite {
  return { put: key, value: Buffer.from(value) };
}

async function read(engine: StorageEngine, key: string): Promise<string | null> {
  return (await engine.get(key))?.value.toString() ?? null;
}

async function versionOf(engine: StorageEngine, key: string): Promise<number | null> {
  return (await engine.get(key))?.version ?? null;
}

function refuses(code: string): (error: unknown) => boolean {
  return (error) => error instanceof Error && 'code' in error && error.code === code;
}

/** Runs the suite; `runs` is the number of random histories. */
export function storageConformance(name: string, open: OpenEngine, runs = 60): void {
  async function withEngine(work: (engine: StorageEngine) => Promise<void>): Promise<void> {
    const { engine, release } = await open();
    try {
      await work(engine);
    } finally {
      await release();
    }
  }

  describe(`storage ${name}: commit`, () => commitRules(withEngine));
  describe(`storage ${name}: expectations`, () => expectationRules(withEngine));
  describe(`storage ${name}: list`, () => listRules(withEngine));
  describe(`storage ${name}: history`, () => historyRules(withEngine, runs));
}

type WithEngine = (work: (engine: StorageEngine) => Promise<void>) => Promise<void>;

function commitRules(withEngine: WithEngine): void {
  it('gives back what was put, null for what was not', () =>
    withEngine(async (engine) => {
      await engine.commit([put('a/b', 'one'), put('a/c', '')], []);
      assert.equal(await read(engine, 'a/b'), 'one');
      assert.equal(await read(engine, 'a/c'), '');
      assert.equal(await engine.get('a'), null);
      assert.equal(await engine.get('a/'), null);
      const many = await engine.getMany(['a/c', 'none', 'a/b']);
      assert.deepEqual(
        many.map((entry) => entry?.value.toString() ?? null),
        ['', null, 'one'],
      );
    }));

  it('deletes, also what does not exist', () =>
    withEngine(async (engine) => {
      await engine.commit([put('a', '1'), put('b', '2')], []);
      await engine.commit([{ delete: 'a' }, { delete: 'none' }], []);
      assert.equal(await engine.get('a'), null);
      assert.equal(await read(engine, 'b'), '2');
    }));

  it('accepts a commit with nothing to write', () =>
    withEngine(async (engine) => {
      await engine.commit([], []);
      await engine.commit([], [{ key: 'none', version: null }]);
      await assert.rejects(engine.commit([], [{ key: 'none', version: 1 }]), StorageConflict);
    }));

  it('keeps a value of the largest size, and every byte value', () =>
    withEngine(async (engine) => {
      const value = Buffer.alloc(
        VALUE_BYTES_MAX,
        Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      );
      await engine.commit([{ put: 'large', value }], []);
      assert.ok((await engine.get('large'))?.value.equals(value));
    }));

  it('keeps a key of the largest size', () =>
    withEngine(async (engine) => {
      const key = 'é'.repeat(KEY_BYTES_MAX / 2);
      await engine.commit([put(key, 'x')], []);
      assert.equal(await read(engine, key), 'x');
    }));

  const refusals: readonly [string, readonly StoredWrite[], string][] = [
    ['an empty key', [put('', 'x')], 'storage-key'],
    ['a key with NUL', [put('a\0b', 'x')], 'storage-key'],
    ['a key that is not Unicode', [put('a\ud800', 'x')], 'storage-key'],
    ['a key that is too long', [put('k'.repeat(KEY_BYTES_MAX + 1), 'x')], 'storage-key-too-long'],
    [
      'a key that is too long in bytes only',
      [put('é'.repeat(KEY_BYTES_MAX / 2 + 1), 'x')],
      'storage-key-too-long',
    ],
    [
      'a value that is too large',
      [{ put: 'a', value: Buffer.alloc(VALUE_BYTES_MAX + 1) }],
      'storage-entry-too-large',
    ],
    [
      'too many writes',
      Array.from({ length: COMMIT_WRITES_MAX + 1 }, (_, index) => put(`k${index}`, '')),
      'storage-entry-too-large',
    ],
    [
      'too many bytes',
      Array.from({ length: 17 }, (_, index) => ({
        put: `k${index}`,
        value: Buffer.alloc(Math.ceil(COMMIT_BYTES_MAX / 16)),
      })),
      'storage-entry-too-large',
    ],
  ];
  for (const [what, writes, code] of refusals) {
    it(`refuses ${what}, and stores nothing`, () =>
      withEngine(async (engine) => {
        await assert.rejects(engine.commit([put('before', 'x'), ...writes], []), refuses(code));
        assert.deepEqual(await engine.list('', ALL), []);
      }));
  }

  it('refuses the same key twice in one commit', () =>
    withEngine(async (engine) => {
      await assert.rejects(engine.commit([put('a', '1'), { delete: 'a' }], []), TypeError);
      assert.equal(await engine.get('a'), null);
    }));

  it('answers unavailable once closed', () =>
    withEngine(async (engine) => {
      await engine.commit([put('a', '1')], []);
      await engine.close();
      await assert.rejects(async () => engine.get('a'), refuses('storage-closed'));
      await assert.rejects(engine.getMany(['a']), refuses('storage-closed'));
      await assert.rejects(engine.list('', ALL), refuses('storage-closed'));
      await assert.rejects(engine.commit([put('a', '2')], []), refuses('storage-closed'));
    }));

  it('completes a commit that was accepted before close', () =>
    withEngine(async (engine) => {
      const commit = engine.commit([put('a', '1')], []);
      await Promise.all([commit, engine.close()]);
    }));
}

function expectationRules(withEngine: WithEngine): void {
  it('holds for the stored version, and for null when there is none', () =>
    withEngine(async (engine) => {
      await engine.commit([put('a', '1')], [{ key: 'a', version: null }]);
      const version = await versionOf(engine, 'a');
      await engine.commit([put('a', '2')], [{ key: 'a', version }]);
      assert.equal(await read(engine, 'a'), '2');
    }));

  const conflicts: readonly [
    string,
    (version: number) => { key: string; version: number | null },
  ][] = [
    ['null where there is an entry', () => ({ key: 'a', version: null })],
    ['an older version', (version) => ({ key: 'a', version: version - 1 })],
    ['a later version', (version) => ({ key: 'a', version: version + 1 })],
    ['a version where there is no entry', (version) => ({ key: 'none', version })],
  ];
  for (const [what, expectation] of conflicts) {
    it(`conflicts on ${what}, and writes nothing`, () =>
      withEngine(async (engine) => {
        await engine.commit([put('x', '0')], []);
        await engine.commit([put('a', '1')], []);
        const version = (await versionOf(engine, 'a')) ?? 0;
        const attempt = engine.commit([put('a', '2'), put('b', '2')], [expectation(version)]);
        await assert.rejects(attempt, StorageConflict);
        assert.equal(await read(engine, 'a'), '1');
        assert.equal(await engine.get('b'), null);
      }));
  }

  it('never gives the same version again, after change, delete and re-create', () =>
    withEngine(async (engine) => {
      const seen = new Set<number>();
      for (let round = 0; round < 20; round += 1) {
        await engine.commit([put('a', 'same'), put('b', 'same')], []);
        for (const key of ['a', 'b']) seen.add((await versionOf(engine, key)) ?? -1);
        if (round % 3 === 0) await engine.commit([{ delete: 'a' }], []);
      }
      assert.equal(seen.size, 40);
    }));

  it('fails the conflicting commit alone when several are made at once', () =>
    withEngine(async (engine) => {
      await engine.commit([put('a', '0')], []);
      const version = await versionOf(engine, 'a');
      const results = await Promise.allSettled([
        engine.commit([put('a', '1')], [{ key: 'a', version }]),
        engine.commit([put('a', '2'), put('lost', '2')], [{ key: 'a', version }]),
        engine.commit([put('c', '3')], [{ key: 'c', version: null }]),
        engine.commit([put('c', '4')], [{ key: 'c', version: null }]),
      ]);
      assert.deepEqual(
        results.map((result) => result.status),
        ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
      );
      assert.equal(await read(engine, 'a'), '1');
      assert.equal(await read(engine, 'c'), '3');
      assert.equal(await engine.get('lost'), null);
    }));

  it('loses no increment of many writers at once', () =>
    withEngine(async (engine) => {
      const increment = async (): Promise<void> => {
        for (;;) {
          const entry = await engine.get('counter');
          const next = Number(entry?.value.toString() ?? '0') + 1;
          try {
            await engine.commit(
              [put('counter', String(next))],
              [{ key: 'counter', version: entry?.version ?? null }],
            );
            return;
          } catch (error) {
            if (!(error instanceof StorageConflict)) throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: 40 }, increment));
      assert.equal(await read(engine, 'counter'), '40');
    }));
}

function listRules(withEngine: WithEngine): void {
  it('lists children once, folders with a slash, in the order of UTF-8 bytes', () =>
    withEngine(async (engine) => {
      const keys = ['b', 'a', 'a/x', 'a/y/z', 'a!', 'a0', 'é', '\uffee', '\u{1f511}', 'Z/1', 'Z/2'];
      await engine.commit(
        keys.map((key) => put(key, key)),
        [],
      );
      assert.deepEqual(await engine.list('', ALL), [
        ...['Z/', 'a', 'a!', 'a/', 'a0', 'b', 'é', '\uffee', '\u{1f511}'],
      ]);
      assert.deepEqual(await engine.list('a/', ALL), ['x', 'y/']);
      assert.deepEqual(await engine.list('a/y/', ALL), ['z']);
      assert.deepEqual(await engine.list('none/', ALL), []);
    }));

  it('does not show a deleted key, nor the folder it was alone in', () =>
    withEngine(async (engine) => {
      await engine.commit([put('f/a', '1'), put('g/a', '1'), put('g/b', '1')], []);
      await engine.commit([{ delete: 'f/a' }, { delete: 'g/a' }], []);
      assert.deepEqual(await engine.list('', ALL), ['g/']);
      assert.deepEqual(await engine.list('g/', ALL), ['b']);
    }));

  it('gives every page size the same children', () =>
    withEngine(async (engine) => {
      const keys = Array.from({ length: 60 }, (_, index) =>
        index % 3 === 0 ? `p/k${index}` : `p/d${index % 7}/k${index}`,
      );
      await engine.commit(
        keys.map((key) => put(key, '')),
        [],
      );
      const whole = await engine.list('p/', ALL);
      for (const limit of [1, 2, 3, 7, 26, 27, 28]) {
        const paged: string[] = [];
        for (;;) {
          const page = await engine.list('p/', { after: paged.at(-1) ?? '', limit });
          assert.ok(page.length <= limit);
          paged.push(...page);
          if (page.length < limit) break;
        }
        assert.deepEqual(paged, whole, `limit ${limit}`);
      }
    }));

  it('goes on after a key or folder that does not exist', () =>
    withEngine(async (engine) => {
      await engine.commit([put('a', ''), put('c/1', ''), put('c/2', ''), put('e', '')], []);
      assert.deepEqual(await engine.list('', { after: 'b', limit: 9 }), ['c/', 'e']);
      assert.deepEqual(await engine.list('', { after: 'b/', limit: 9 }), ['c/', 'e']);
      assert.deepEqual(await engine.list('', { after: 'c/', limit: 9 }), ['e']);
      assert.deepEqual(await engine.list('', { after: 'c/1', limit: 9 }), ['e']);
      assert.deepEqual(await engine.list('', { after: 'zz', limit: 9 }), []);
    }));

  it('passes over big folders, and takes many of them', () =>
    withEngine(async (engine) => {
      const writes: StoredWrite[] = [];
      for (let folder = 0; folder < 40; folder += 1) {
        for (let key = 0; key < 100; key += 1) writes.push(put(`d/${folder + 10}/${key}`, ''));
      }
      await engine.commit(writes, []);
      const want = Array.from({ length: 40 }, (_, folder) => `${folder + 10}/`);
      assert.deepEqual(await engine.list('d/', ALL), want);
      assert.equal((await engine.list('d/10/', { after: '', limit: 10_000 })).length, 100);
    }));

  for (const limit of [0, -1, 1.5, 10_001, Number.NaN]) {
    it(`refuses a page of ${limit}`, () =>
      withEngine(async (engine) => {
        await assert.rejects(engine.list('', { after: '', limit }), refuses('invalid-request'));
      }));
  }

  it('refuses a prefix that is not a folder', () =>
    withEngine(async (engine) => {
      await assert.rejects(engine.list('a', ALL), TypeError);
    }));
}

const someKey = fc.constantFrom('a', 'b', 'a/b', 'a/c', 'a/b/c', 'é', '\u{1f511}', '\uffee', 'a!');
const someWrite: fc.Arbitrary<StoredWrite> = fc.oneof(
  fc.record({ put: someKey, value: fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b)) }),
  fc.record({ delete: someKey }),
);
const someStep = fc.record({
  writes: fc.uniqueArray(someWrite, { selector: keyOf, maxLength: 4 }),
  expected: fc.array(fc.record({ key: someKey, stale: fc.boolean() }), { maxLength: 2 }),
});

function childrenOf(keys: readonly string[], prefix: string): string[] {
  const names = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => /^[^/]*\/?/.exec(key.slice(prefix.length))?.[0] ?? '');
  return [...new Set(names)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const KEYS = ['a', 'b', 'a/b', 'a/c', 'a/b/c', 'é', '\u{1f511}', '\uffee', 'a!'];

function historyRules(withEngine: WithEngine, runs: number): void {
  it('agrees with a map after every step of a random history', async () => {
    const histories = fc.array(someStep, { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(histories, (steps) =>
        withEngine(async (engine) => {
          const model = new Map<string, Buffer>();
          const places = KEYS.map((key) => engine.locate(key));
          for (const { writes, expected } of steps) {
            const expectations = [];
            for (const { key, stale } of expected) {
              const version = await versionOf(engine, key);
              expectations.push({ key, version: stale ? (version ?? 0) + 1 : version });
            }
            const commit = engine.commit(writes, expectations);
            if (expected.some(({ stale }) => stale)) {
              await assert.rejects(commit, StorageConflict);
            } else {
              await commit;
              for (const write of writes) {
                if ('put' in write) model.set(write.put, write.value);
                else model.delete(write.delete);
              }
            }
            for (const place of places) {
              const { key } = place;
              assert.deepEqual((await engine.get(place))?.value, model.get(key), `place of ${key}`);
              assert.deepEqual((await engine.get(key))?.value, model.get(key), key);
            }
            for (const prefix of ['', 'a/', 'a/b/']) {
              const want = childrenOf([...model.keys()], prefix);
              assert.deepEqual(await engine.list(prefix, ALL), want, prefix);
              assert.deepEqual(
                await engine.list(prefix, { after: want[0] ?? '', limit: 2 }),
                want.slice(want.length === 0 ? 0 : 1, 3),
              );
            }
          }
        }),
      ),
      { numRuns: runs },
    );
  });
}

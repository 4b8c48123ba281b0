// The key-value engine over what it runs on: the real barrier, on both embedded storage engines.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Barrier } from '../../barrier/barrier.js';
import { firstKeyringWrites } from '../../barrier/stored-keyring.js';
import { BarrierView, ownedView } from '../../barrier/view.js';
import { ApiError } from '../../framework/errors.js';
import { type Identity, JsonText, RawJson } from '../../framework/json/value.js';
import type { Place, Storage } from '../../framework/storage.js';
import { SecretMemory } from '../../secret-memory/secret-memory.js';
import type { StorageEngine } from '../../storage/engine.js';
import { LevelDbEngine } from '../../storage/leveldb.js';
import { MemoryEngine } from '../../storage/memory.js';
import { openKvOn } from './testing/mount.js';

const memory = new SecretMemory();
const VALUE = '{ "n":123456789012345678901234567890.50, "dup":{"a":1,"a":2},"esc":"\\u00e9\\/" }';

/** A view as requests get it: `wipe` does what the end of a request does. */
async function withView(
  engine: StorageEngine,
  work: (view: Storage, wipe: () => void) => Promise<void>,
): Promise<void> {
  const rootKey = memory.generate(32);
  const now = () => 1_700_000_000_000;
  try {
    await engine.commit(firstKeyringWrites(rootKey, memory, now()), []);
    const barrier = new Barrier({ engine, memory, now });
    await barrier.unseal(rootKey);
    const owned: Buffer[] = [];
    const view = ownedView(new BarrierView(barrier, 'logical/11111111/'), (bytes) => {
      owned.push(bytes);
      return bytes;
    });
    await work(view, () => {
      for (const bytes of owned) bytes.fill(0);
    });
  } finally {
    await engine.close();
  }
}

function onBothEngines(name: string, work: Parameters<typeof withView>[1]): void {
  test(`${name} (inmem)`, () => withView(new MemoryEngine(), work));
  test(`${name} (file)`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kv-'));
    try {
      await withView(await LevelDbEngine.open({ directory }), work);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

/** Says of every entry that it is the same version of the same thing. */
class LyingEngine extends MemoryEngine {
  override get(at: string | Place): ReturnType<MemoryEngine['get']> {
    const found = super.get(at);
    return found === null || found instanceof Promise ? found : { ...found, version: 7 };
  }
}

test('what storage says of versions does not give two values one identity', async () => {
  await withView(new LyingEngine(), async (view) => {
    const kv = await openKvOn('2', view);
    const found = new Set<Identity>();
    for (const key of ['a', 'b']) {
      await kv.put(key, { password: key });
      const { response } = await kv.call('read', `data/${key}`);
      for (const part of Object.values(response?.data ?? {})) {
        assert.ok(part instanceof RawJson || part instanceof JsonText);
        assert.ok(part.identity !== null);
        found.add(part.identity);
      }
    }
    assert.equal(found.size, 4, 'two values, and what is said of each');
  });
});

onBothEngines('a value has one identity as long as it is the same value', async (view) => {
  const kv = await openKvOn('2', view);
  const identity = async (): Promise<Identity> => {
    const data = (await kv.call('read', 'data/a')).response?.data?.data;
    assert.ok(data instanceof RawJson && data.identity !== null);
    return data.identity;
  };
  await kv.put('a', { password: 'x' });
  const first = await identity();
  assert.equal(await identity(), first);
  await kv.put('a', { password: 'x' });
  assert.notEqual(await identity(), first);
});

onBothEngines(
  'a value comes back byte for byte and is gone after the request',
  async (view, wipe) => {
    const kv = await openKvOn('2', view);
    await kv.call('write', 'data/app/db', `{"data":${VALUE}}`);
    const value = (await kv.call('read', 'data/app/db')).response?.data?.data;
    assert.ok(value instanceof RawJson);
    assert.equal(value.bytes.toString(), VALUE);
    wipe();
    assert.ok(value.bytes.every((byte) => byte === 0));
    assert.deepEqual((await kv.data('list', 'metadata/')).keys, ['app/']);
  },
);

onBothEngines('cas writers at once lose nothing', async (view) => {
  const mounts = [await openKvOn('2', view), await openKvOn('2', view)];
  const [first] = mounts;
  await first?.put('counter', { count: 0 });
  const increment = async (writer: number): Promise<void> => {
    const kv = mounts[writer % 2];
    for (;;) {
      const read = (await kv?.data('read', 'data/counter')) ?? {};
      const { count } = read.data as { count: number };
      const { version } = read.metadata as { version: number };
      try {
        await kv?.put('counter', { count: count + 1 }, version);
        return;
      } catch (error) {
        assert.ok(error instanceof ApiError && error.code === 'kv-cas-mismatch', String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, writer) => increment(writer)));
  assert.deepEqual((await first?.data('read', 'data/counter'))?.data, { count: 20 });
});

onBothEngines('an upgrade moves everything', async (view) => {
  const v1 = await openKvOn('1', view);
  for (let n = 0; n < 30; n += 1) await v1.call('write', `f${n % 3}/k${n}`, `{"n": ${n}.0}`);
  const v2 = await openKvOn('2', view);
  assert.equal(((await v2.data('scan', 'metadata/')).keys as string[]).length, 30);
  const value = (await v2.call('read', 'data/f2/k5')).response?.data?.data;
  assert.equal(value instanceof RawJson && value.bytes.toString(), '{"n": 5.0}');
  assert.equal((await v1.refusal('write', 'f2/k5', { a: 1 })).code, 'kv-upgrading');
});

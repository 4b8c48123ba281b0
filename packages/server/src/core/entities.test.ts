import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyAt, type Storage } from '../framework/storage.js';
import { MemoryStorage } from '../framework/testing/memory-storage.js';
import { type Entity, EntityStore } from './entities.js';

const NOW = 1_700_000_000_000;
const ANN = { name: 'ann', mountAccessor: 'auth_a', mountPath: 'auth/a/', mountType: 'a' };
const BEN = { ...ANN, name: 'ben' };

test('two entities never share a name, however their ids begin', async () => {
  const ids = ['11111111-a', '11111111-b', '22222222-c'];
  const store = new EntityStore(new MemoryStorage(), () => ids.shift() ?? '');
  const ann = await store.ensure({ ...ANN, metadata: {} }, NOW);
  const ben = await store.ensure({ ...BEN, metadata: {} }, NOW);
  assert.notEqual(ann.name, ben.name);
  assert.equal((await store.findByName(ann.name))?.id, ann.id);
  assert.equal((await store.findByName(ben.name))?.id, ben.id);
});

test('the same name at the same mount is the same entity, and at another one is not', async () => {
  const store = new EntityStore(new MemoryStorage());
  const first = await store.ensure({ ...ANN, metadata: {} }, NOW);
  assert.equal((await store.ensure({ ...ANN, metadata: { team: 'x' } }, NOW)).id, first.id);
  assert.deepEqual((await store.find(first.id))?.aliases[0]?.metadata, { team: 'x' });
  const other = { ...ANN, mountAccessor: 'auth_b', metadata: {} };
  assert.notEqual((await store.ensure(other, NOW)).id, first.id);
});

test('an entity disabled while its login is under way stays disabled', async () => {
  const view = new MemoryStorage();
  let between: (() => Promise<void>) | null = null;
  const slow: Storage = {
    locate: (key) => view.locate(key),
    get: async (at) => {
      const found = await view.get(at);
      const work = keyAt(at).startsWith('id/') ? between : null;
      if (work !== null) between = null;
      await work?.();
      return found;
    },
    getUnless: (at, version) => view.getUnless(at, version),
    getMany: (keys) => view.getMany(keys),
    list: (prefix, page) => view.list(prefix, page),
    commit: (writes, expectations) => view.commit(writes, expectations),
  };
  const { id } = await new EntityStore(view).ensure({ ...ANN, metadata: {} }, NOW);
  const store = new EntityStore(slow);
  between = async () => {
    const found = await view.get(`id/${id}`);
    const entity = JSON.parse(String(found?.value)) as Entity;
    const value = Buffer.from(JSON.stringify({ ...entity, disabled: true }));
    await view.commit([{ put: `id/${id}`, value }], []);
  };
  await store.ensure({ ...ANN, metadata: { team: 'x' } }, NOW);
  assert.equal((await new EntityStore(view).find(id))?.disabled, true);
});

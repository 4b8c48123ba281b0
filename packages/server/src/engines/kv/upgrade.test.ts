import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, StorageConflict } from '../../framework/errors.js';
import { RawJson } from '../../framework/json/value.js';
import { type Storage, subView } from '../../framework/storage.js';
import type { MemoryStorage } from '../../framework/testing/memory-storage.js';
import { openKv, openKvOn } from './testing/mount.js';

const UPGRADING =
  'Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly.';

async function filled(count: number): Promise<MemoryStorage> {
  const v1 = await openKv('1');
  for (let n = 0; n < count; n += 1) await v1.call('write', `f${n % 7}/k${n}`, `{"n": ${n}.0}`);
  return v1.view;
}

async function untilUpgraded(view: MemoryStorage): Promise<void> {
  while (view.keys().some((key) => key.startsWith('data/'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('values of KV v1 become first versions, byte for byte', async () => {
  const v2 = await openKv('2', await filled(10));
  const { response } = await v2.call('read', 'data/f3/k3');
  const value = response?.data?.data;
  assert.equal(value instanceof RawJson && value.bytes.toString(), '{"n": 3.0}');
  assert.equal(await v2.put('f3/k3', {}, 1), 2);
  assert.ok(v2.view.keys().every((key) => !key.startsWith('data/')));
});

test('a large mount refuses requests with the known text until it is through', async () => {
  const v2 = await openKv('2', await filled(450));
  const error = await v2.refusal('read', 'data/f0/k0');
  assert.equal(error.message, UPGRADING);
  assert.equal(error.kind, 'invalid-request');
  await untilUpgraded(v2.view);
  await new Promise((resolve) => setImmediate(resolve));
  const keys = (await v2.data('scan', 'metadata/')).keys as string[];
  assert.equal(keys.length, 450);
});

test('an upgrade that is cut off at any commit is finished by the next process', async () => {
  for (const cut of [1, 2, 3, 4, 5]) {
    const view = await filled(350);
    let commits = 0;
    const dying: Storage = {
      ...subView(view, ''),
      commit: async (writes, expectations) => {
        commits += 1;
        if (commits >= cut) throw new Error('power cut');
        await view.commit(writes, expectations);
      },
    };
    const first = await openKvOn('2', dying);
    await assert.rejects(first.call('read', 'data/f0/k0'));
    await first.backend.close?.();
    const second = await openKv('2', view);
    await second.call('read', 'data/f0/k0').catch(() => undefined);
    await untilUpgraded(view);
    await new Promise((resolve) => setImmediate(resolve));
    const keys = (await second.data('scan', 'metadata/')).keys as string[];
    assert.equal(keys.length, 350);
    assert.deepEqual((await second.data('read', 'data/f0/k0')).data, { n: 0 });
  }
});

test('two processes may upgrade at once', async () => {
  const view = await filled(300);
  const mounts = [await openKv('2', view), await openKv('2', view)];
  await Promise.all(mounts.map((kv) => kv.call('read', 'data/f0/k0').catch(() => undefined)));
  await untilUpgraded(view);
  await new Promise((resolve) => setImmediate(resolve));
  for (const kv of mounts) {
    assert.equal(((await kv.data('scan', 'metadata/')).keys as string[]).length, 300);
  }
});

test('a process that still believes in KV v1 can no longer write or delete, and does not say "not found"', async () => {
  const view = await filled(3);
  const stale = await openKv('1', view);
  const v2 = await openKv('2', view);
  await v2.call('read', 'data/f0/k0');
  assert.equal((await stale.refusal('write', 'f0/k0', { a: 1 })).message, UPGRADING);
  assert.equal((await stale.refusal('delete', 'f0/k0')).message, UPGRADING);
  assert.equal((await stale.refusal('read', 'f0/k0')).message, UPGRADING);
  assert.deepEqual((await v2.data('read', 'data/f0/k0')).data, { n: 0 });
});

test('many first requests at once are all answered', async () => {
  const v2 = await openKv('2');
  const writes = Array.from({ length: 50 }, (_, n) => v2.put(`k${n}`, { n }));
  assert.ok((await Promise.all(writes)).every((version) => version === 1));
});

test('a write that keeps conflicting for another reason is unavailable, not lost', async () => {
  const v1 = await openKv('1');
  v1.view.commit = async () => {
    throw new StorageConflict('always');
  };
  assert.equal((await v1.refusal('write', 'k', { a: 1 })).code, 'write-contention');
});

const tunes: readonly (readonly [string, '1' | '2', Record<string, string>, string | null])[] = [
  ['an upgrade', '1', { version: '2' }, null],
  ['staying at 1', '1', { version: '1' }, null],
  ['staying at 2', '2', { version: '2' }, null],
  ['another option', '2', { other: 'x' }, null],
  ['a downgrade', '2', { version: '1' }, 'cannot downgrade mount from version 2'],
  ['a version 3', '1', { version: '3' }, 'option "version" is not valid: want "1" or "2"'],
  [
    'a version that is no number',
    '2',
    { version: 'x' },
    'option "version" is not valid: want "1" or "2"',
  ],
];
for (const [name, version, options, message] of tunes) {
  test(`tune ${message === null ? 'allows' : 'refuses'} ${name}`, async () => {
    const kv = await openKv(version);
    const tuned = kv.backend.tune?.(kv.view, options) ?? Promise.resolve();
    if (message === null) await tuned;
    else await assert.rejects(tuned, (e) => e instanceof ApiError && e.message === message);
  });
}

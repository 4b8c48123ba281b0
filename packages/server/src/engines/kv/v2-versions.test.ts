import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KvMount, openKv } from './testing/mount.js';

type Versions = Readonly<Record<string, { deletion_time: string; destroyed: boolean }>>;

async function versions(kv: KvMount, key: string): Promise<Versions> {
  return (await kv.data('read', `metadata/${key}`)).versions as Versions;
}

function values(kv: KvMount): number {
  return kv.view.keys().filter((key) => key.startsWith('versions/')).length;
}

test('delete, undelete and destroy change the versions named', async () => {
  const kv = await openKv('2');
  for (const n of [1, 2, 3]) await kv.put('k', { n });
  await kv.call('write', 'delete/k', { versions: [1, 2, 9] });
  assert.notEqual((await versions(kv, 'k'))['1']?.deletion_time, '');
  assert.equal((await versions(kv, 'k'))['3']?.deletion_time, '');
  await kv.call('write', 'undelete/k', { versions: ['1'] });
  assert.equal((await versions(kv, 'k'))['1']?.deletion_time, '');
  const read = await kv.data('read', 'data/k', undefined, { version: '1' });
  assert.deepEqual(read.data, { n: 1 });
  await kv.call('write', 'destroy/k', { versions: [1] });
  assert.equal((await versions(kv, 'k'))['1']?.destroyed, true);
  assert.equal(values(kv), 2);
});

test('a destroyed version stays destroyed', async () => {
  const kv = await openKv('2');
  await kv.put('k', { n: 1 });
  await kv.call('write', 'destroy/k', { versions: [1] });
  await kv.call('write', 'undelete/k', { versions: [1] });
  const { response } = await kv.call('read', 'data/k');
  assert.equal(response?.outcome, 'missing');
  assert.equal(values(kv), 0);
});

for (const name of ['delete', 'undelete', 'destroy']) {
  test(`${name} without versions is refused`, async () => {
    const kv = await openKv('2');
    await kv.put('k', { n: 1 });
    for (const body of ['{}', '{"versions":[]}']) {
      const error = await kv.refusal('write', `${name}/k`, body);
      assert.equal(error.message, 'No version number provided');
    }
    assert.equal(
      (await kv.refusal('write', `${name}/k`, { versions: ['x'] })).code,
      'field-invalid',
    );
    assert.equal(
      (await kv.refusal('write', `${name}/`, { versions: [1] })).message,
      'missing path',
    );
  });

  test(`${name} of a key that does not exist does nothing`, async () => {
    const kv = await openKv('2');
    assert.equal((await kv.call('write', `${name}/k`, { versions: [1] })).response, null);
    assert.equal((await kv.call('read', 'metadata/k')).response, null);
  });
}

test('ten versions are kept, the oldest make room', async () => {
  const kv = await openKv('2');
  for (let n = 1; n <= 12; n += 1) await kv.put('k', { n });
  const metadata = await kv.data('read', 'metadata/k');
  assert.equal(metadata.oldest_version, 3);
  assert.equal(metadata.current_version, 12);
  assert.equal(Object.keys(await versions(kv, 'k')).length, 10);
  assert.equal(values(kv), 10);
  assert.equal((await kv.call('read', 'data/k', undefined, { version: '2' })).response, null);
});

const kept: readonly (readonly [string, number, number, number])[] = [
  ["the mount's max_versions", 3, 0, 3],
  ["the key's max_versions", 0, 2, 2],
  ['the larger of both, the key being it', 2, 4, 4],
  ['the larger of both, the mount being it', 4, 2, 4],
];
for (const [name, mount, key, wanted] of kept) {
  test(`keeps ${name}`, async () => {
    const kv = await openKv('2');
    await kv.call('write', 'config', { max_versions: mount });
    await kv.call('write', 'metadata/k', { max_versions: key });
    for (let n = 1; n <= 6; n += 1) await kv.put('k', { n });
    assert.equal(Object.keys(await versions(kv, 'k')).length, wanted);
    assert.equal(values(kv), wanted);
  });
}

test('a smaller max_versions takes effect with the next write', async () => {
  const kv = await openKv('2');
  for (let n = 1; n <= 5; n += 1) await kv.put('k', { n });
  await kv.call('write', 'metadata/k', { max_versions: 2 });
  await kv.call('write', 'config', { max_versions: 2 });
  assert.equal(values(kv), 5);
  await kv.put('k', { n: 6 });
  assert.equal(values(kv), 2);
  assert.equal((await kv.data('read', 'metadata/k')).oldest_version, 5);
});

const expiries: readonly (readonly [string, string, string, number])[] = [
  ["the mount's time", '10s', '0s', 10],
  ["the key's time", '0s', '20s', 20],
  ['the shorter of both', '10s', '20s', 10],
  ['never, when the mount says never for any key', '-1s', '20s', 0],
];
for (const [name, mount, key, seconds] of expiries) {
  test(`delete_version_after: ${name}`, async () => {
    const kv = await openKv('2');
    await kv.call('write', 'config', { delete_version_after: mount });
    await kv.call('write', 'metadata/k', { delete_version_after: key });
    await kv.put('k', { a: 1 });
    const deletion = (await versions(kv, 'k'))['1']?.deletion_time;
    const wanted = new Date(kv.now + seconds * 1000).toISOString().replace('Z', '000000Z');
    assert.equal(deletion, seconds === 0 ? '' : wanted);
    if (seconds === 0) return;
    kv.now += seconds * 1000 - 1;
    assert.equal((await kv.call('read', 'data/k')).response?.outcome, undefined);
    kv.now += 1;
    assert.equal((await kv.call('read', 'data/k')).response?.outcome, 'missing');
    await kv.call('write', 'undelete/k', { versions: [1] });
    assert.equal((await kv.call('read', 'data/k')).response?.outcome, undefined);
  });
}

test('deleting the metadata deletes every value in the same commit', async () => {
  const kv = await openKv('2');
  for (const n of [1, 2, 3]) await kv.put('k', { n });
  await kv.call('write', 'destroy/k', { versions: [1] });
  await kv.call('delete', 'metadata/k');
  assert.equal(kv.view.commits.at(-1), 3);
  assert.equal(values(kv), 0);
  assert.equal((await kv.call('read', 'metadata/k')).response, null);
  assert.equal((await kv.call('delete', 'metadata/k')).response, null);
  assert.equal(await kv.put('k', { n: 4 }, 0), 1);
});

test('every write is one commit', async () => {
  const kv = await openKv('2');
  await kv.put('k', { n: 1 });
  const before = kv.view.commits.length;
  await kv.put('k', { n: 2 });
  await kv.call('patch', 'data/k', { data: { m: 3 } });
  await kv.call('delete', 'data/k');
  assert.deepEqual(kv.view.commits.slice(before), [2, 2, 1]);
});

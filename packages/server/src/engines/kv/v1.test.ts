import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeJson } from '../../framework/json/encode.js';
import { openKv } from './testing/mount.js';

const VALUE =
  '{"path":"x","n":12345678901234567890.50,"dup":{"a":1,"a":2},"__proto__":"\\u00e9\\/"}';

test('members come back as the bytes they were written as, whatever they are called', async () => {
  const kv = await openKv('1');
  const { operation } = await kv.call('write', 'app/db', VALUE);
  assert.equal(operation, 'create');
  const { response } = await kv.call('read', 'app/db');
  assert.equal(encodeJson(response?.data ?? null).toString(), VALUE);
  assert.equal((await kv.call('write', 'app/db', VALUE)).operation, 'update');
});

test('answers lie in memory that storage handed out', async () => {
  const kv = await openKv('1');
  await kv.call('write', 'k', { password: 'hunter2' });
  const { response } = await kv.call('read', 'k');
  for (const buffer of kv.view.handedOut) buffer.fill(0x20);
  assert.ok(!encodeJson(response?.data ?? null).includes('hunter2'));
});

const durations: readonly (readonly [string, object, number])[] = [
  ["the mount's when nothing is said", { a: 1 }, 2_764_800],
  ['from ttl', { ttl: '1h' }, 3600],
  ['from ttl as a number', { ttl: 30 }, 30],
  ['from lease', { lease: '2m' }, 120],
  ['from ttl before lease', { ttl: '1m', lease: '2m' }, 60],
  ["the mount's when ttl is none", { ttl: 'soon' }, 2_764_800],
  ["the mount's when ttl is an object", { ttl: { a: 1 } }, 2_764_800],
];
for (const [name, value, seconds] of durations) {
  test(`lease_duration is ${name}`, async () => {
    const kv = await openKv('1');
    await kv.call('write', 'k', value);
    const { response } = await kv.call('read', 'k');
    assert.equal(response?.leaseDurationSeconds, seconds);
    assert.equal(response?.lease, undefined);
  });
}

const refusals: readonly (readonly [string, string, string, string])[] = [
  ['no data', 'k', '{}', 'missing data fields'],
  ['a write to the root', '', '{"a":1}', 'missing path'],
  ['a name that ends like a folder', 'k/', '{"a":1}', "path cannot end in '/'"],
];
for (const [name, path, body, message] of refusals) {
  test(`KV v1 refuses ${name}`, async () => {
    const kv = await openKv('1');
    assert.equal((await kv.refusal('write', path, body)).message, message);
  });
}

test('values are deleted, and what is not there is not found', async () => {
  const kv = await openKv('1');
  await kv.call('write', 'k', { a: 1 });
  assert.equal((await kv.call('delete', 'k')).response, null);
  assert.equal((await kv.call('read', 'k')).response, null);
  assert.equal((await kv.call('delete', 'k')).response, null);
});

test('names are listed and scanned', async () => {
  const kv = await openKv('1');
  for (const key of ['a', 'b/c', 'b/d/e']) await kv.call('write', key, { x: 1 });
  assert.deepEqual(await kv.data('list', ''), { keys: ['a', 'b/'] });
  assert.deepEqual(await kv.data('list', 'b/'), { keys: ['c', 'd/'] });
  assert.deepEqual(await kv.data('scan', ''), { keys: ['a', 'b/c', 'b/d/e'] });
  assert.equal((await kv.call('list', 'none/')).response, null);
});

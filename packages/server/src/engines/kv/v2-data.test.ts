import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError, TamperingError } from '../../framework/errors.js';
import { encodeJson } from '../../framework/json/encode.js';
import { RawJson } from '../../framework/json/value.js';
import { openKv } from './testing/mount.js';

/** Everything a parse and print would change. */
const VALUE =
  '{ "n":123456789012345678901234567890.50, "e":1E+02 ,"dup":{"a":1,"a":2},"esc":"\\u00e9\\/\\ud800","u":"é" }';

test('a value comes back as the bytes that were written', async () => {
  const kv = await openKv('2');
  await kv.call('write', 'data/app/db', `{"data":${VALUE}}`);
  const { response } = await kv.call('read', 'data/app/db');
  const value = response?.data?.data;
  assert.ok(value instanceof RawJson);
  assert.equal(value.bytes.toString(), VALUE);
});

test('any object comes back as the bytes that were written', async () => {
  const kv = await openKv('2');
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (object) => {
      const text = JSON.stringify(object);
      await kv.call('write', 'data/k', `{"data": ${text} }`);
      const value = (await kv.call('read', 'data/k')).response?.data?.data;
      assert.equal(value instanceof RawJson && value.bytes.toString(), text);
    }),
    { numRuns: 300 },
  );
});

test('the bytes of an answer are those that storage handed out, so that whoever wipes these wipes it', async () => {
  const kv = await openKv('2');
  await kv.put('k', { password: 'hunter2' });
  const { response } = await kv.call('read', 'data/k');
  const value = response?.data?.data;
  assert.ok(value instanceof RawJson);
  for (const buffer of kv.view.handedOut) buffer.fill(0);
  assert.ok(value.bytes.every((byte) => byte === 0));
});

test('a patched value is given to the request to wipe', async () => {
  const kv = await openKv('2');
  await kv.put('k', { a: 'hunter2', b: 1 });
  const { owned } = await kv.call('patch', 'data/k', { data: { b: null } });
  assert.deepEqual(
    owned.map((bytes) => Buffer.from(bytes).toString()),
    ['{"a":"hunter2"}'],
  );
});

test('a write answers with the metadata of the version it made', async () => {
  const kv = await openKv('2');
  const { response, operation } = await kv.call('write', 'data/k', { data: { a: 1 } });
  assert.equal(operation, 'create');
  assert.deepEqual(response?.data, {
    created_time: '2023-11-14T22:13:20.000000000Z',
    custom_metadata: null,
    deletion_time: '',
    destroyed: false,
    version: 1,
  });
  assert.equal((await kv.call('write', 'data/k', { data: {} })).operation, 'update');
});

test('versions are read by number, the current one by default and by 0', async () => {
  const kv = await openKv('2');
  for (const n of [1, 2, 3]) await kv.put('k', { n });
  const read = async (query?: Record<string, string>) =>
    ((await kv.data('read', 'data/k', undefined, query)).data as { n: number }).n;
  assert.equal(await read(), 3);
  assert.equal(await read({ version: '0' }), 3);
  assert.equal(await read({ version: '1' }), 1);
  for (const version of ['4', '-1']) {
    assert.equal((await kv.call('read', 'data/k', undefined, { version })).response, null);
  }
  assert.equal((await kv.call('read', 'data/none')).response, null);
});

test('a hot read costs one fetch beside the check of cached metadata', async () => {
  const kv = await openKv('2');
  await kv.put('k', { a: 1 });
  await kv.call('read', 'data/k');
  kv.view.reads = 0;
  await kv.call('read', 'data/k');
  assert.equal(kv.view.reads, 1);
});

test('a write by another process is seen at once, in spite of the cache', async () => {
  const one = await openKv('2');
  const other = await openKv('2', one.view);
  await one.put('k', { n: 1 });
  await one.call('read', 'data/k');
  await other.put('k', { n: 2 });
  assert.deepEqual((await one.data('read', 'data/k')).data, { n: 2 });
  await other.call('delete', 'metadata/k');
  assert.equal((await one.call('read', 'data/k')).response, null);
});

const refusals: readonly (readonly [string, string, string, string])[] = [
  ['refuses a write without data', 'data/k', '{}', 'no data provided'],
  ['refuses data that is null', 'data/k', '{"data":null}', 'no data provided'],
  ['refuses a list', 'data/k', '{"data":[1]}', 'field "data" is not valid: want an object'],
  ['refuses a string', 'data/k', '{"data":"x"}', 'field "data" is not valid: want an object'],
  ['refuses a write without a name', 'data/', '{"data":{}}', 'missing path'],
  [
    'refuses options that are no object',
    'data/k',
    '{"data":{},"options":[1]}',
    'field "options" is not valid: want an object',
  ],
  [
    'refuses a cas that is no number',
    'data/k',
    '{"data":{},"options":{"cas":"x"}}',
    'error parsing check-and-set parameter',
  ],
  [
    'refuses a cas other than 0 for a new key',
    'data/k',
    '{"data":{},"options":{"cas":1}}',
    'check-and-set parameter did not match the current version',
  ],
];
for (const [name, path, body, message] of refusals) {
  test(`KV v2 ${name}`, async () => {
    const kv = await openKv('2');
    const error = await kv.refusal('write', path, body);
    assert.equal(error.message, message);
    assert.equal(error.kind, 'invalid-request');
    assert.equal((await kv.call('read', 'data/k')).response, null);
  });
}

test('cas is compared with the current version, text allowed', async () => {
  const kv = await openKv('2');
  assert.equal(await kv.put('k', { n: 1 }, 0), 1);
  assert.equal(await kv.put('k', { n: 2 }, 1), 2);
  for (const cas of [0, 1, 3]) {
    const error = await kv.refusal('write', 'data/k', { data: {}, options: { cas } });
    assert.equal(error.code, 'kv-cas-mismatch');
  }
  const text = await kv.data('write', 'data/k', { data: {}, options: { cas: '2' } });
  assert.equal(text.version, 3);
});

test('cas_required of the mount and of the key both ask for cas', async () => {
  const kv = await openKv('2');
  const message = 'check-and-set parameter required for this call';
  await kv.call('write', 'metadata/k', { cas_required: true });
  assert.equal((await kv.refusal('write', 'data/k', { data: {} })).message, message);
  assert.equal(await kv.put('k', {}, 0), 1);
  await kv.call('write', 'config', { cas_required: true });
  assert.equal((await kv.refusal('write', 'data/x', { data: {} })).message, message);
  assert.equal((await kv.refusal('patch', 'data/k', { data: {} })).message, message);
  assert.equal(await kv.put('x', {}, 0), 1);
});

test('patch merges and makes a version; a key that is absent or deleted is missing', async () => {
  const kv = await openKv('2');
  const absent = await kv.call('patch', 'data/k', { data: { a: 1 } });
  assert.deepEqual(absent.response, { outcome: 'missing' });
  await kv.put('k', { a: { b: 1, c: 2 }, d: 3 });
  const patched = await kv.data('patch', 'data/k', { data: { a: { b: null }, e: 4 } });
  assert.equal(patched.version, 2);
  assert.deepEqual((await kv.data('read', 'data/k')).data, { a: { c: 2 }, d: 3, e: 4 });
  const stale = await kv.refusal('patch', 'data/k', { data: {}, options: { cas: 1 } });
  assert.equal(stale.code, 'kv-cas-mismatch');
  await kv.call('delete', 'data/k');
  const { response } = await kv.call('patch', 'data/k', { data: { a: 1 } });
  assert.equal(response?.outcome, 'missing');
  assert.deepEqual([response?.data?.version, response?.data?.data], [2, undefined]);
});

test('what no key can be called is read as missing, whatever the path', async () => {
  const kv = await openKv('2');
  await kv.put('k', {});
  for (const path of ['data/', 'data/k/', 'metadata/', 'metadata/k/', 'subkeys/', 'subkeys/k/']) {
    assert.equal((await kv.call('read', path)).response, null, path);
  }
});

test('a deleted version answers 404 with its metadata', async () => {
  const kv = await openKv('2');
  await kv.put('k', { a: 1 });
  assert.equal((await kv.call('delete', 'data/k')).response, null);
  const { response } = await kv.call('read', 'data/k');
  assert.equal(response?.outcome, 'missing');
  assert.deepEqual(JSON.parse(encodeJson(response?.data ?? null).toString()), {
    data: null,
    metadata: {
      created_time: '2023-11-14T22:13:20.000000000Z',
      custom_metadata: null,
      deletion_time: '2023-11-14T22:13:20.000000000Z',
      destroyed: false,
      version: 1,
    },
  });
  assert.equal((await kv.call('delete', 'data/k')).response, null);
  assert.equal((await kv.call('delete', 'data/none')).response, null);
});

test('a value that was taken out of storage is tampering, not "not found"', async () => {
  const kv = await openKv('2');
  await kv.put('k', { a: 1 });
  const name = kv.view.keys().find((key) => key.startsWith('versions/'));
  await kv.view.commit([{ delete: name ?? '' }], []);
  await assert.rejects(kv.call('read', 'data/k'), TamperingError);
});

test('names of keys do not show in the names of values', async () => {
  const kv = await openKv('2');
  await kv.put('payroll/ceo', { a: 1 });
  const names = kv.view.keys().filter((key) => key.includes('payroll'));
  assert.deepEqual(names, ['metadata/payroll/ceo']);
});

test('a hundred writers at once lose nothing', async () => {
  const kv = await openKv('2');
  await kv.call('write', 'metadata/k', { max_versions: 200 });
  const numbers = await Promise.all(
    Array.from({ length: 100 }, (_, writer) => kv.put('k', { writer })),
  );
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
});

test('a hundred cas writers through two processes each win exactly once', async () => {
  const one = await openKv('2');
  const mounts = [one, await openKv('2', one.view)];
  await one.put('counter', { count: 0 });
  const increment = async (writer: number): Promise<void> => {
    const kv = mounts[writer % 2] ?? one;
    for (;;) {
      const read = await kv.data('read', 'data/counter');
      const { count } = read.data as { count: number };
      const { version } = read.metadata as { version: number };
      try {
        await kv.put('counter', { count: count + 1 }, version);
        return;
      } catch (error) {
        assert.ok(error instanceof ApiError && error.code === 'kv-cas-mismatch', String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: 100 }, (_, writer) => increment(writer)));
  assert.deepEqual((await one.data('read', 'data/counter')).data, { count: 100 });
});

test('a writer that loses the race decides again from what the winner wrote', async () => {
  const kv = await openKv('2');
  const other = await openKv('2', kv.view);
  await kv.put('k', { n: 1 });
  kv.view.beforeCommit = async () => {
    await other.put('k', { n: 2 });
  };
  const error = await kv.refusal('write', 'data/k', { data: { n: 3 }, options: { cas: 1 } });
  assert.equal(error.code, 'kv-cas-mismatch');
  assert.deepEqual((await kv.data('read', 'data/k')).data, { n: 2 });
});

test('subkeys shows names without values', async () => {
  const kv = await openKv('2');
  await kv.put('k', { a: { b: 'secret', c: [1] }, d: 'secret' });
  const all = await kv.data('read', 'subkeys/k');
  assert.deepEqual(all.subkeys, { a: { b: null, c: null }, d: null });
  const flat = await kv.data('read', 'subkeys/k', undefined, { depth: '1' });
  assert.deepEqual(flat.subkeys, { a: null, d: null });
  await kv.call('delete', 'data/k');
  const { response } = await kv.call('read', 'subkeys/k');
  assert.equal(response?.outcome, 'missing');
  assert.equal(response?.data?.subkeys, null);
});

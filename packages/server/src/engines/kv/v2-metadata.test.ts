import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKv } from './testing/mount.js';

test('metadata of a key that was only written to', async () => {
  const kv = await openKv('2');
  await kv.put('k', { a: 1 });
  assert.deepEqual(await kv.data('read', 'metadata/k'), {
    cas_required: false,
    created_time: '2023-11-14T22:13:20.000000000Z',
    current_metadata_version: 0,
    current_version: 1,
    custom_metadata: null,
    delete_version_after: '0s',
    max_versions: 0,
    metadata_cas_required: false,
    oldest_version: 0,
    updated_time: '2023-11-14T22:13:20.000000000Z',
    versions: {
      '1': { created_time: '2023-11-14T22:13:20.000000000Z', deletion_time: '', destroyed: false },
    },
  });
});

test('writing metadata of a key that does not exist creates it without a version', async () => {
  const kv = await openKv('2');
  const { operation, response } = await kv.call('write', 'metadata/k', {
    max_versions: 5,
    cas_required: true,
    delete_version_after: '3h25m19s',
    custom_metadata: { owner: 'me', __proto__: null },
  });
  assert.equal(operation, 'create');
  assert.equal(response, null);
  const metadata = await kv.data('read', 'metadata/k');
  assert.equal(metadata.current_version, 0);
  assert.equal(metadata.delete_version_after, '3h25m19s');
  assert.deepEqual(metadata.custom_metadata, { owner: 'me' });
  assert.deepEqual(metadata.versions, {});
  assert.equal((await kv.call('read', 'data/k')).response, null);
  assert.equal((await kv.call('read', 'subkeys/k')).response, null);
  assert.equal(await kv.put('k', {}, 0), 1);
});

test('a write replaces custom metadata, a patch merges it', async () => {
  const kv = await openKv('2');
  await kv.call('write', 'metadata/k', { custom_metadata: { a: '1', b: '2' }, max_versions: 3 });
  await kv.call('patch', 'metadata/k', { custom_metadata: { a: null, c: '3' } });
  assert.deepEqual((await kv.data('read', 'metadata/k')).custom_metadata, { b: '2', c: '3' });
  await kv.call('write', 'metadata/k', { custom_metadata: { d: '4' } });
  assert.deepEqual((await kv.data('read', 'metadata/k')).custom_metadata, { d: '4' });
  await kv.call('patch', 'metadata/k', { custom_metadata: null, max_versions: null });
  const metadata = await kv.data('read', 'metadata/k');
  assert.equal(metadata.custom_metadata, null);
  assert.equal(metadata.max_versions, 0);
});

test('a patch of a key that does not exist is missing', async () => {
  const kv = await openKv('2');
  const { response } = await kv.call('patch', 'metadata/k', { max_versions: 1 });
  assert.deepEqual(response, { outcome: 'missing' });
  assert.equal((await kv.call('read', 'metadata/k')).response, null);
});

const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, 'v']));
const refusals: readonly (readonly [string, object, string])[] = [
  ['more than 64 names', { custom_metadata: many }, 'kv-custom-metadata'],
  [
    'a name of 129 bytes',
    { custom_metadata: { [`${'é'.repeat(64)}x`]: 'v' } },
    'kv-custom-metadata',
  ],
  ['a value of 513 bytes', { custom_metadata: { a: 'x'.repeat(513) } }, 'kv-custom-metadata'],
  ['a value that is a number', { custom_metadata: { a: 1 } }, 'kv-custom-metadata'],
  ['an empty value', { custom_metadata: { a: '' } }, 'kv-custom-metadata'],
  ['a control character in a value', { custom_metadata: { a: 'b\u0001' } }, 'kv-custom-metadata'],
  ['a line break in a name', { custom_metadata: { 'a\n': 'b' } }, 'kv-custom-metadata'],
  ['a zero-width space in a value', { custom_metadata: { a: '\u200b' } }, 'kv-custom-metadata'],
  ['half a surrogate pair in a value', { custom_metadata: { a: '\ud800' } }, 'kv-custom-metadata'],
  ['a value that is null', { custom_metadata: { a: null } }, 'kv-custom-metadata'],
  ['custom metadata that is a list', { custom_metadata: ['a'] }, 'field-invalid'],
  ['a negative max_versions', { max_versions: -1 }, 'field-invalid'],
  ['a huge max_versions', { max_versions: 10_001 }, 'field-invalid'],
  ['a negative time', { delete_version_after: '-5s' }, 'field-invalid'],
  ['a time that is none', { delete_version_after: 'soon' }, 'field-invalid'],
];
for (const [name, body, code] of refusals) {
  test(`metadata refuses ${name}`, async () => {
    const kv = await openKv('2');
    assert.equal((await kv.refusal('write', 'metadata/k', body)).code, code);
    assert.equal((await kv.call('read', 'metadata/k')).response, null);
  });
}

test('custom metadata errors do not repeat what was sent', async () => {
  const kv = await openKv('2');
  const error = await kv.refusal('write', 'metadata/k', {
    custom_metadata: { token: `hunter2${'x'.repeat(600)}` },
  });
  assert.ok(!error.message.includes('hunter2'));
});

test('metadata_cas guards changes of metadata and nothing else', async () => {
  const kv = await openKv('2');
  const change = (cas: number | null, owner: string) => ({
    custom_metadata: { owner },
    ...(cas === null ? {} : { metadata_cas: cas }),
  });
  assert.equal(
    (await kv.refusal('write', 'metadata/k', change(1, 'a'))).message,
    'metadata_cas must be 0 when creating new metadata',
  );
  await kv.call('write', 'metadata/k', { ...change(0, 'a'), metadata_cas_required: true });
  assert.equal((await kv.data('read', 'metadata/k')).current_metadata_version, 1);
  assert.equal(
    (await kv.refusal('write', 'metadata/k', change(null, 'b'))).message,
    'metadata check-and-set parameter required for this call',
  );
  for (const stale of [0, 2]) {
    assert.equal(
      (await kv.refusal('patch', 'metadata/k', change(stale, 'b'))).message,
      'metadata check-and-set parameter does not match the current version',
    );
  }
  await kv.call('patch', 'metadata/k', change(1, 'b'));
  await kv.put('k', { a: 1 });
  assert.equal((await kv.data('read', 'metadata/k')).current_metadata_version, 2);
});

test('a change that names no setting is none, whatever metadata_cas says', async () => {
  const kv = await openKv('2');
  await kv.call('write', 'metadata/k', { metadata_cas_required: true });
  const before = await kv.data('read', 'metadata/k');
  for (const body of [{}, { metadata_cas: 999 }]) {
    assert.equal((await kv.call('write', 'metadata/k', body)).response, null);
    assert.equal((await kv.call('patch', 'metadata/k', body)).response, null);
  }
  assert.deepEqual(await kv.data('read', 'metadata/k'), before);
});

test('a setting that the mount overrides is accepted with a warning', async () => {
  const kv = await openKv('2');
  await kv.call('write', 'config', { cas_required: true, metadata_cas_required: true });
  const { response } = await kv.call('write', 'metadata/k', {
    cas_required: false,
    metadata_cas_required: false,
    metadata_cas: 0,
  });
  assert.deepEqual(response?.warnings, [
    '"cas_required" set to false, but is mandated by backend config. This value will be ignored.',
    '"metadata_cas_required" set to false, but is mandated by backend config. This value will be ignored.',
  ]);
});

test('config keeps what is not named, and has defaults', async () => {
  const kv = await openKv('2');
  const defaults = {
    cas_required: false,
    delete_version_after: '0s',
    max_versions: 0,
    metadata_cas_required: false,
  };
  assert.deepEqual(await kv.data('read', 'config'), defaults);
  await kv.call('write', 'config', { max_versions: 7, delete_version_after: '90' });
  await kv.call('write', 'config', { cas_required: 'true' });
  assert.deepEqual(await kv.data('read', 'config'), {
    ...defaults,
    cas_required: true,
    delete_version_after: '1m30s',
    max_versions: 7,
  });
  for (const body of [{ max_versions: -1 }, { max_versions: 'x' }, { cas_required: 'maybe' }]) {
    assert.equal((await kv.refusal('write', 'config', body)).code, 'field-invalid');
  }
});

test('keys are listed by folder, recursively, and page by page', async () => {
  const kv = await openKv('2');
  for (const key of ['a', 'a-b', 'a/x', 'a/y/z', 'b', 'c/d']) await kv.put(key, {});
  const list = async (path: string, query: Record<string, string> = {}) =>
    (await kv.data('list', path, undefined, query)).keys;
  assert.deepEqual(await list('metadata/'), ['a', 'a-b', 'a/', 'b', 'c/']);
  assert.deepEqual(await list('metadata/a/'), ['x', 'y/']);
  assert.deepEqual(await list('metadata/', { after: 'a-b', limit: '2' }), ['a/', 'b']);
  assert.equal((await kv.call('list', 'metadata/none/')).response, null);
  const scan = async (path: string, query: Record<string, string> = {}) =>
    (await kv.data('scan', path, undefined, query)).keys;
  const all = ['a', 'a-b', 'a/x', 'a/y/z', 'b', 'c/d'];
  assert.deepEqual(await scan('metadata/'), all);
  assert.deepEqual(await scan('metadata/a/'), ['x', 'y/z']);
  for (const [index, key] of all.entries()) {
    const rest = all.slice(index + 1);
    assert.deepEqual(
      await scan('metadata/', { after: key, limit: '2' }),
      rest.length ? rest.slice(0, 2) : undefined,
    );
  }
});

test('detailed listing adds what is known about each key', async () => {
  const kv = await openKv('2');
  await kv.put('a', { n: 1 });
  await kv.put('b/c', { n: 1 });
  const data = await kv.data('list', 'detailed-metadata/');
  assert.deepEqual(data.keys, ['a', 'b/']);
  const info = data.key_info as Record<string, unknown>;
  assert.deepEqual(info.a, await kv.data('read', 'metadata/a'));
  assert.equal('b/' in info, false);
  const deep = await kv.data('scan', 'detailed-metadata/');
  assert.deepEqual(Object.keys(deep.key_info as object), ['a', 'b/c']);
});

test('paths of KV v1 answer with a warning that says what to do', async () => {
  const kv = await openKv('2');
  await kv.put('k', {});
  const { response } = await kv.call('read', 'k');
  assert.equal(response?.outcome, 'missing');
  assert.deepEqual(response?.warnings, [
    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation.",
  ]);
  const write = await kv.call('write', 'k', { a: 1 });
  assert.match(write.response?.warnings?.[0] ?? '', /use 'vault kv put' for this operation\.$/);
  const root = await kv.call('read', '');
  assert.match(root.response?.warnings?.[0] ?? '', /^Invalid path for a versioned/);
  for (const folder of ['data', 'metadata', 'delete', 'undelete', 'destroy']) {
    assert.deepEqual((await kv.call('read', folder)).response?.warnings, [
      'Non-listing operations on the root of a K/V v2 mount are not supported.',
    ]);
  }
  assert.equal((await kv.refusal('list', 'data/')).kind, 'unsupported-operation');
});

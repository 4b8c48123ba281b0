import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend, Caller, Operation } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { encodeJson } from '../../framework/json/encode.js';
import { call, dataOf, TEST_CALLER, TEST_MOUNT } from '../../framework/testing/call.js';
import { MemoryStorage } from '../../framework/testing/memory-storage.js';
import { cubbyholeFactory } from './backend.js';

const VALUE = '{"path":1.0,"password":"\\u0068unter2","list":[1,{"a":1,"a":2}]}';
const other: Caller = { ...TEST_CALLER, tokenId: 'hffffffff' };

async function open() {
  const view = new MemoryStorage();
  const backend: Backend = await cubbyholeFactory({
    storage: view,
    mount: { ...TEST_MOUNT, path: 'cubbyhole/', type: 'cubbyhole' },
    log: () => undefined,
  });
  const run = (
    operation: Operation | 'write',
    path: string,
    body?: string,
    caller: Caller | null = TEST_CALLER,
  ) =>
    call({
      backend,
      storage: view,
      path,
      operation,
      caller,
      ...(body === undefined ? {} : { body }),
    });
  return { view, backend, run };
}

test('a value comes back as the bytes it was written as', async () => {
  const { run } = await open();
  assert.equal((await run('write', 'a/b', VALUE)).operation, 'create');
  const { response } = await run('read', 'a/b');
  assert.equal(encodeJson(response?.data ?? null).toString(), VALUE);
  assert.equal((await run('write', 'a/b', VALUE)).operation, 'update');
  assert.equal((await run('delete', 'a/b')).response, null);
  assert.equal((await run('read', 'a/b')).response, null);
});

test('another token sees nothing of it', async () => {
  const { run } = await open();
  await run('write', 'a', VALUE);
  assert.equal((await run('read', 'a', undefined, other)).response, null);
  assert.equal((await run('list', '', undefined, other)).response, null);
  await run('delete', 'a', undefined, other);
  assert.notEqual((await run('read', 'a')).response, null);
});

test('names are listed and scanned', async () => {
  const { run } = await open();
  for (const name of ['a', 'b/c', 'b/d/e']) await run('write', name, '{"x":1}');
  assert.deepEqual(dataOf((await run('list', '')).response), { keys: ['a', 'b/'] });
  assert.deepEqual(dataOf((await run('list', 'b/')).response), { keys: ['c', 'd/'] });
  assert.deepEqual(dataOf((await run('scan', '')).response), { keys: ['a', 'b/c', 'b/d/e'] });
  assert.equal((await run('list', 'none/')).response, null);
});

const refusals: readonly (readonly [string, Partial<Caller> | null, string, string, string])[] = [
  ['a batch token', { tokenType: 'batch' }, 'a', '{"x":1}', 'cubbyhole-token-type'],
  ['a call without a token', null, 'a', '{"x":1}', 'bad-token'],
  ['a token id with a slash', { tokenId: 'a/b' }, 'a', '{"x":1}', 'token-id-invalid'],
  ['a token id that climbs', { tokenId: '..' }, 'a', '{"x":1}', 'token-id-invalid'],
  ['an empty token id', { tokenId: '' }, 'a', '{"x":1}', 'token-id-invalid'],
  ['an empty object', {}, 'a', '{}', 'data-missing'],
  ['a write to the root', {}, '', '{"x":1}', 'path-missing'],
];
for (const [name, caller, path, body, code] of refusals) {
  test(`cubbyhole refuses ${name}`, async () => {
    const { view, run } = await open();
    const who = caller === null ? null : { ...TEST_CALLER, ...caller };
    await assert.rejects(
      run('write', path, body, who),
      (error) => error instanceof ApiError && error.code === code,
    );
    assert.deepEqual(view.keys(), []);
  });
}

test('batch tokens can neither read nor list', async () => {
  const { run } = await open();
  const batch: Caller = { ...TEST_CALLER, tokenType: 'batch' };
  for (const operation of ['read', 'list', 'delete'] as const) {
    await assert.rejects(
      run(operation, 'a', undefined, batch),
      (error) => error instanceof ApiError && error.kind === 'invalid-request',
    );
  }
});

test('everything of a revoked token goes, in bounded commits, and nothing of others', async () => {
  const { view, backend, run } = await open();
  for (let n = 0; n < 1203; n += 1) await run('write', `d${n % 9}/k${n}`, '{"x":1}');
  await run('write', 'mine', '{"x":1}', other);
  const before = view.commits.length;
  await backend.revokeToken?.(view, TEST_CALLER.tokenId);
  assert.deepEqual(view.keys(), ['tokens/hffffffff/mine']);
  assert.deepEqual(view.commits.slice(before), [500, 500, 203]);
  await backend.revokeToken?.(view, TEST_CALLER.tokenId);
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import { ApiError } from '../../framework/errors.js';
import { dataOf } from '../../framework/testing/call.js';
import { Scene } from './testing/scene.js';

let scene: Scene;
before(async () => {
  scene = await Scene.create();
});

const POLICY = { name: 'p', formats: { 'tdx-dcap': { tcb_statuses: ['UpToDate'] } } };
const VALUES = { name: 'v', kind: 'workload', format: 'tdx-dcap', any_of: [{ mrtd: ['00'] }] };
const refused = (code: string) => (error: unknown) =>
  error instanceof ApiError && error.kind === 'invalid-request' && error.code === code;

test('a document is named by the SHA-256 of its canonical JSON', async () => {
  const text = '{"formats":{"tdx-dcap":{"tcb_statuses":["UpToDate"]}},"name":"p"}';
  const expected = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  assert.equal(await scene.policy(POLICY), expected);
});

test('the order of members and white space do not matter, a value does', async () => {
  const digest = await scene.policy(POLICY);
  const { name, formats } = POLICY;
  assert.equal(await scene.policy({ formats, name }), digest);
  assert.notEqual(await scene.policy({ formats, name: 'q' }), digest);
});

test('the text of a document is as good as the document', async () => {
  assert.equal(await scene.policy(JSON.stringify(POLICY, null, 2)), await scene.policy(POLICY));
  const values = { ...VALUES, name: 'text' };
  const given = await scene.post('reference-values', { values: ` ${JSON.stringify(values)}\n` });
  const { digest } = dataOf(given);
  assert.deepEqual((await scene.read(`reference-values/${digest}`))?.values, values);
});

test('a document that roles pin is not deleted, and the refusal names them', async () => {
  const own = await Scene.create();
  const policy = await own.policy(POLICY);
  const set = { mrtd: ['11'.repeat(48)], rtmr0: ['22'.repeat(48)] };
  const values = await own.references('tdx-dcap', set);
  await own.role('one', { policy });
  await own.role('two', { policy, reference_values: [values] });
  const remove = (path: string) => own.read(path, 'delete');
  const pinned = (message: RegExp) => (error: unknown) =>
    refused('document-pinned')(error) && message.test(String(error));
  await assert.rejects(remove(`policy/${policy}`), pinned(/pinned by roles: "one", "two"$/));
  await assert.rejects(remove(`reference-values/${values}`), pinned(/pinned by roles: "two"$/));
  assert.notEqual(await own.read(`policy/${policy}`), null);
  await own.read('role/two', 'delete');
  await remove(`reference-values/${values}`);
  assert.equal(await own.read(`reference-values/${values}`), null);
  await assert.rejects(remove(`policy/${policy}`), pinned(/pinned by roles: "one"$/));
  await own.role('one', { policy: await own.policy({ ...POLICY, name: 'q' }) });
  await remove(`policy/${policy}`);
  assert.equal(await own.read(`policy/${policy}`), null);
});

test('many roles that pin a document are counted rather than listed', async () => {
  const own = await Scene.create();
  const policy = await own.policy(POLICY);
  for (let i = 0; i < 13; i += 1) await own.role(`r${10 + i}`, { policy });
  await assert.rejects(own.read(`policy/${policy}`, 'delete'), /"r19", 3 more$/);
});

test('a document reads back exactly as it was given, without the defaults', async () => {
  const digest = await scene.policy(POLICY);
  const found = await scene.read(`policy/${digest}`);
  assert.deepEqual(found?.policy, POLICY);
  const again = await scene.policy(found?.policy);
  assert.equal(again, digest);
});

test('the same document again keeps its label and its time', async () => {
  const put = async (label: string) =>
    dataOf(await scene.post('reference-values', { values: VALUES, label })).digest;
  const digest = await put('first');
  const before = await scene.read(`reference-values/${digest}`);
  scene.now += 1000;
  assert.equal(await put('second'), digest);
  assert.deepEqual(await scene.read(`reference-values/${digest}`), before);
  assert.equal(before?.label, 'first');
});

test('documents are listed by digest, page by page', async () => {
  const all = (await scene.read('policy/', 'list'))?.keys as string[];
  assert.ok(all.length >= 3);
  assert.deepEqual([...all].sort(), all);
  for (const digest of all) assert.match(digest, /^sha256:[0-9a-f]{64}$/);
});

test('a stored document that was altered is a fault of the server, never a policy', async () => {
  const own = await Scene.create();
  const digest = await own.policy(POLICY);
  const key = `policy/${digest.slice(7)}`;
  const stored = JSON.parse(String((await own.storage.get(key))?.value));
  stored.document.allow_debug = true;
  await own.storage.commit([{ put: key, value: Buffer.from(JSON.stringify(stored)) }], []);
  const isInternal = (error: unknown) => error instanceof ApiError && error.kind === 'internal';
  await assert.rejects(own.read(`policy/${digest}`), isInternal);
  await assert.rejects(own.role('x', { policy: digest }), isInternal);
});

const bad: readonly [string, string, Record<string, unknown>, string][] = [
  ['no policy', 'policy', {}, 'document-missing'],
  ['a policy that is null', 'policy', { policy: null }, 'document-missing'],
  ['a policy that is text of nothing', 'policy', { policy: '{}' }, 'input-invalid'],
  ['a policy that is text of no JSON', 'policy', { policy: '{"name": ' }, 'field-invalid'],
  ['a policy that is text of a list', 'policy', { policy: '[]' }, 'field-invalid'],
  ['a policy that is text of text', 'policy', { policy: '"{}"' }, 'field-invalid'],
  ['a policy with a name twice', 'policy', { policy: '{"name":"a","name":"b"}' }, 'field-invalid'],
  [
    'a policy that is text without end',
    'policy',
    { policy: `{"name":"${'x'.repeat(1024 * 1024)}"}` },
    'field-invalid',
  ],
  ['a policy that is deep text', 'policy', { policy: '{"a":'.repeat(99) }, 'field-invalid'],
  ['a policy that is a list', 'policy', { policy: [] }, 'field-invalid'],
  [
    'a policy with a member that nobody knows',
    'policy',
    { policy: { ...POLICY, a: 1 } },
    'input-invalid',
  ],
  ['a policy without a name', 'policy', { policy: { formats: {} } }, 'input-invalid'],
  [
    'a policy that accepts what is revoked',
    'policy',
    { policy: { name: 'p', formats: { 'tdx-dcap': { tcb_statuses: ['Revoked'] } } } },
    'input-invalid',
  ],
  [
    'a policy over the limit',
    'policy',
    {
      policy: {
        name: 'p',
        formats: { 'sev-snp': { chip_ids: new Array(2100).fill('00'.repeat(64)) } },
      },
    },
    'document-too-large',
  ],
  [
    'a label over the limit',
    'policy',
    { policy: POLICY, label: 'x'.repeat(257) },
    'label-too-long',
  ],
  ['no values', 'reference-values', {}, 'document-missing'],
  [
    'values without sets',
    'reference-values',
    { values: { ...VALUES, any_of: [] } },
    'input-invalid',
  ],
  [
    'values with an empty set',
    'reference-values',
    { values: { ...VALUES, any_of: [{}] } },
    'input-invalid',
  ],
  [
    'values of an unknown kind',
    'reference-values',
    { values: { ...VALUES, kind: 'x' } },
    'input-invalid',
  ],
];
for (const [what, path, body, code] of bad) {
  test(`${what} is refused: ${code}`, async () => {
    await assert.rejects(scene.post(path, body), refused(code));
  });
}

for (const digest of ['x', 'sha256:00', `sha256:${'G'.repeat(64)}`, `sha512:${'0'.repeat(64)}`]) {
  test(`"${digest.slice(0, 12)}" is no digest`, async () => {
    await assert.rejects(scene.read(`policy/${digest}`), refused('digest-invalid'));
  });
}

test('a digest that nothing has is nothing', async () => {
  assert.equal(await scene.read(`policy/sha256:${'0'.repeat(64)}`), null);
});

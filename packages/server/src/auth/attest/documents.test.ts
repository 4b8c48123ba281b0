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
  ['a policy that is null', 'policy', { policy: null }, 'input-invalid'],
  ['a policy that is text', 'policy', { policy: '{}' }, 'input-invalid'],
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

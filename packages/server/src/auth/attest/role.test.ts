import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { evidenceFormats } from '@vouchsafe/verifier';
import { ApiError } from '../../framework/errors.js';
import { Scene } from './testing/scene.js';

let scene: Scene;
let policy = '';
before(async () => {
  scene = await Scene.create();
  policy = String((await scene.read('role/web'))?.policy);
});

const refused = (code: string) => (error: unknown) =>
  error instanceof ApiError && error.kind === 'invalid-request' && error.code === code;

test('a new role asks for the key, admits every format, and wants fresh evidence hourly', async () => {
  await scene.role('plain', { policy });
  const role = await scene.read('role/plain');
  assert.deepEqual(
    { ...role, policy: '' },
    {
      policy: '',
      reference_values: [],
      formats: [...evidenceFormats],
      composition: null,
      required_binding: 'key',
      token_binding: 'key',
      reattest_period: 3600,
      provision: { env: [], files: [] },
      token_policies: [],
      token_ttl: 0,
      token_max_ttl: 0,
      token_explicit_max_ttl: 0,
      token_period: 0,
      token_num_uses: 0,
      token_bound_cidrs: [],
      token_no_default_policy: false,
      token_type: 'default',
      token_strictly_bind_ip: false,
    },
  );
});

test('what a change does not name stays', async () => {
  await scene.role('kept', { policy, reattest_period: '2h', token_policies: 'a,b' });
  await scene.role('kept', { required_binding: 'exporter' });
  const role = await scene.read('role/kept');
  assert.equal(role?.reattest_period, 7200);
  assert.equal(role?.required_binding, 'exporter');
  assert.deepEqual(role?.token_policies, ['a', 'b']);
});

test('provision may be JSON text, as command lines send it', async () => {
  const provision = { env: [{ name: 'A', path: 'secret/data/a', field: 'b' }], files: [] };
  await scene.role('text', { policy, provision: JSON.stringify(provision) });
  assert.deepEqual((await scene.read('role/text'))?.provision, provision);
});

test('role names are of one case', async () => {
  await scene.role('MiXed', { policy });
  assert.notEqual(await scene.read('role/mixed'), null);
  assert.deepEqual(await scene.login({ role: 'MIXED' }).then(({ code }) => code), 'accepted');
});

test('a role is listed until it is deleted, and then nobody logs in with it', async () => {
  await scene.role('brief', { policy });
  const names = async () => (await scene.read('role/', 'list'))?.keys as string[];
  assert.ok((await names()).includes('brief'));
  assert.equal((await scene.login({ role: 'brief' })).code, 'accepted');
  await scene.read('role/brief', 'delete');
  assert.ok(!(await names()).includes('brief'));
  assert.equal(await scene.read('role/brief'), null);
  assert.equal((await scene.login({ role: 'brief' })).code, 'role-unknown');
});

const DIGEST = `sha256:${'0'.repeat(64)}`;
const bad: readonly [string, Record<string, unknown>, string][] = [
  ['without a policy', {}, 'role-policy-missing'],
  ['with a policy that there is not', { policy: DIGEST }, 'document-unknown'],
  ['with a policy by name', { policy: 'default' }, 'digest-invalid'],
  ['with a digest in capitals', { policy: DIGEST.toUpperCase() }, 'digest-invalid'],
  ['with reference values that there are not', { reference_values: [DIGEST] }, 'document-unknown'],
  [
    'with 65 reference values',
    { reference_values: new Array(65).fill(DIGEST) },
    'role-references-too-many',
  ],
  ['with a format of another name', { formats: ['sgx'] }, 'field-invalid'],
  ['with a binding of another name', { required_binding: 'none' }, 'field-invalid'],
  ['with a token binding of another name', { token_binding: 'exporter' }, 'field-invalid'],
  ['with an empty token binding', { token_binding: '' }, 'field-invalid'],
  ['with a negative period', { reattest_period: -1 }, 'field-invalid'],
  ['with a period that is no time', { reattest_period: 'soon' }, 'field-invalid'],
  ['with provision that is text of no JSON', { provision: '{env}' }, 'field-invalid'],
  ['with provision that is empty text', { provision: '' }, 'field-invalid'],
  ['with provision that is text of a list', { provision: '[]' }, 'field-invalid'],
  ['with strange text of provision', { provision: '{"run": []}' }, 'provision-invalid'],
  ['with provision that is a list', { provision: [] }, 'field-invalid'],
  ['with addresses that are none', { token_bound_cidrs: ['here'] }, 'invalid-request'],
];
for (const [what, fields, code] of bad) {
  test(`a role ${what} is refused, and nothing is stored: ${code}`, async () => {
    const whole = what === 'without a policy' ? fields : { policy, ...fields };
    await assert.rejects(scene.role('bad', whole), refused(code));
    assert.equal(await scene.read('role/bad'), null);
  });
}

for (const name of ['a b', '.a', 'a.', 'a'.repeat(129), 'a$']) {
  test(`"${name.slice(0, 10)}" is no name of a role`, async () => {
    await assert.rejects(scene.role(encodeURIComponent(name), { policy }), refused('role-name'));
    assert.equal(await scene.read(`role/${name}`), null);
  });
}

test('two that create a role at once leave one of the two, whole', async () => {
  const write = (period: number) =>
    scene.role('race', { policy, reattest_period: period, token_ttl: period });
  await Promise.all([write(100), write(200)]);
  const role = await scene.read('role/race');
  assert.equal(role?.reattest_period, role?.token_ttl);
});

test('a batch token may be wished for, bound to the key like any other', async () => {
  await scene.role('bound-batch', { policy, token_type: 'batch' });
  const outcome = await scene.login({ role: 'bound-batch' });
  assert.equal(outcome.kind, 'accepted');
  assert.equal(outcome.response.auth?.tokenType, 'batch');
  assert.match(outcome.response.auth?.boundKey?.spkiSha256 ?? '', /^[\w-]{43}$/);
});

test('a batch token that is not bound may be wished for', async () => {
  await scene.role('batch', { policy, token_type: 'batch', token_binding: 'none' });
  const outcome = await scene.login({ role: 'batch' });
  assert.equal(outcome.kind, 'accepted');
  assert.equal(outcome.response.auth?.boundKey, null);
});

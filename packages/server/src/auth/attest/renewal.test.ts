import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { ApiError } from '../../framework/errors.js';
import { MOUNT, NOW, Scene } from './testing/scene.js';

let scene: Scene;
let internal: Readonly<Record<string, string>> = {};
before(async () => {
  scene = await Scene.create();
  const outcome = await scene.login();
  assert.equal(outcome.kind, 'accepted');
  internal = outcome.response.auth?.internal ?? {};
});

async function renew(at: number, changed: Readonly<Record<string, string>> = internal) {
  const event = {
    storage: scene.storage,
    mount: MOUNT,
    now: at,
    internal: changed,
    path: 'auth/attest/login',
    incrementSeconds: 0,
    issuedAt: NOW,
  };
  return await scene.backend.renewAuth?.(event);
}

const refusedAs = (code: string) => (error: unknown) =>
  error instanceof ApiError && error.kind === 'permission-denied' && error.code === code;

test('a token is renewed until the re-attestation period is over, and not after', async () => {
  assert.deepEqual((await renew(NOW + 3_599_999))?.policies, ['web']);
  await assert.rejects(renew(NOW + 3_600_000), refusedAs('reattestation-required'));
});

test('a clock that was set back by more than a minute ends the attestation too', async () => {
  await renew(NOW - 60_000);
  await assert.rejects(renew(NOW - 60_001), refusedAs('reattestation-required'));
});

for (const name of ['role', 'attested_at', 'terms']) {
  test(`without "${name}" among what the login left there is no renewal`, async () => {
    const { [name]: _, ...rest } = internal;
    await assert.rejects(renew(NOW, rest), refusedAs('reattestation-required'));
  });
}

for (const value of ['', 'soon', '-1', '1e3', 'NaN', '9'.repeat(16)]) {
  test(`an attestation time of "${value}" is none, also for roles without a period`, async () => {
    await scene.role('web', { reattest_period: 0 });
    try {
      const changed = { ...internal, attested_at: value };
      await assert.rejects(renew(NOW, changed), refusedAs('reattestation-required'));
      await renew(NOW + 1e12);
    } finally {
      await scene.role('web', { reattest_period: 3600 });
    }
  });
}

test('the token of a role that is gone is not renewed', async () => {
  await assert.rejects(renew(NOW, { ...internal, role: 'gone' }), refusedAs('role-unknown'));
});

for (const [what, change, back] of [
  ['another binding', { required_binding: 'exporter' }, { required_binding: 'key' }],
  ['bearer tokens', { token_binding: 'none' }, { token_binding: 'key' }],
  ['one format less', { formats: ['sev-snp'] }, { formats: ['tdx-dcap', 'sev-snp'] }],
] as const) {
  test(`a role that asks for ${what} now wants fresh evidence, and is content again when it does not`, async () => {
    const role = await scene.read('role/web');
    await scene.role('web', change);
    await assert.rejects(renew(NOW), refusedAs('reattestation-required'));
    await scene.role('web', { ...back, formats: role?.formats });
    await renew(NOW);
  });
}

test('new reference values for the role want fresh evidence', async () => {
  const role = await scene.read('role/web');
  const digest = await scene.references('tdx-dcap', { mrtd: ['ff'.repeat(48)] });
  await scene.role('web', { reference_values: [digest] });
  await assert.rejects(renew(NOW), refusedAs('reattestation-required'));
  await scene.role('web', { reference_values: role?.reference_values });
  await renew(NOW);
});

test('what a role gives is what a renewal gives', async () => {
  await scene.role('web', { token_ttl: 60, token_max_ttl: 600, token_policies: ['web', 'more'] });
  const renewed = await renew(NOW);
  assert.deepEqual(renewed, {
    ttlSeconds: 60,
    maxTtlSeconds: 600,
    periodSeconds: 0,
    policies: ['more', 'web'],
  });
});

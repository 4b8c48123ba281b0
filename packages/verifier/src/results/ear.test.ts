// Appraisals of Nitro documents as EARs: what is stated, in JSON and in CBOR, and what is not usable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode } from 'cborg';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy, parseReferenceValues } from '../appraise/policy.js';
import { encodeBase64Url } from '../encoding/base64.js';
import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { now, play, registers, type Scene, userData } from '../testing/nitro-scene.test.js';
import type { AttestationResult } from '../types.js';
import { type EarInput, earClaims, earProfile, encodeEar } from './ear.js';

const image = parseReferenceValues({
  name: 'image',
  kind: 'workload',
  format: 'aws-nitro',
  any_of: [{ pcr0: [encodeHex(new Uint8Array(48).fill(0xa0))] }],
});

async function resultOf(scene: Scene = {}, policy: object = {}): Promise<AttestationResult> {
  const formats = { 'aws-nitro': {} };
  const parsed = parseAppraisalPolicy({ name: 'test', formats, ...policy });
  return appraise(await play(scene), parsed, [image]);
}

const good = await resultOf();
const issuedAt = new Date('2025-06-01T12:00:00.900Z');

function inputOf(result: AttestationResult, change: Partial<EarInput> = {}): EarInput {
  return {
    submodules: { 'aws-nitro': { result, policyIds: ['sha256:00', 'sha256:11'], nonce: userData } },
    verifierId: { developer: 'https://vouchsafe.example', build: 'vouchsafe 0.1.0' },
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + 300_000),
    rawEvidence: null,
    ...change,
  };
}

const affirmingVector = { configuration: 2, executables: 2, hardware: 2, 'runtime-opaque': 2 };

test('an accepted appraisal is affirming, with vector, reasons, policies and nonce', () => {
  const claims = earClaims(inputOf(good));
  assert.deepEqual(JSON.parse(JSON.stringify(claims)), {
    eat_profile: 'tag:ietf.org,2026:rats/ear#04',
    iat: 1748779200,
    exp: 1748779500,
    ear_status: 'affirming',
    ear_verifier_id: { developer: 'https://vouchsafe.example', build: 'vouchsafe 0.1.0' },
    submods: {
      'aws-nitro': {
        ear_status: 'affirming',
        ear_trustworthiness_vector: affirmingVector,
        ear_appraisal_policy_ids: ['sha256:00', 'sha256:11'],
        eat_nonce: encodeBase64Url(userData),
        ear_verifier_claims: {
          vouchsafe_reasons: {
            configuration: 'no debug mode, reserved bits or forbidden settings',
            executables: 'the measurements are among the reference values',
            hardware: "the vendor's chain holds, and its TCB is one that the policy accepts",
            'runtime-opaque': 'the owner of the machine cannot look inside',
          },
        },
      },
    },
  });
});

test('the same in CBOR, by its labels', () => {
  const claims = decode(encodeEar(inputOf(good, { rawEvidence: Uint8Array.of(1, 2) })), {
    useMaps: true,
  });
  assert.equal(claims.get(265), earProfile);
  assert.equal(claims.get(6), 1748779200);
  assert.equal(claims.get(4), 1748779500);
  assert.equal(claims.get(1000), 2);
  assert.deepEqual(claims.get(1002), Uint8Array.of(1, 2));
  assert.equal(claims.get(1004).get(1), 'vouchsafe 0.1.0');
  const submodule = claims.get(266).get('aws-nitro');
  assert.equal(submodule.get(1000), 2);
  assert.deepEqual(
    [...submodule.get(1001)],
    [
      [1, 2],
      [2, 2],
      [4, 2],
      [5, 2],
    ],
  );
  assert.deepEqual(submodule.get(1003), ['sha256:00', 'sha256:11']);
  assert.deepEqual(submodule.get(10), userData);
  assert.equal(claims.size, 7);
});

test('what is null is left out', () => {
  const change = {
    expiresAt: null,
    submodules: { x: { result: good, policyIds: ['p'], nonce: null } },
  };
  const claims = earClaims(inputOf(good, change));
  assert.ok(!('exp' in claims) && !('ear_raw_evidence' in claims));
  assert.ok(!JSON.stringify(claims.submods).includes('eat_nonce'));
  const cbor = decode(encodeEar(inputOf(good, change)), { useMaps: true });
  assert.ok(!cbor.has(4) && !cbor.has(1002) && !cbor.get(266).get('x').has(10));
});

test('raw evidence is base64url in JSON', () => {
  const claims = earClaims(inputOf(good, { rawEvidence: Uint8Array.of(0xff, 0xef) }));
  assert.equal(claims.ear_raw_evidence, '_-8');
});

const zero = new Uint8Array(48);

test('an enclave in debug mode is contraindicated even where the policy allows it', async () => {
  const allowed = parseReferenceValues({
    ...image,
    any_of: [{ pcr3: [encodeHex(new Uint8Array(48).fill(0xa3))] }],
  });
  const policy = parseAppraisalPolicy({
    name: 'x',
    allow_debug: true,
    formats: { 'aws-nitro': {} },
  });
  const debug = await play({ fields: { pcrs: registers({ 0: zero, 1: zero, 2: zero }) } });
  const result = appraise(debug, policy, [allowed]);
  assert.equal(result.status, 'affirming');
  const claims = earClaims(inputOf(result));
  assert.equal(claims.ear_status, 'contraindicated');
  const [submodule] = Object.values(claims.submods as Record<string, Record<string, unknown>>);
  assert.deepEqual(submodule?.ear_trustworthiness_vector, {
    ...affirmingVector,
    'runtime-opaque': 96,
  });
  assert.match(JSON.stringify(submodule?.ear_verifier_claims), /"runtime-opaque":"debug"/);
});

test('evidence that was bound to nobody is a warning, and other measurements are contraindicated', async () => {
  const unbound = await resultOf({ input: { expectedBinding: { binding: 'not-checked' } } });
  assert.equal(earClaims(inputOf(unbound)).ear_status, 'warning');
  const other = await resultOf({ fields: { pcrs: registers({ 0: new Uint8Array(48).fill(1) }) } });
  const claims = earClaims(inputOf(other));
  assert.equal(claims.ear_status, 'contraindicated');
  assert.match(
    JSON.stringify(claims.submods),
    /"executables":33.*"executables":"reference-mismatch"/,
  );
});

test('the whole is no better than its worst submodule', async () => {
  const old = await resultOf(
    { fields: { timestamp: new Date(now.getTime() - 600_000) } },
    { formats: { 'aws-nitro': { max_age_seconds: { document: 60 } } } },
  );
  const part = (result: AttestationResult) => ({ result, policyIds: ['p'], nonce: null });
  const input = inputOf(good, { submodules: { cpu: part(good), host: part(old) } });
  assert.equal(earClaims(input).ear_status, 'contraindicated');
  assert.equal(decode(encodeEar(input), { useMaps: true }).get(1000), 96);
  const unbound = await resultOf({ input: { expectedBinding: { binding: 'not-checked' } } });
  const warned = inputOf(good, { submodules: { cpu: part(unbound), host: part(good) } });
  assert.equal(earClaims(warned).ear_status, 'warning');
});

const submodule = { result: good, policyIds: ['p'], nonce: null };
for (const [what, change] of [
  ['no submodule', { submodules: {} }],
  ['a submodule without a label', { submodules: { '': submodule } }],
  ['a submodule without a policy', { submodules: { x: { ...submodule, policyIds: [] } } }],
  ['a nonce of 7 bytes', { submodules: { x: { ...submodule, nonce: new Uint8Array(7) } } }],
  ['a nonce of 65 bytes', { submodules: { x: { ...submodule, nonce: new Uint8Array(65) } } }],
  ['an issue time that is none', { issuedAt: new Date(Number.NaN) }],
  ['an expiry that is none', { expiresAt: new Date(Number.NaN) }],
  [
    '33 submodules',
    {
      submodules: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`s${at}`, submodule])),
    },
  ],
] as const) {
  test(`${what} is refused, in both encodings`, () => {
    for (const build of [earClaims, encodeEar]) {
      assert.throws(
        () => build(inputOf(good, change)),
        (error) => error instanceof EvidenceError && error.code === 'input-invalid',
      );
    }
  });
}

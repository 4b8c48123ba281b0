// EARs of the current profile, of Veraison and of Trustee, good and spoiled.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { appraise } from '../../appraise/appraise.js';
import { parseAppraisalPolicy } from '../../appraise/policy.js';
import { encodeBase64, encodeBase64Url } from '../../encoding/base64.js';
import { parseJwks } from '../../jose/jwk.js';
import type { CryptoProvider } from '../../provider.js';
import { earClaims } from '../../results/ear.js';
import { badKeys, badPoints, refusesKeys } from '../../testing/bad-keys.test.js';
import { createTokenIssuer } from '../../testing/token-issuer.js';
import { earPayload } from '../../testing/token-payloads.js';
import {
  acceptsLikeEveryToken,
  appraises,
  binding,
  bindingHex,
  claimsTrust,
  merged,
  now,
  nowSeconds,
  play,
  refuses,
  refusesLikeEveryToken,
  type Spoiled,
  session,
  type TokenScene,
} from '../../testing/token-scene.test.js';
import { mintCertificate } from '../../testing/x509.js';

const issuer = createTokenIssuer('ES256');
const name = 'https://verifier.example';

function sceneOf(profile: Parameters<typeof earPayload>[1]): TokenScene {
  return {
    format: 'ear',
    issuer,
    trusted: { kind: 'issuer', format: 'ear', issuer: name, audience: null, keys: issuer.keys },
    payload: earPayload(session(name), profile),
    expires: false,
  };
}

const ietf = sceneOf('ietf');
const veraison = sceneOf('veraison');
const trustee = sceneOf('trustee');

type Members = Record<string, unknown>;
const payload = (change: Members): Spoiled => ({ payload: change });
const submodules = (scene: TokenScene) => scene.payload.submods as Record<string, Members>;
const cpu = (scene: TokenScene, change: Members): Spoiled =>
  payload({ submods: { cpu0: merged({ ...submodules(scene).cpu0, ...change }) } });
const vector = (change: Members): Spoiled =>
  cpu(ietf, {
    ear_trustworthiness_vector: {
      ...(submodules(ietf).cpu0?.ear_trustworthiness_vector as Members),
      ...change,
    },
  });
const annotated = 'ear.veraison.annotated-evidence';
const evidence = (change: Members): Spoiled =>
  cpu(trustee, {
    [annotated]: { ...(submodules(trustee).cpu0?.[annotated] as Members), ...change },
  });
const second = (change: Members): Spoiled =>
  payload({
    submods: { ...submodules(ietf), gpu0: merged({ ...submodules(ietf).cpu0, ...change }) },
  });
const otherNonce = Buffer.alloc(64).toString('base64url');

const judge = { name: 'p', formats: { ear: { policy_ids: null } } };

acceptsLikeEveryToken(ietf);
refusesLikeEveryToken(ietf);

describe('ear: facts', () => {
  for (const [profile, scene, part] of [
    ['the current profile', ietf, 'cpu0'],
    ['Veraison’s', veraison, 'PSA_IOT'],
    ['Trustee’s', trustee, 'cpu0'],
  ] as const) {
    it(`of ${profile} are status, vector and policies of each part`, async () => {
      const { values, binding, tcbStatus } = await play(scene);
      assert.equal(values[`${part}.status`], 'affirming');
      assert.equal(values[`${part}.executables`], 3);
      assert.equal(values[`${part}.storage_opaque`], 0);
      assert.deepEqual(values.policy_ids, ['policy-1']);
      assert.equal(values.verifier_developer, name);
      assert.deepEqual([binding, tcbStatus], ['checked', null]);
    });
  }

  it('of annotated evidence have dotted names', async () => {
    const { values, debug } = await play(trustee);
    assert.equal(values['cpu0.evidence.tdx.quote.body.mr_td'], 'ab'.repeat(48));
    assert.equal(values['cpu0.evidence.tdx.td_attributes.debug'], false);
    assert.equal(debug, false);
  });

  it('say so when the annotated evidence tells of debugging', async () => {
    const { debug } = await play(trustee, evidence({ tdx: { td_attributes: { debug: true } } }));
    assert.equal(debug, true);
  });

  it('read a status that is a number, as older verifiers write it', async () => {
    const { values } = await play(trustee, cpu(trustee, { 'ear.status': 2 }));
    assert.equal(values['cpu0.status'], 'affirming');
  });

  it('of an EAR that this package wrote itself are read back', async () => {
    const result = appraise(await play(ietf), parseAppraisalPolicy(judge), []);
    assert.equal(result.trustVector.runtime_opaque, 0);
    const nonce = binding;
    const own = earClaims({
      submodules: { ear: { result, policyIds: ['policy-1'], nonce } },
      verifierId: { developer: name, build: 'own' },
      issuedAt: now,
      expiresAt: null,
      rawEvidence: null,
    });
    const { values, binding: bound } = await play({ ...ietf, payload: own });
    assert.deepEqual([values['ear.status'], values.verifier_build], ['affirming', 'own']);
    assert.equal(bound, 'checked');
  });

  for (const algorithm of [
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'PS256',
    'PS384',
    'PS512',
  ] as const) {
    it(`are read under ${algorithm}, and not when one byte is another`, async () => {
      const signer = createTokenIssuer(algorithm);
      const scene = { ...ietf, issuer: signer, trusted: { ...ietf.trusted, keys: signer.keys } };
      assert.equal((await play(scene)).binding, 'checked');
      const token = (text: string) => `${text.slice(0, -8)}AAAA${text.slice(-4)}`;
      await assert.rejects(play(scene, { token }), { code: 'signature-invalid' });
    });
  }

  it('take an issuer for what it calls itself, before the developer', async () => {
    const spoiled = { ...payload({ iss: 'https://other.example' }) };
    const claims = await play(ietf, { ...spoiled, trusted: { issuer: 'https://other.example' } });
    assert.equal(claims.values.issuer, 'https://other.example');
  });
});

refuses(ietf, [
  ['no profile', 'claim-invalid', payload({ eat_profile: undefined })],
  [
    'a profile that nobody knows',
    'unsupported-version',
    payload({ eat_profile: 'tag:example,2026:ear' }),
  ],
  [
    'members of an older profile under the current one',
    'claim-invalid',
    payload({ submods: submodules(trustee) }),
  ],
  ['no verifier', 'issuer-untrusted', payload({ ear_verifier_id: undefined })],
  [
    'a verifier without a developer',
    'issuer-untrusted',
    payload({ ear_verifier_id: { build: 'b' } }),
  ],
  [
    'another verifier',
    'issuer-untrusted',
    payload({ ear_verifier_id: { developer: 'x', build: 'b' } }),
  ],
  ['no submodules', 'claim-invalid', payload({ submods: undefined })],
  ['none in the list', 'claim-invalid', payload({ submods: {} })],
  ['a submodule that is a string', 'claim-invalid', payload({ submods: { cpu0: 'affirming' } })],
  [
    'a name with a dot',
    'claim-invalid',
    payload({ submods: { 'cpu0.status': submodules(ietf).cpu0 } }),
  ],
  ['no status', 'claim-invalid', cpu(ietf, { ear_status: undefined })],
  ['a status that nobody knows', 'claim-invalid', cpu(ietf, { ear_status: 'fine' })],
  ['a status better than its vector', 'claim-invalid', vector({ executables: 33 })],
  ['a status better than a claim below zero', 'claim-invalid', vector({ hardware: -97 })],
  ['a vector out of range', 'claim-invalid', vector({ hardware: 128 })],
  ['a vector of strings', 'claim-invalid', vector({ hardware: '2' })],
  ['no nonce', 'binding-mismatch', cpu(ietf, { eat_nonce: undefined })],
  ['a nonce of another session', 'binding-mismatch', cpu(ietf, { eat_nonce: otherNonce })],
  [
    'a nonce of the whole of another session',
    'binding-mismatch',
    payload({ eat_nonce: otherNonce }),
  ],
  ['a nonce in hex', 'binding-mismatch', cpu(ietf, { eat_nonce: bindingHex })],
  ['a nonce with padding', 'malformed', cpu(ietf, { eat_nonce: `${otherNonce}==` })],
  ['parts of two sessions', 'submodule-mismatch', second({ eat_nonce: otherNonce })],
]);

refuses(trustee, [
  [
    'REPORT_DATA of another session',
    'binding-mismatch',
    evidence({ report_data: '00'.repeat(64) }),
  ],
  ['no REPORT_DATA', 'binding-mismatch', evidence({ report_data: undefined })],
  [
    'REPORT_DATA of 32 bytes',
    'binding-mismatch',
    evidence({ report_data: bindingHex.slice(0, 64) }),
  ],
  [
    'evidence with one name for two things',
    'claim-invalid',
    evidence({ 'tdx.x': 1, tdx: { x: 2 } }),
  ],
]);

const pinned = { policy_ids: ['policy-1'] };
const warned: Spoiled = {
  payload: { submods: { cpu0: merged({ ...submodules(ietf).cpu0, ear_status: 'warning' }) } },
};
const contraindicated = cpu(ietf, { ear_status: 'contraindicated' });

appraises(ietf, [
  ['passes with its policy pinned', pinned, []],
  ['passes by any policy, said in so many words', { policy_ids: null }, []],
  ['is refused where no policy is pinned', {}, ['ear-policy']],
  ['is refused by another policy', { policy_ids: ['policy-2'] }, ['ear-policy']],
  [
    'is refused when it names no policy',
    pinned,
    ['ear-policy'],
    cpu(ietf, { ear_appraisal_policy_ids: undefined }),
  ],
  ['is refused on a warning', pinned, ['ear-status'], warned],
  [
    'passes on a warning, if accepted',
    { ...pinned, statuses: ['affirming', 'warning'] },
    [],
    warned,
  ],
  [
    'is refused when contraindicated',
    { ...pinned, statuses: ['affirming', 'warning'] },
    ['ear-status'],
    contraindicated,
  ],
  [
    'is refused when one part of two is',
    pinned,
    ['ear-status'],
    second({ ear_status: 'contraindicated' }),
  ],
  [
    'is refused when the whole says worse than its parts',
    pinned,
    ['ear-status'],
    payload({ ear_status: 'warning' }),
  ],
  [
    'is refused in a profile that the policy does not take',
    { ...pinned, profiles: ['tag:github.com,2023:veraison/ear'] },
    ['ear-profile'],
  ],
  [
    'is refused from another build',
    { ...pinned, verifier_builds: ['software 2'] },
    ['ear-verifier-build'],
  ],
  ['is refused without an expiry', pinned, ['no-expiry'], payload({ exp: undefined })],
  [
    'passes without one, if the policy says how old',
    { ...pinned, max_age_seconds: { token: 30 } },
    [],
    payload({ exp: undefined }),
  ],
  [
    'is refused without one and too old',
    { ...pinned, max_age_seconds: { token: 30 } },
    ['endorsement-too-old'],
    payload({ exp: undefined, iat: nowSeconds - 31 }),
  ],
]);

const algorithms = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

for (const [algorithm, crv] of Object.entries(algorithms)) {
  const signer = createTokenIssuer(algorithm as keyof typeof algorithms);
  const publicKey = createPublicKey(signer.privateKey);
  const signedWith = (jwk: object, provider: CryptoProvider) => {
    const keys = parseJwks(JSON.stringify({ ...jwk, kty: 'EC', kid: signer.kid }));
    return play(ietf, { signer, trusted: { keys: { kind: 'jwks', keys } }, provider });
  };

  refusesKeys(`a pinned JWK of ${crv}`, badPoints, publicKey, async ({ coordinates }, provider) => {
    const middle = coordinates.length / 2;
    const x = encodeBase64Url(coordinates.subarray(0, middle));
    return signedWith({ crv, x, y: encodeBase64Url(coordinates.subarray(middle)) }, provider);
  });

  if (crv !== 'P-521') {
    refusesKeys(`a pinned x5c of ${crv}`, badKeys, publicKey, async ({ spki }, provider) => {
      const certificate = mintCertificate({
        subject: { CN: 'issuer' },
        issuer: { CN: 'issuer' },
        serial: 1,
        notBefore: now,
        notAfter: now,
        publicKey: spki,
        signingKey: signer.privateKey,
        signatureAlgorithm: 'ecdsa-p256-sha256',
        ca: 'bare',
      });
      return signedWith({ x5c: [encodeBase64(certificate)] }, provider);
    });
  }
}

const stated = { instance_identity: 2, configuration: 2, executables: 3, hardware: 2 };
const lax = { policy_ids: ['policy-1'], statuses: ['affirming', 'warning'] };
const warning = (change: Members): Spoiled => ({
  payload: {
    submods: {
      cpu0: merged({
        ...submodules(ietf).cpu0,
        ear_status: 'warning',
        ear_trustworthiness_vector: change,
      }),
    },
  },
});

claimsTrust(ietf, [
  ['says what the EAR says, and nothing of what that leaves out', pinned, stated],
  [
    'of an EAR without a vector is silent on all',
    pinned,
    {},
    cpu(ietf, { ear_trustworthiness_vector: undefined }),
  ],
  [
    'of an EAR whose vector is zeros is silent on all',
    pinned,
    {},
    cpu(ietf, { ear_trustworthiness_vector: { hardware: 0, configuration: 0 } }),
  ],
  [
    'speaks of memory if the EAR does',
    pinned,
    { ...stated, runtime_opaque: 2, storage_opaque: 2 },
    vector({ 'runtime-opaque': 2, 'storage-opaque': 2 }),
  ],
  [
    'is silent on what one of two parts is silent on',
    pinned,
    { executables: 3 },
    second({ ear_trustworthiness_vector: { executables: 2 } }),
  ],
  [
    'is silent on all if one of two parts is',
    pinned,
    {},
    second({ ear_trustworthiness_vector: undefined }),
  ],
  ['repeats a warning that the policy accepts', lax, { hardware: 32 }, warning({ hardware: 32 })],
  [
    'repeats the worse of two',
    lax,
    { executables: 33 },
    second({ ear_status: 'warning', ear_trustworthiness_vector: { executables: 33 } }),
  ],
  [
    'repeats what the verifier says of itself',
    pinned,
    { hardware: -1 },
    cpu(ietf, { ear_trustworthiness_vector: { hardware: -1 } }),
  ],
  [
    'contraindicates what is not accepted, whatever the EAR affirms',
    { policy_ids: ['policy-2'] },
    { ...stated, configuration: 96 },
  ],
]);

claimsTrust(trustee, [
  [
    'affirms executables by reference values where the EAR is silent on them',
    pinned,
    { executables: 2 },
    cpu(trustee, { 'ear.trustworthiness-vector': {} }),
    { 'cpu0.evidence.tdx.quote.body.mr_td': ['ab'.repeat(48)] },
  ],
  [
    'does not better by reference values what the EAR warns of',
    lax,
    { executables: 33 },
    cpu(trustee, { 'ear.status': 'warning', 'ear.trustworthiness-vector': { executables: 33 } }),
    { 'cpu0.evidence.tdx.quote.body.mr_td': ['ab'.repeat(48)] },
  ],
  [
    'is not bettered by a fault that is found here',
    { ...lax, statuses: null },
    { executables: 96 },
    cpu(trustee, {
      'ear.status': 'contraindicated',
      'ear.trustworthiness-vector': { executables: 96 },
    }),
    { 'cpu0.evidence.tdx.quote.body.mr_td': ['00'.repeat(48)] },
  ],
  [
    'of annotated evidence in debug mode affirms no memory',
    pinned,
    { ...stated, configuration: 96, runtime_opaque: 96 },
    evidence({ tdx: { td_attributes: { debug: true } } }),
  ],
]);

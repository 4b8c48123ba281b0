// Attestation results as tokens: whoever has the key set can check one, and nobody can change one.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { before, test } from 'node:test';
import { parseEvidence, parseJwks, verifyEvidence } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { dataOf } from '../../framework/testing/call.js';
import { NOW, newKey, Scene } from './testing/scene.js';

interface KeySet {
  readonly keys: readonly (JsonWebKey & { readonly kid: string; readonly alg: string })[];
}

type Members = Readonly<Record<string, unknown>>;

let scene: Scene;
before(async () => {
  scene = await Scene.create();
});

async function keySet(of: Scene): Promise<KeySet> {
  const response = await of.answer('.well-known/jwks');
  assert.equal(response?.raw?.contentType, 'application/jwk-set+json');
  return JSON.parse(String(response?.raw?.body)) as KeySet;
}

async function earOf(twist: Parameters<Scene['login']>[0] = {}): Promise<string> {
  const outcome = await scene.login(twist);
  assert.equal(outcome.kind, 'accepted');
  const { ear } = dataOf(outcome.response);
  assert.equal(typeof ear, 'string');
  return String(ear);
}

const decode = (part: string | undefined): Members =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8')) as Members;

function holds(token: string, { keys }: KeySet): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const jwk = keys.find(({ kid }) => kid === decode(header).kid);
  if (jwk === undefined) return false;
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const signed = Buffer.from(`${header}.${payload}`);
  const raw = Buffer.from(signature, 'base64url');
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, raw);
}

test('the key set holds one public key and nothing of the private one', async () => {
  const { keys } = await keySet(scene);
  const [key] = keys;
  assert.equal(keys.length, 1);
  assert.deepEqual(Object.keys(key ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  const { crv, kty, x, y } = key ?? {};
  const canonical = `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`;
  assert.equal(key?.kid, createHash('sha256').update(canonical).digest('base64url'));
});

for (const format of ['tdx', 'snp', 'nitro'] as const) {
  test(`a ${format} login comes with a result that says what was found, and for whom`, async () => {
    const key = newKey();
    const outcome = await scene.login({ format, key });
    assert.equal(outcome.kind, 'accepted');
    const data = dataOf(outcome.response);
    const attestation = data.attestation as Members;
    const token = String(data.ear);
    assert.ok(holds(token, await keySet(scene)));
    const [header, payload] = token.split('.');
    assert.equal(decode(header).typ, 'eat+jwt');
    assert.equal(decode(header).alg, 'ES256');
    const claims = decode(payload);
    assert.equal(claims.eat_profile, 'tag:ietf.org,2026:rats/ear#04');
    assert.equal(claims.ear_status, 'affirming');
    assert.equal(claims.iat, NOW / 1000);
    assert.equal(claims.exp, NOW / 1000 + 300);
    assert.equal(claims.sub, 'web');
    assert.equal(claims.jti, attestation.decision_id);
    const identity = (await scene.challenge()).server_identity;
    assert.equal(claims.iss, `vouchsafe/${identity}`);
    assert.deepEqual(claims.ear_verifier_id, { developer: 'vouchsafe', build: 'vouchsafe test' });
    const [[label, submodule] = ['', {}]] = Object.entries(claims.submods as object);
    assert.equal(label, outcome.response.auth?.metadata.format);
    assert.equal(submodule.ear_appraisal_policy_ids[0], attestation.policy_digest);
    assert.equal(Buffer.from(submodule.eat_nonce, 'base64url').length, 64);
    const { x, y } = key.export({ format: 'jwk' });
    const canonical = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`;
    const jkt = createHash('sha256').update(canonical).digest('base64url');
    assert.deepEqual(claims.cnf, { jkt });
  });
}

test('the nonce in the result is what the evidence was bound to', async () => {
  let bound: Uint8Array = new Uint8Array();
  const token = await earOf({
    reportData(right) {
      bound = right;
      return right;
    },
  });
  assert.match(
    JSON.stringify(decode(token.split('.')[1])),
    new RegExp(`"eat_nonce":"${Buffer.from(bound).toString('base64url')}"`),
  );
});

test('the verifier takes the result as evidence of format "ear", by the key set alone', async () => {
  let bound: Uint8Array = new Uint8Array();
  const token = await earOf({
    reportData(right) {
      bound = right;
      return right;
    },
  });
  const answer = await scene.answer('.well-known/jwks');
  const trusted = async (issuer: string, audience: string | null) =>
    verifyEvidence({
      evidence: parseEvidence(token, 'detect'),
      endorsements: { format: 'none' },
      roots: [
        {
          kind: 'issuer',
          format: 'ear',
          issuer,
          audience,
          keys: { kind: 'jwks', keys: parseJwks(String(answer?.raw?.body)) },
        },
      ],
      expectedBinding: new Uint8Array(bound),
      now: new Date(NOW),
      provider: nodeProvider,
    });
  const name = `vouchsafe/${(await scene.challenge()).server_identity}`;
  const claims = await trusted(name, null);
  assert.equal(claims.format, 'ear');
  assert.equal(claims.binding, 'checked');
  assert.equal(claims.values['tdx-dcap.status'], 'affirming');
  await assert.rejects(trusted('vouchsafe/other', null), { code: 'issuer-untrusted' });
  await assert.rejects(trusted(name, 'somebody'), { code: 'audience-mismatch' });
});

test('a result with a changed character anywhere does not hold', async () => {
  const token = await earOf();
  const set = await keySet(scene);
  const body = token.slice(0, token.lastIndexOf('.'));
  for (let at = body.indexOf('.') + 1; at < body.length; at += 7) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    assert.ok(!holds(changed, set), `${at}`);
  }
});

test('the results of another mount do not hold', async () => {
  const other = await Scene.create();
  assert.ok(!holds(await earOf(), await keySet(other)));
});

test('a refused login gets no result', async () => {
  const outcome = await scene.login({ reportData: () => new Uint8Array(64) });
  assert.equal(outcome.kind, 'refused');
  assert.ok(!JSON.stringify(outcome.error.data).includes('ear'));
});

test('the key stays when the mount is opened again', async () => {
  const first = await keySet(scene);
  await scene.reopen();
  assert.deepEqual(await keySet(scene), first);
});

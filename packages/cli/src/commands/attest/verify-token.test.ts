// `attest verify` and `attest show` over results of other verifiers: a genuine token of Azure, one of Google, minted
// ones of the others, and what is missing on the command line; and over the report of a GPU.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createTokenIssuer,
  earPayload,
  itaPayload,
  mintNrasResult,
  mintToken,
  nrasDevicePayload,
} from '@vouchsafe/verifier/testing';
import { codesOf, judge, put, skip, vector } from '../../testing/evidence.js';
import { runVouchsafe } from '../../testing/stub-server.js';

const at = '2026-05-01T12:00:00Z';
const issuedAt = Date.parse(at) / 1000 - 10;
const session = (issuer: string) => ({
  issuer,
  binding: new Uint8Array(64).fill(7),
  issuedAt,
  expiresAt: issuedAt + 300,
});

describe('a genuine token of Azure Attestation', { skip }, () => {
  const token = vector('jwt/teaclave-maa/maa-sgx.jwt');
  const time = '-at=2023-09-26T15:00:00Z';
  const jwks = `-jwks=${vector('jwt/teaclave-maa/maa-jwks.json')}`;
  const issuer = '-issuer=https://sharedeus.eus.attest.azure.net';

  test('is accepted at its time, by its tenant’s keys', async () => {
    const [code, verdict] = await judge(jwks, issuer, time, token);
    assert.deepEqual([code, verdict.verdict, verdict.format], [0, 'accepted', 'azure-maa']);
    assert.match(String(verdict.claims.mrenclave), /^f56735aa/);
  });

  for (const [sentence, code, args] of [
    [
      'of another tenant',
      'issuer-untrusted',
      [jwks, '-issuer=https://other.attest.azure.net', time],
    ],
    ['for an audience', 'audience-mismatch', [jwks, issuer, '-audience=us', time]],
    ['today', 'token-expired', [jwks, issuer, '-at=2026-01-01T00:00:00Z']],
    ['years before', 'token-not-yet-valid', [jwks, issuer, '-at=2020-01-01T00:00:00Z']],
  ] as const) {
    test(`is refused ${sentence}`, async () => {
      const [exit, verdict] = await judge(...args, token);
      assert.deepEqual([exit, codesOf(verdict)], [4, [code]]);
    });
  }

  for (const [sentence, args] of [
    ['keys', [issuer]],
    ['an issuer', [jwks]],
    ['one kind of keys only', [issuer, jwks, `-issuer-root=${jwks}`]],
  ] as const) {
    test(`needs ${sentence}`, async () => {
      const { code } = await runVouchsafe(['attest', 'verify', ...args, time, token]);
      assert.equal(code, 2);
    });
  }

  test('is shown without being verified, and without its signature', async () => {
    const { out } = await runVouchsafe(['attest', 'show', '-format=json', token]);
    const { verified, fields } = JSON.parse(out) as {
      verified: boolean;
      fields: Record<string, unknown>;
    };
    assert.equal(verified, false);
    assert.equal(fields['jws.payload.iss'], 'https://sharedeus.eus.attest.azure.net');
    assert.equal(
      Object.keys(fields).some((name) => name.includes('signature')),
      false,
    );
  });
});

describe('a genuine PKI token of Confidential Space', { skip }, () => {
  const token = vector('jwt/oak-confidential-space/confidential-space-pki.jwt');
  const root = `-issuer-root=${vector('roots/gcp-confidential-space-root.pem')}`;
  const issuer = '-issuer=https://confidentialcomputing.googleapis.com';
  const audience = '-audience=z08381475938604996746';
  const time = '-at=2025-09-05T08:20:00Z';

  test('is accepted at its time, under Google’s root', async () => {
    const [code, verdict] = await judge(root, issuer, audience, time, token);
    assert.equal(code, 0);
    assert.equal(verdict.claims.project_id, 'oak-examples-477357');
  });

  test('needs an audience', async () => {
    const { code } = await runVouchsafe(['attest', 'verify', root, issuer, time, token]);
    assert.equal(code, 2);
  });

  test('is refused under another root', async () => {
    const other = `-issuer-root=${vector('roots/nvidia-device-identity-root.pem')}`;
    const [code, verdict] = await judge(other, issuer, audience, time, token);
    assert.deepEqual([code, codesOf(verdict)], [4, ['chain-untrusted']]);
  });
});

describe('the report of a real GPU', { skip }, () => {
  const report = vector('gpu/nvtrust/hopper-spdm-report.hex');
  const time = '-at=2025-06-01T00:00:00Z';

  test('is accepted under NVIDIA’s root, which is built in', async () => {
    const certs = `-certs=${vector('gpu/nvtrust/hopper-cert-chain.pem')}`;
    const [code, verdict] = await judge(certs, time, report);
    assert.deepEqual([code, verdict.format], [0, 'nvidia-gpu']);
    assert.equal(verdict.claims.driver_version, '550.90.07');
  });

  test('is refused under a broken chain, and without one', async () => {
    const broken = `-certs=${vector('bad/trustee/nvidia-hopper-chain-case3.pem')}`;
    for (const args of [[broken], []]) {
      const [code, verdict] = await judge(...args, time, report);
      assert.deepEqual([code, codesOf(verdict)], [4, ['chain-invalid']]);
    }
  });
});

describe('minted results', () => {
  const rows = [
    [
      'intel-trust-authority',
      'PS384',
      (issuer: ReturnType<typeof createTokenIssuer>) =>
        mintToken(issuer, itaPayload(session('i'), { tee: 'TDX', bind: 'nonce' })),
    ],
    [
      'ear',
      'ES256',
      (issuer: ReturnType<typeof createTokenIssuer>) =>
        mintToken(issuer, earPayload(session('i'), 'trustee')),
    ],
    [
      'nvidia-nras',
      'ES384',
      (issuer: ReturnType<typeof createTokenIssuer>) => {
        const nonce = new Uint8Array(32);
        const payload = nrasDevicePayload(session('i'), nonce);
        return mintNrasResult(issuer, session('i'), nonce, { 'GPU-0': payload });
      },
    ],
  ] as const;

  for (const [format, algorithm, mint] of rows) {
    test(`${format}: accepted, and refused by another key`, async () => {
      const issuer = createTokenIssuer(algorithm);
      const file = put('token', `${mint(issuer)}\n`);
      const flags = [`-jwks=${put('jwks', issuer.jwks)}`, '-issuer=i', `-at=${at}`];
      const [code, verdict] = await judge(...flags, file);
      assert.deepEqual([code, verdict.format], [0, format]);
      const other = createTokenIssuer(algorithm);
      const otherKeys = `-jwks=${put('jwks', other.jwks)}`;
      const [exit, wrong] = await judge(otherKeys, '-issuer=i', `-at=${at}`, file);
      assert.deepEqual([exit, codesOf(wrong)], [4, ['signature-invalid']]);
    });
  }

  test('a key set with a private key is no trust input', async () => {
    const { privateKey } = createTokenIssuer('ES256');
    const jwks = put('jwks', JSON.stringify(privateKey.export({ format: 'jwk' })));
    const file = put(
      'token',
      mintToken(createTokenIssuer('ES256'), earPayload(session('i'), 'ietf')),
    );
    const args = ['attest', 'verify', `-jwks=${jwks}`, '-issuer=i', file];
    const { code, err } = await runVouchsafe(args);
    assert.equal(code, 1);
    assert.match(err, /private or a symmetric key/);
  });
});

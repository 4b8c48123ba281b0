// Tokens that the services themselves issued. Those whose keys are at hand give the facts that were published with
// them; the others are read, and refused for want of a key.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy } from '../appraise/policy.js';
import { parsePem } from '../encoding/pem.js';
import { EvidenceError } from '../errors.js';
import { parseJwks } from '../jose/jwk.js';
import { nodeProvider } from '../provider-node.js';
import { webProvider } from '../provider-web.js';
import { createTokenIssuer } from '../testing/token-issuer.js';
import { readVector, skipWithoutVectors } from '../testing/vectors.test.js';
import type { EvidenceFormat, TrustedIssuer, VerifiedClaims } from '../types.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import { noEndorsements } from './token-format.js';

const textOf = (path: string) => new TextDecoder().decode(readVector(path));
const maaToken = 'jwt/teaclave-maa/maa-sgx.jwt';
const spaceToken = 'jwt/oak-confidential-space/confidential-space-pki.jwt';

function maa(): TrustedIssuer {
  return {
    kind: 'issuer',
    format: 'azure-maa',
    issuer: 'https://sharedeus.eus.attest.azure.net',
    audience: null,
    keys: { kind: 'jwks', keys: parseJwks(textOf('jwt/teaclave-maa/maa-jwks.json')) },
  };
}

function space(root = 'roots/gcp-confidential-space-root.pem'): TrustedIssuer {
  const limits = { label: 'CERTIFICATE', blocksMax: 1, bytesMax: 8192 } as const;
  const [der = new Uint8Array()] = parsePem(readVector(root), limits);
  return {
    kind: 'issuer',
    format: 'google-confidential-space',
    issuer: 'https://confidentialcomputing.googleapis.com',
    audience: 'z08381475938604996746',
    keys: {
      kind: 'x5c',
      roots: [{ kind: 'certificate', der }],
      revocation: { kind: 'not-checked' },
    },
  };
}

interface Given {
  readonly text: string;
  readonly issuer: TrustedIssuer;
  /** Seconds since 1970. */
  readonly at: number;
  readonly web?: boolean;
}

const verify = ({ text, issuer, at, web }: Given): Promise<VerifiedClaims> =>
  verifyEvidence({
    evidence: parseEvidence(text, 'detect'),
    endorsements: noEndorsements,
    roots: [issuer],
    expectedBinding: { binding: 'not-checked' },
    now: new Date(at * 1000),
    provider: web === true ? webProvider : nodeProvider,
  });

describe('a genuine token of Azure Attestation', { skip: skipWithoutVectors }, () => {
  const given = () => ({ text: textOf(maaToken), issuer: maa(), at: 1_695_737_800 });

  for (const web of [false, true]) {
    it(`gives the facts that were published with it (${web ? 'WebCrypto' : 'node:crypto'})`, async () => {
      const { values, debug } = await verify({ ...given(), web });
      assert.match(String(values.mrenclave), /^f56735aa42563627a832e0c7ba991138/);
      assert.match(String(values.mrsigner), /^a595c6c5805da0c9c4cb920334d354ae/);
      assert.equal(values.token_issued_at, '2023-09-26T14:15:47.000Z');
      assert.equal(debug, false);
    });
  }

  it('is refused by a default policy for what Azure left to its tenant', async () => {
    const policy = parseAppraisalPolicy({ name: 'p', formats: { 'azure-maa': {} } });
    const { faults } = appraise(await verify(given()), policy, []);
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['binding-not-checked', 'policy-hash', 'tcb-status'],
    );
  });

  it('expires at the second that it says', async () => {
    await verify({ ...given(), at: 1_695_766_546 });
    const code = 'token-expired';
    await assert.rejects(verify({ ...given(), at: 1_695_766_547 }), { code });
  });

  it('is refused from another tenant, by other keys, and changed in any character', async () => {
    const { text, issuer, at } = given();
    const tenant = { ...issuer, issuer: 'https://sharedweu.weu.attest.azure.net' };
    await assert.rejects(verify({ text, issuer: tenant, at }), { code: 'issuer-untrusted' });
    const { keys } = createTokenIssuer('RS256');
    await assert.rejects(verify({ text, issuer: { ...issuer, keys }, at }), {
      code: 'key-unknown',
    });
    for (let index = 0; index < text.length; index += 97) {
      const other = text[index] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, index) + other + text.slice(index + 1);
      await assert.rejects(async () => verify({ text: changed, issuer, at }), EvidenceError);
    }
  });
});

describe('a genuine PKI token of Confidential Space', { skip: skipWithoutVectors }, () => {
  const given = () => ({ text: textOf(spaceToken), issuer: space(), at: 1_757_060_300 });

  it('gives the facts that were published with it', async () => {
    const { values, debug, tcbStatus } = await verify(given());
    assert.equal(values.hwmodel, 'GCP_INTEL_TDX');
    assert.equal(values.dbgstat, 'disabled-since-boot');
    assert.match(String(values.image_digest), /^sha256:e2e5e3672f416ac9ca71aa639abf86db/);
    assert.equal(values.project_id, 'oak-examples-477357');
    assert.deepEqual([debug, tcbStatus], [false, 'UpToDate']);
  });

  it('is affirmed in its project, once bound; its nonce is not a binding of ours', async () => {
    const formats = { 'google-confidential-space': { project_ids: ['oak-examples-477357'] } };
    const policy = parseAppraisalPolicy({ name: 'p', formats });
    const result = appraise(await verify(given()), policy, []);
    assert.equal(result.status, 'warning');
    assert.deepEqual(
      result.faults.map(({ code }) => code),
      ['binding-not-checked'],
    );
  });

  it('is refused for another audience, under another root, and out of its time', async () => {
    const { text, issuer, at } = given();
    const code = (name: string) => ({ name: 'EvidenceError', code: name });
    const audience = { ...issuer, audience: 'https://vault.example' };
    await assert.rejects(verify({ text, issuer: audience, at }), code('audience-mismatch'));
    const root = space('roots/nvidia-device-identity-root.pem');
    await assert.rejects(verify({ text, issuer: root, at }), code('chain-untrusted'));
    await assert.rejects(verify({ text, issuer, at: 1_757_063_850 }), code('token-expired'));
    await assert.rejects(verify({ text, issuer, at: 1_757_060_189 }), code('token-not-yet-valid'));
    // Two months on, the certificate of the key has run out too; it is looked at first.
    await assert.rejects(verify({ text, issuer, at: 1_763_000_000 }), code('certificate-expired'));
  });
});

describe('a genuine token whose keys nobody published', { skip: skipWithoutVectors }, () => {
  const rows: readonly (readonly [string, EvidenceFormat, string, string])[] = [
    [
      'azure-samples/maa-sevsnp.jwt',
      'azure-maa',
      'https://sharedweu.weu.test.attest.azure.net',
      'RS256',
    ],
    [
      'intel-trust-authority/ita-tdx.jwt',
      'intel-trust-authority',
      'Intel Trust Authority',
      'PS384',
    ],
    [
      'intel-trust-authority/ita-sgx.jwt',
      'intel-trust-authority',
      'Intel Trust Authority',
      'PS384',
    ],
    [
      'intel-trust-authority/ita-client-sample.jwt',
      'intel-trust-authority',
      'AS Attestation Token Issuer',
      'PS384',
    ],
  ];
  for (const [file, format, issuer, algorithm] of rows) {
    it(`${file} is read, and refused for want of its key`, async () => {
      const text = textOf(`jwt/${file}`);
      const evidence = parseEvidence(text, 'detect');
      assert.equal(evidence.format, format);
      assert.ok('jws' in evidence && evidence.jws.header.alg === algorithm);
      const { keys } = createTokenIssuer('RS256');
      const trusted = { kind: 'issuer', format, issuer, audience: null, keys } as const;
      const at = Number(evidence.jws.payload.iat);
      await assert.rejects(verify({ text, issuer: trusted, at }), { code: 'key-unknown' });
    });
  }
});

describe('a result of NVIDIA’s local verifier', { skip: skipWithoutVectors }, () => {
  it('is read, its device is under its digest, and it is refused: nobody signed it', async () => {
    const file = JSON.parse(textOf('jwt/dstack-nvidia/nvat-local-verifier-h100.json'));
    const text = JSON.stringify(file.detached_eat);
    const evidence = parseEvidence(text, 'detect');
    assert.equal(evidence.format, 'nvidia-nras');
    const { keys } = createTokenIssuer('ES384');
    const issuer: TrustedIssuer = {
      kind: 'issuer',
      format: 'nvidia-nras',
      issuer: 'NVAT-LOCAL-VERIFIER',
      audience: null,
      keys,
    };
    const at = 1_784_207_900;
    await assert.rejects(verify({ text, issuer, at }), { code: 'unsupported-algorithm' });
  });
});

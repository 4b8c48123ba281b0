// Confidential Space tokens: with a pinned key set and with Google's kind of PKI, good and spoiled.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createTokenIssuer,
  createTokenPki,
  type TokenPkiOptions,
} from '../../testing/token-issuer.js';
import { confidentialSpacePayload } from '../../testing/token-payloads.js';
import {
  acceptsLikeEveryToken,
  appraises,
  bindingHex,
  claimsTrust,
  merged,
  play,
  refuses,
  refusesLikeEveryToken,
  type Spoiled,
  session,
  type TokenScene,
} from '../../testing/token-scene.test.js';
import type { TrustedIssuer } from '../../types.js';

const issuer = createTokenIssuer('RS256');
const name = 'https://confidentialcomputing.googleapis.com';
const audience = 'https://vault.example/attest';
const trusted: TrustedIssuer = {
  kind: 'issuer',
  format: 'google-confidential-space',
  issuer: name,
  audience,
  keys: issuer.keys,
};
const scene: TokenScene = {
  format: 'google-confidential-space',
  issuer,
  trusted,
  payload: confidentialSpacePayload(session(name), audience),
  expires: true,
};

const valid = { notBefore: new Date('2026-01-01'), notAfter: new Date('2027-01-01') };
const pki = createTokenPki(valid);
const pkiScene: TokenScene = {
  ...scene,
  issuer: pki.issuer,
  trusted: {
    ...trusted,
    keys: {
      kind: 'x5c',
      roots: [{ kind: 'certificate', der: pki.root }],
      revocation: { kind: 'not-checked' },
    },
  },
};
const chain = (x5c: readonly unknown[]): Spoiled => ({ header: { x5c } });
const withPki = (options: Partial<TokenPkiOptions>): Spoiled => {
  const other = createTokenPki({ ...valid, ...options });
  return {
    signer: other.issuer,
    header: { x5c: other.x5c },
    trusted: {
      keys: {
        kind: 'x5c',
        roots: [{ kind: 'certificate', der: other.root }],
        revocation: { kind: 'not-checked' },
      },
    },
  };
};

const submodules = scene.payload.submods as Record<string, Record<string, unknown>>;
const submodule = (which: string, change: Record<string, unknown> | undefined): Spoiled => ({
  payload: {
    submods: merged({
      ...submodules,
      [which]: change === undefined ? undefined : merged({ ...submodules[which], ...change }),
    }),
  },
});
const payload = (change: Record<string, unknown>): Spoiled => ({ payload: change });
const halves = [bindingHex.slice(0, 64), bindingHex.slice(64)] as const;

acceptsLikeEveryToken(scene);
refusesLikeEveryToken(scene);

describe('google-confidential-space: facts', () => {
  it('are Google’s words on hardware, image, project and account', async () => {
    const { values, debug, tcbStatus } = await play(scene);
    assert.equal(values.hwmodel, 'GCP_INTEL_TDX');
    assert.equal(values.image_digest, `sha256:${'1a'.repeat(32)}`);
    assert.equal(values.project_id, 'software');
    assert.deepEqual(values.service_accounts, ['app@software.iam.gserviceaccount.com']);
    assert.deepEqual(values.env, ['HOSTNAME=i', 'PATH=/bin']);
    assert.equal(values.audience, audience);
    assert.deepEqual([debug, tcbStatus], [false, 'UpToDate']);
  });

  it('of a PKI token are the same', async () => {
    const claims = await play(pkiScene, chain(pki.x5c));
    assert.equal(claims.values.project_id, 'software');
    assert.equal(claims.binding, 'checked');
  });

  it('of a PKI token whose chain leaves the pinned root out are the same', async () => {
    assert.equal((await play(pkiScene, chain(pki.x5c.slice(0, 2)))).binding, 'checked');
  });

  for (const [sentence, spoiled] of [
    ['a debug image', payload({ dbgstat: 'enabled' })],
    ['an image that does not say since when', payload({ dbgstat: 'disabled' })],
    ['a GPU in developer mode', submodule('nvidia_gpu', { cc_mode: 'DEVTOOLS' })],
  ] as const) {
    it(`say that ${sentence} can be debugged`, async () => {
      assert.equal((await play(scene, spoiled)).debug, true);
    });
  }
});

refuses(scene, [
  ['no nonce', 'binding-mismatch', payload({ eat_nonce: undefined })],
  ['one nonce', 'binding-mismatch', payload({ eat_nonce: halves[0] })],
  ['a list of one nonce', 'binding-mismatch', payload({ eat_nonce: [halves[0]] })],
  [
    'the two the other way round',
    'binding-mismatch',
    payload({ eat_nonce: [halves[1], halves[0]] }),
  ],
  ['a third beside them', 'binding-mismatch', payload({ eat_nonce: [...halves, '0123456789'] })],
  ['the same one twice', 'binding-mismatch', payload({ eat_nonce: [halves[0], halves[0]] })],
  [
    'nonces in capitals',
    'binding-mismatch',
    payload({ eat_nonce: halves.map((half) => half.toUpperCase()) }),
  ],
  ['nonces that are numbers', 'claim-invalid', payload({ eat_nonce: [1, 2] })],
  ['no hardware model', 'claim-invalid', payload({ hwmodel: undefined })],
  ['no debug status', 'claim-invalid', payload({ dbgstat: undefined })],
  ['no software name', 'claim-invalid', payload({ swname: undefined })],
  ['no word on Secure Boot', 'claim-invalid', payload({ secboot: undefined })],
  ['no submodules', 'claim-invalid', payload({ submods: undefined })],
  ['no container', 'claim-invalid', submodule('container', undefined)],
  [
    'a container without a digest',
    'claim-invalid',
    submodule('container', { image_digest: undefined }),
  ],
  ['no machine', 'claim-invalid', submodule('gce', undefined)],
  ['a machine without a project', 'claim-invalid', submodule('gce', { project_id: undefined })],
  [
    'an environment that is a list',
    'claim-invalid',
    submodule('container', { env: ['PATH=/bin'] }),
  ],
  ['a revoked TCB', 'tcb-revoked', payload({ tdx: { gcp_attester_tcb_status: 'Revoked' } })],
  ['a TDX status on other hardware', 'claim-invalid', payload({ hwmodel: 'GCP_AMD_SEV' })],
  [
    'service accounts that are one string',
    'claim-invalid',
    payload({ google_service_accounts: 'a' }),
  ],
]);

const otherPki = createTokenPki(valid);
refuses(pkiScene, [
  ['a PKI token without its chain', 'key-unknown', {}],
  [
    'a PKI token under a root of its own',
    'chain-untrusted',
    { signer: otherPki.issuer, ...chain(otherPki.x5c) },
  ],
  [
    'a PKI token with another’s chain',
    'signature-invalid',
    { signer: otherPki.issuer, ...chain(pki.x5c) },
  ],
  ['a chain without its intermediate', 'chain-invalid', chain([pki.x5c[0], pki.x5c[2]])],
  ['a chain in the wrong order', 'chain-invalid', chain([pki.x5c[1], pki.x5c[0], pki.x5c[2]])],
  ['the root alone', 'chain-invalid', chain([pki.x5c[2]])],
  ['a chain that is no DER', 'malformed', chain(['AAAA'])],
  ['an expired chain', 'certificate-expired', withPki({ notAfter: new Date('2026-04-30') })],
  [
    'a chain of next year',
    'certificate-not-yet-valid',
    withPki({ notBefore: new Date('2026-05-02') }),
  ],
  ['a leaf that is a CA', 'chain-invalid', withPki({ leafIsCa: true })],
  ['a leaf for encryption', 'chain-invalid', withPki({ leafKeyUsageBits: 0x20 })],
  [
    'a chain that a list of the CA is wanted for and missing',
    'crl-missing',
    {
      ...chain(pki.x5c),
      trusted: {
        keys: {
          kind: 'x5c',
          roots: [{ kind: 'certificate', der: pki.root }],
          revocation: { kind: 'crls', crls: [], requiredFor: 'every-link' },
        },
      },
    },
  ],
]);

const pinned = { project_ids: ['software'] };

appraises(scene, [
  ['passes in its project', pinned, []],
  ['passes in any project, said in so many words', { project_ids: null }, []],
  ['is refused where no project is pinned', {}, ['project']],
  ['is refused in another project', { project_ids: ['other'] }, ['project']],
  ['is refused as another account', { ...pinned, service_accounts: ['b@x'] }, ['service-account']],
  [
    'is refused without any account',
    { ...pinned, service_accounts: ['b@x'] },
    ['service-account'],
    payload({ google_service_accounts: [] }),
  ],
  [
    'of an image that is only usable is refused',
    pinned,
    ['support-attribute'],
    submodule('confidential_space', { support_attributes: ['USABLE'] }),
  ],
  [
    'of an image without support is refused',
    pinned,
    ['support-attribute'],
    submodule('confidential_space', { support_attributes: [] }),
  ],
  [
    'of an image that says nothing of support is refused',
    pinned,
    ['support-attribute'],
    submodule('confidential_space', undefined),
  ],
  ['of a debug image is refused', pinned, ['debug'], payload({ dbgstat: 'enabled' })],
  ['of other software is refused', pinned, ['software-name'], payload({ swname: 'GCE' })],
  ['without Secure Boot is refused', pinned, ['secure-boot'], payload({ secboot: false })],
  [
    'on a shielded VM is refused',
    pinned,
    ['hardware-model'],
    payload({ hwmodel: 'GCP_SHIELDED_VM', tdx: undefined }),
  ],
  [
    'on AMD SEV passes if asked for',
    { ...pinned, hwmodels: ['GCP_AMD_SEV'] },
    [],
    payload({ hwmodel: 'GCP_AMD_SEV', tdx: undefined }),
  ],
  [
    'on an old TDX platform is refused',
    pinned,
    ['tcb-status'],
    payload({ tdx: { gcp_attester_tcb_status: 'OutOfDate' } }),
  ],
  [
    'on a TDX platform of no stated level is refused',
    pinned,
    ['tcb-status'],
    payload({ tdx: undefined }),
  ],
  [
    'with a variable added to it is refused',
    { ...pinned, require: { env: { subset_of: ['PATH=/bin'] } } },
    ['requirement'],
  ],
]);

const onAnything = { ...pinned, hwmodels: null };

claimsTrust(scene, [
  [
    'of a TD speaks of configuration, hardware and memory',
    pinned,
    { configuration: 2, hardware: 2, runtime_opaque: 2 },
  ],
  [
    'of a TD without a status is silent on the hardware',
    { ...pinned, tcb_statuses: null },
    { configuration: 2, runtime_opaque: 2 },
    payload({ tdx: undefined }),
  ],
  ...['GCP_AMD_SEV', 'GCP_AMD_SEV_ES', 'GCP_SHIELDED_VM', 'GCP_NEW'].map(
    (hwmodel) =>
      [
        `of ${hwmodel} is silent on hardware and memory`,
        onAnything,
        { configuration: 2 },
        payload({ hwmodel, tdx: undefined }),
      ] as const,
  ),
  [
    'of hardware that is not accepted warns, and is silent on memory',
    pinned,
    { configuration: 2, hardware: 32 },
    payload({ hwmodel: 'GCP_AMD_SEV', tdx: undefined }),
  ],
  [
    'of a debug image affirms no memory',
    onAnything,
    { configuration: 96, runtime_opaque: 96 },
    payload({ hwmodel: 'GCP_AMD_SEV', tdx: undefined, dbgstat: 'enabled' }),
  ],
  [
    'affirms executables by reference values alone',
    onAnything,
    { configuration: 2, executables: 2 },
    payload({ hwmodel: 'GCP_SHIELDED_VM', tdx: undefined }),
    { image_digest: [`sha256:${'1a'.repeat(32)}`] },
  ],
]);

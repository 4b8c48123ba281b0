// The exchange from both keys to the statement that verify() takes, and everything that must not come to one.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeHex } from '../encoding/hex.js';
import type { EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { webEncryption, webProvider } from '../provider-web.js';
import { flipBit } from '../testing/snp-scene.js';
import { akAttributes, createSoftwareAk, createSoftwareAkCa } from '../testing/tpm.js';
import {
  activateCredential,
  createSoftwareEk,
  ekAttributes,
  mintEkCertificate,
  purposes,
} from '../testing/tpm-credential.js';
import {
  activatedFor,
  type CredentialScene,
  ekOf,
  playCredential,
  stageBegin,
} from '../testing/tpm-credential-scene.js';
import {
  akCa,
  akCrl,
  akOf,
  playTpm,
  refusesTpm,
  tpmNow,
  tpmValidity,
} from '../testing/tpm-scene.js';
import { parseAttestationKey } from './attestation-key.js';
import {
  type ActivatedCredential,
  beginCredential,
  finishCredential,
} from './credential-exchange.js';
import { nameOf } from './public-area.js';

const day = (text: string) => new Date(`${text}T00:00:00Z`);
const ak = akOf('ecdsa-p256');
const nameOfAk = (area: Uint8Array) => nameOf(parseAttestationKey(area), nodeProvider);
const withAk = (attributes: number): CredentialScene => ({
  begin: { akPublic: createSoftwareAk({ kind: 'ecdsa-p256', attributes }).publicArea },
});
const stranger = createSoftwareAkCa(tpmValidity);
const ek = ekOf('ecc-p256');
const signing = createSoftwareEk({
  kind: 'ecc-p256',
  privateKey: ek.privateKey,
  attributes: ekAttributes | 0x40000,
});

describe('an activated credential', () => {
  for (const kind of ['rsa-2048', 'rsa-3072', 'ecc-p256', 'ecc-p384'] as const) {
    it(`by ${kind} is a statement about the attestation key and its TPM`, async () => {
      const statement = await playCredential({ ek: ekOf(kind) });
      assert.equal(statement.akName, encodeHex(await nameOfAk(ak.publicArea)));
      assert.equal(statement.values.ek_certificate_subject, 'CN=Software TPM EK');
      assert.equal(statement.values.ek_certificate_serial, '4e');
      assert.equal(statement.values.revocation_checked, true);
      const spki = ekOf(kind).publicKey.export({ type: 'spki', format: 'der' });
      const fingerprint = await nodeProvider.digest('sha256', new Uint8Array(spki));
      assert.equal(statement.values.ek_fingerprint, encodeHex(fingerprint));
    });
  }

  it('proves a quote’s key without a certificate, and tells its age', async () => {
    const credential = await playCredential();
    const claims = await playTpm({
      container: { akCertificates: [] },
      provenance: { kind: 'credential', credential },
      input: { now: new Date(tpmNow.getTime() + 3_660_000) },
    });
    assert.equal(claims.values.ak_provenance, 'credential');
    assert.equal(claims.values.ek_fingerprint, credential.values.ek_fingerprint);
    assert.deepEqual(claims.endorsementAges, { credential: 3_600, crl: 90_060 });
  });

  it('says so if nobody looked its certificates up', async () => {
    const statement = await playCredential({ begin: { revocation: { kind: 'not-checked' } } });
    assert.equal(statement.values.revocation_checked, false);
    assert.equal(statement.crlIssuedAt, null);
  });

  it('is made on WebCrypto too', async () => {
    const platform = { provider: webProvider, encryption: webEncryption };
    const statement = await playCredential({ begin: platform, finish: { provider: webProvider } });
    assert.equal(statement.akName, encodeHex(await nameOfAk(ak.publicArea)));
  });

  it('tells neither its pending form nor its credential the secret', async () => {
    const secrets: Uint8Array[] = [];
    const input = stageBegin();
    const { pending } = await beginCredential({
      ...input,
      randomBytes: (length) => {
        const bytes = input.randomBytes(length);
        secrets.push(bytes.slice());
        return bytes;
      },
    });
    assert.equal(secrets.length, 1);
    for (const secret of secrets) {
      assert.ok(!pending.includes(encodeHex(secret)));
      assert.ok(!pending.includes(Buffer.from(secret).toString('base64')));
    }
  });
});

const begins: readonly [string, EvidenceErrorCode, CredentialScene][] = [
  ['an endorsement key that signs', 'endorsement-key-unfit', { ek: signing }],
  [
    'an attestation key in the place of the endorsement key',
    'endorsement-key-unfit',
    { begin: { ekPublic: ak.publicArea } },
  ],
  [
    'an attestation key that is not restricted',
    'attestation-key-unfit',
    withAk(akAttributes & ~0x10000),
  ],
  ['an attestation key that decrypts', 'attestation-key-unfit', withAk(akAttributes | 0x20000)],
  ['an attestation key that may leave', 'attestation-key-unfit', withAk(akAttributes & ~0x2)],
  [
    'an endorsement key as attestation key',
    'attestation-key-unfit',
    { begin: { akPublic: ek.publicArea } },
  ],
  [
    'the certificate of another endorsement key',
    'attestation-key-unproven',
    { begin: { ekPublic: createSoftwareEk({ kind: 'ecc-p256' }).publicArea } },
  ],
  ['no certificate', 'chain-invalid', { begin: { ekCertificates: [] } }],
  [
    'seven certificates',
    'attestation-key-unproven',
    { begin: { ekCertificates: Array.from({ length: 7 }, () => akCa().root.der) } },
  ],
  ['no roots', 'chain-untrusted', { begin: { roots: [] } }],
  [
    'a chain of the same names by others',
    'chain-invalid',
    {
      begin: {
        ekCertificates: [
          mintEkCertificate(stranger, ek.publicKey, tpmValidity),
          stranger.intermediate.der,
        ],
      },
    },
  ],
  [
    'a chain of the same names with its own root',
    'chain-untrusted',
    {
      begin: {
        ekCertificates: [
          mintEkCertificate(stranger, ek.publicKey, tpmValidity),
          stranger.intermediate.der,
          stranger.root.der,
        ],
      },
    },
  ],
  [
    'a certificate by a stranger under the genuine intermediate',
    'chain-invalid',
    {
      begin: {
        ekCertificates: [
          mintEkCertificate(stranger, ek.publicKey, tpmValidity),
          akCa().intermediate.der,
        ],
      },
    },
  ],
  [
    'an expired certificate',
    'certificate-expired',
    { certificate: { notAfter: day('2026-05-01') } },
  ],
  [
    'a certificate of tomorrow',
    'certificate-not-yet-valid',
    { certificate: { notBefore: day('2026-06-02') } },
  ],
  ['a chain at a time after it', 'certificate-expired', { begin: { now: day('2036-01-01') } }],
  [
    'a certificate of an authority',
    'chain-invalid',
    { certificate: { ca: true, keyUsageBits: 0x0e } },
  ],
  ['a certificate of a key that signs', 'chain-invalid', { certificate: { keyUsageBits: 0x80 } }],
  [
    'a certificate for the other kind of key',
    'chain-invalid',
    { ek: ekOf('rsa-2048'), certificate: { keyUsageBits: 0x08 } },
  ],
  [
    'a certificate for TLS',
    'chain-invalid',
    { certificate: { extensions: [purposes('1.3.6.1.5.5.7.3.1')] } },
  ],
  [
    'a certificate for purposes that are none',
    'malformed',
    { certificate: { extensions: [{ oid: '2.5.29.37', value: Uint8Array.of(5, 0) }] } },
  ],
  [
    'a certificate with a critical extension nobody knows',
    'chain-invalid',
    { certificate: { extensions: [{ oid: '1.2.3', critical: true, value: Uint8Array.of(5, 0) }] } },
  ],
  [
    'a revoked certificate',
    'certificate-revoked',
    {
      begin: {
        revocation: {
          kind: 'crls',
          crls: [akCrl('root'), akCrl('intermediate', { revoked: [{ serial: 78, date: tpmNow }] })],
        },
      },
    },
  ],
  [
    'no list of the certificate’s issuer',
    'crl-missing',
    { begin: { revocation: { kind: 'crls', crls: [akCrl('root')] } } },
  ],
  ['no lists', 'crl-missing', { begin: { revocation: { kind: 'crls', crls: [] } } }],
  [
    'nine lists',
    'crl-invalid',
    {
      begin: { revocation: { kind: 'crls', crls: Array.from({ length: 9 }, () => akCrl('root')) } },
    },
  ],
  ['no time to answer', 'input-invalid', { begin: { lifetimeSeconds: 0 } }],
  ['more than a day to answer', 'input-invalid', { begin: { lifetimeSeconds: 86_401 } }],
  ['half a second to answer', 'input-invalid', { begin: { lifetimeSeconds: 0.5 } }],
  ['no time', 'input-invalid', { begin: { now: new Date(Number.NaN) } }],
  [
    'a generator that hands out 31 bytes',
    'input-invalid',
    { begin: { randomBytes: () => new Uint8Array(31) } },
  ],
];

describe('does not begin with', () => {
  for (const [what, code, scene] of begins) {
    it(what, () => assert.rejects(beginCredential(stageBegin(scene)), { code }));
  }
});

const otherName = Uint8Array.of(0, 0xb, ...new Uint8Array(32).fill(1));

describe('a TPM refuses a credential', () => {
  const scenes: readonly [string, CredentialScene][] = [
    ['for an attestation key that it does not have', { tpm: { name: otherName } }],
    ['for another endorsement key', { tpm: { ek: createSoftwareEk({ kind: 'ecc-p256' }) } }],
    [
      'whose id object was changed',
      { spoil: (made) => ({ ...made, idObject: flipBit(made.idObject, 400) }) },
    ],
    [
      'whose seed was exchanged for another’s',
      { spoil: (made) => ({ ...made, encryptedSeed: made.encryptedSeed.toReversed() }) },
    ],
  ];
  for (const [what, scene] of scenes) {
    it(what, () => assert.rejects(playCredential(scene)));
  }
});

const replaced = (name: string, value: unknown) => (pending: string) =>
  JSON.stringify({ ...JSON.parse(pending), [name]: value });

const finishes: readonly [string, EvidenceErrorCode, CredentialScene][] = [
  ['another answer', 'credential-mismatch', { spoilAnswer: (answer) => flipBit(answer, 100) }],
  ['no answer', 'credential-mismatch', { spoilAnswer: () => new Uint8Array() }],
  ['a shorter answer', 'credential-mismatch', { spoilAnswer: (answer) => answer.subarray(0, -1) }],
  [
    'an answer with a byte behind it',
    'credential-mismatch',
    { spoilAnswer: (answer) => Uint8Array.of(...answer, 0) },
  ],
  [
    'an answer of a megabyte',
    'credential-mismatch',
    { spoilAnswer: () => new Uint8Array(1 << 20) },
  ],
  [
    'an answer too late',
    'credential-expired',
    { finish: { now: new Date(tpmNow.getTime() + 600_001) } },
  ],
  ['an answer before the question', 'credential-expired', { finish: { now: day('2026-05-31') } }],
  ['no time', 'credential-expired', { finish: { now: new Date(Number.NaN) } }],
  [
    'another attestation key’s Name put in',
    'credential-mismatch',
    { spoilPending: replaced('ak_name', encodeHex(otherName)) },
  ],
  [
    'more time put in',
    'credential-mismatch',
    { spoilPending: replaced('expires_at', '2099-01-01T00:00:00.000Z') },
  ],
  [
    'a claim put in that lists were asked',
    'credential-mismatch',
    {
      begin: { revocation: { kind: 'not-checked' } },
      spoilPending: replaced('crl_issued_at', '2026-05-31T00:00:00.000Z'),
    },
  ],
  [
    'another code put in',
    'credential-mismatch',
    { spoilPending: replaced('code', '00'.repeat(32)) },
  ],
  ['no code', 'malformed', { spoilPending: replaced('code', undefined) }],
  ['a member more', 'malformed', { spoilPending: replaced('trusted', 'yes') }],
  ['a member of another type', 'malformed', { spoilPending: replaced('ak_name', 7) }],
  [
    'a member twice',
    'malformed',
    { spoilPending: (pending) => pending.replace('{', '{"version":"1",') },
  ],
  ['another version', 'unsupported-version', { spoilPending: replaced('version', '2') }],
  ['something pending of a megabyte', 'malformed', { spoilPending: () => ' '.repeat(1 << 20) }],
];

describe('does not finish with', () => {
  for (const [what, code, scene] of finishes) {
    it(what, () => assert.rejects(playCredential(scene), { code }));
  }

  it('the credential of another exchange for the same keys', async () => {
    const other = await beginCredential(stageBegin());
    await assert.rejects(playCredential({ spoilPending: () => other.pending }), {
      code: 'credential-mismatch',
    });
  });

  it('anything that was changed while it was pending, in such a way that it says something else', async () => {
    const genuine = await playCredential();
    const { credential, pending } = await beginCredential(stageBegin());
    const answer = activateCredential(ek, await nameOfAk(ak.publicArea), credential);
    const now = new Date(tpmNow.getTime() + 60_000);
    const position = fc.nat(pending.length - 1);
    const changed = fc.oneof(
      fc.string(),
      fc
        .tuple(position, fc.string({ maxLength: 2 }))
        .map(([at, put]) => pending.slice(0, at) + put + pending.slice(at + 1)),
      position.map((length) => pending.slice(0, length)),
    );
    const outcome = async (text: string) => {
      try {
        return await finishCredential({ pending: text, answer, now, provider: nodeProvider });
      } catch (error) {
        assert.equal((error as Error).name, 'EvidenceError');
        return genuine;
      }
    };
    assert.deepEqual(await outcome(pending), genuine);
    await fc.assert(
      fc.asyncProperty(changed, async (text) => assert.deepEqual(await outcome(text), genuine)),
      { numRuns: 500 },
    );
  });
});

describe('verify takes no statement', () => {
  const forgeries: [string, (genuine: ActivatedCredential) => unknown][] = [
    ['that is missing', () => undefined],
    ['that is a literal', ({ akName, activatedAt, values }) => ({ akName, activatedAt, values })],
    ['that is a copy', (genuine) => ({ ...genuine })],
    ['that is a structured clone', (genuine) => structuredClone(genuine)],
    ['that inherits', (genuine) => Object.create(genuine)],
    ['that is a proxy', (genuine) => new Proxy(genuine, {})],
  ];
  for (const [what, forge] of forgeries) {
    it(what, async () => {
      const credential = forge(await activatedFor(ak.publicArea, tpmNow)) as ActivatedCredential;
      const provenance = { kind: 'credential', credential } as const;
      await refusesTpm('attestation-key-unproven', { provenance });
    });
  }

  it('about another key', async () => {
    const credential = await activatedFor(akOf('rsassa').publicArea, tpmNow);
    const provenance = { kind: 'credential', credential } as const;
    await refusesTpm('attestation-key-unproven', { provenance });
  });

  it('of tomorrow', async () => {
    const credential = await activatedFor(ak.publicArea, day('2026-06-02'));
    const provenance = { kind: 'credential', credential } as const;
    await refusesTpm('attestation-key-unproven', { provenance });
  });

  it('that could be changed', async () => {
    const statement = await activatedFor(ak.publicArea, tpmNow);
    assert.throws(() => Object.assign(statement, { akName: '' }), TypeError);
    assert.throws(() => Object.assign(statement.values, { revocation_checked: true }), TypeError);
  });
});

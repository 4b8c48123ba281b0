// The key of a TPM quote: what it may do, and what shows that it is in a TPM.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { concatBytes } from '../encoding/bytes.js';
import type { EvidenceErrorCode } from '../errors.js';
import { badPoints, refusesKeys } from '../testing/bad-keys.test.js';
import { akAttributes, createSoftwareAk } from '../testing/tpm.js';
import {
  akCrl,
  akOf,
  playTpm,
  refusesTpm,
  stageTpm,
  type TpmScene,
  tpmNow,
} from '../testing/tpm-scene.js';
import { parseTpmEvidence } from './parse.js';
import type { TpmEndorsements } from './verify.js';

const day = (text: string) => new Date(`${text}T00:00:00Z`);
const p256 = akOf('ecdsa-p256');
const weak = createSoftwareAk({ kind: 'rsassa', modulusBits: 1024 });
const withKey = (change: Parameters<typeof createSoftwareAk>[0]): TpmScene => ({
  ak: createSoftwareAk(change),
});
const withAttributes = (attributes: number): TpmScene =>
  withKey({ kind: 'ecdsa-p256', attributes });
type Provenance = TpmEndorsements['provenance'];

function certificate(revocation: 'not-checked' | readonly Uint8Array[]): Provenance {
  return {
    kind: 'certificate',
    intermediates: [],
    revocation:
      revocation === 'not-checked' ? { kind: revocation } : { kind: 'crls', crls: revocation },
  };
}

const at = (text: string): TpmScene => ({ input: { now: day(text) } });

function stagedLeaf(): Uint8Array {
  return parseTpmEvidence(stageTpm({}).bytes).akCertificates[0]?.raw ?? new Uint8Array();
}

const refusals: Readonly<Record<string, readonly [string, EvidenceErrorCode, TpmScene][]>> = {
  'a key': [
    [
      'that is not restricted: it signs anything',
      'attestation-key-unfit',
      withAttributes(akAttributes & ~0x10000),
    ],
    ['that does not sign', 'attestation-key-unfit', withAttributes(akAttributes & ~0x40000)],
    ['that decrypts', 'attestation-key-unfit', withAttributes(akAttributes | 0x20000)],
    ['that may leave its TPM', 'attestation-key-unfit', withAttributes(akAttributes & ~0x2)],
    [
      'that may be moved to another parent',
      'attestation-key-unfit',
      withAttributes(akAttributes & ~0x10),
    ],
    ['that was made elsewhere', 'attestation-key-unfit', withAttributes(akAttributes & ~0x20)],
    [
      'without a scheme of its own',
      'attestation-key-unfit',
      withKey({ kind: 'ecdsa-p256', schemeId: 0x10 }),
    ],
    ['that wraps keys', 'attestation-key-unfit', withKey({ kind: 'ecdsa-p256', symmetricId: 6 })],
    ['named by SHA-1', 'unsupported-algorithm', withKey({ kind: 'ecdsa-p256', nameHash: 'sha1' })],
    [
      'that signs with SHA-1',
      'unsupported-algorithm',
      withKey({ kind: 'ecdsa-p256', schemeHash: 'sha1' }),
    ],
    ['of 1024 bits', 'public-key-invalid', { container: { akPublic: weak.publicArea } }],
    ['with exponent 1', 'public-key-invalid', withKey({ kind: 'rsassa', exponent: 1 })],
    [
      'with a byte behind it',
      'trailing-data',
      { container: { akPublic: concatBytes(p256.publicArea, Uint8Array.of(0)) } },
    ],
    [
      'of an unknown curve',
      'unsupported-algorithm',
      {
        container: { akPublic: p256.publicArea.map((byte, index) => (index === 17 ? 0x10 : byte)) },
      },
    ],
  ],
  'the proof of the key': [
    [
      'that is missing',
      'attestation-key-unproven',
      { provenance: {} as never, container: { akCertificates: [] } },
    ],
    [
      'of an unknown kind',
      'attestation-key-unproven',
      { provenance: { kind: 'trust-me' } as never },
    ],
    [
      'for another key',
      'attestation-key-unproven',
      { container: { akPublic: akOf('rsassa').publicArea }, signer: akOf('rsassa') },
    ],
    ['to a root that is not trusted', 'chain-untrusted', { input: { roots: [] } }],
    [
      'without its intermediate',
      'chain-untrusted',
      { container: { akCertificates: [stagedLeaf()] } },
    ],
    ['before its time', 'certificate-not-yet-valid', at('2024-12-31')],
    ['after its time', 'certificate-expired', at('2035-01-02')],
    [
      'whose leaf has expired',
      'certificate-expired',
      { certificate: { notAfter: day('2026-05-01') } },
    ],
    [
      'whose leaf is not valid yet',
      'certificate-not-yet-valid',
      { certificate: { notBefore: day('2026-06-02') } },
    ],
    [
      'by an authority’s own certificate',
      'chain-invalid',
      { certificate: { ca: true, keyUsageBits: 0x86 } },
    ],
    ['by a key that may not sign', 'chain-invalid', { certificate: { keyUsageBits: 0x20 } }],
    [
      'with a critical extension nobody knows',
      'chain-invalid',
      {
        certificate: { extensions: [{ oid: '1.2.3', critical: true, value: Uint8Array.of(5, 0) }] },
      },
    ],
    [
      'without the root’s list',
      'crl-missing',
      { provenance: certificate([akCrl('intermediate')]) },
    ],
    [
      'whose leaf is revoked',
      'certificate-revoked',
      {
        provenance: certificate([
          akCrl('root'),
          akCrl('intermediate', { revoked: [{ serial: 77, date: tpmNow }] }),
        ]),
      },
    ],
    [
      'whose intermediate is revoked',
      'certificate-revoked',
      { provenance: certificate([akCrl('root', { revoked: [{ serial: 2, date: tpmNow }] })]) },
    ],
    [
      'with an expired list',
      'crl-expired',
      { provenance: certificate([akCrl('root', { nextUpdate: day('2026-05-31') })]) },
    ],
    [
      'with a list of tomorrow',
      'crl-not-yet-valid',
      { provenance: certificate([akCrl('root', { thisUpdate: day('2026-06-02') })]) },
    ],
    [
      'with nine lists',
      'crl-invalid',
      { provenance: certificate(Array.from({ length: 9 }, () => akCrl('root'))) },
    ],
  ],
};

for (const [what, rows] of Object.entries(refusals)) {
  describe(`refuses ${what}`, () => {
    for (const [name, code, scene] of rows) it(name, () => refusesTpm(code, scene));
  });
}

for (const kind of ['ecdsa-p256', 'ecdsa-p384'] as const) {
  const publicKey = createPublicKey(akOf(kind).privateKey);
  refusesKeys(`an ${kind} attestation key`, badPoints, publicKey, ({ coordinates }, provider) =>
    playTpm({ ak: createSoftwareAk({ kind, coordinates }), input: { provider } }),
  );
}

describe('verifies', () => {
  it('without looking a certificate up, but says so', async () => {
    const claims = await playTpm({ provenance: certificate('not-checked') });
    assert.equal(claims.values.revocation_checked, false);
    assert.deepEqual(claims.endorsementAges, {});
  });
});

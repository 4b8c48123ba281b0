// One software TPM with a certified endorsement key and an attestation key, the exchange that shows them to be
// together, and a way to change any part of it. For the tests of tpm/ only.

import { randomBytes } from 'node:crypto';
import { nodeEncryption, nodeProvider } from '../provider-node.js';
import { parseAttestationKey } from '../tpm/attestation-key.js';
import {
  type ActivatedCredential,
  type BeginCredentialInput,
  beginCredential,
  type FinishCredentialInput,
  finishCredential,
} from '../tpm/credential-exchange.js';
import type { TpmCredential } from '../tpm/make-credential.js';
import { nameOf } from '../tpm/public-area.js';
import {
  activateCredential,
  createSoftwareEk,
  mintEkCertificate,
  type SoftwareEk,
  type SoftwareEkKind,
} from './tpm-credential.js';
import { akCa, akCrl, akOf, tpmNow, tpmValidity } from './tpm-scene.js';

const eks = new Map<string, SoftwareEk>();

/** Made once per test process: RSA keys take long. */
export function ekOf(kind: SoftwareEkKind): SoftwareEk {
  const ek = eks.get(kind) ?? createSoftwareEk({ kind });
  eks.set(kind, ek);
  return ek;
}

export interface CredentialScene {
  readonly ek?: SoftwareEk;
  readonly certificate?: Partial<Parameters<typeof mintEkCertificate>[2]>;
  readonly begin?: Partial<BeginCredentialInput>;
  /** The TPM's own, if it is not what it says. */
  readonly tpm?: { readonly ek?: SoftwareEk; readonly name?: Uint8Array };
  readonly spoil?: (credential: TpmCredential) => TpmCredential;
  readonly spoilPending?: (pending: string) => string;
  readonly spoilAnswer?: (answer: Uint8Array) => Uint8Array;
  readonly finish?: Partial<FinishCredentialInput>;
}

export function stageBegin(scene: CredentialScene = {}): BeginCredentialInput {
  const ek = scene.ek ?? ekOf('ecc-p256');
  const options = { ...tpmValidity, ...scene.certificate };
  return {
    ekPublic: ek.publicArea,
    ekCertificates: [mintEkCertificate(akCa(), ek.publicKey, options), akCa().intermediate.der],
    roots: [{ kind: 'certificate', der: akCa().root.der }],
    revocation: { kind: 'crls', crls: [akCrl('root'), akCrl('intermediate')] },
    akPublic: akOf('ecdsa-p256').publicArea,
    now: tpmNow,
    lifetimeSeconds: 600,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    provider: nodeProvider,
    encryption: nodeEncryption,
    ...scene.begin,
  };
}

/** The whole exchange; the TPM's own refusals are plain errors. */
export async function playCredential(scene: CredentialScene = {}): Promise<ActivatedCredential> {
  const input = stageBegin(scene);
  const { credential, pending } = await beginCredential(input);
  const ek = scene.tpm?.ek ?? scene.ek ?? ekOf('ecc-p256');
  const name = scene.tpm?.name ?? (await nameOf(parseAttestationKey(input.akPublic), nodeProvider));
  const answer = activateCredential(ek, name, scene.spoil?.(credential) ?? credential);
  return finishCredential({
    pending: scene.spoilPending?.(pending) ?? pending,
    answer: scene.spoilAnswer?.(answer) ?? answer,
    now: new Date(tpmNow.getTime() + 60_000),
    provider: nodeProvider,
    ...scene.finish,
  });
}

/** The statement about any attestation key, real or not: a software TPM claims to have it. */
export function activatedFor(akPublic: Uint8Array, now: Date): Promise<ActivatedCredential> {
  const before = new Date(now.getTime() - 60_000);
  const begin = { akPublic, now: before, revocation: { kind: 'not-checked' } } as const;
  return playCredential({ begin, finish: { now } });
}

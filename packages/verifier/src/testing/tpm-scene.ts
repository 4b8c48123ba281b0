// One software TPM with a certified key, one good quote by it, and a way to change any part of what
// verify() gets. For the tests of tpm/ only.

import assert from 'node:assert/strict';
import { sessionNonce } from '../binding.js';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { parseTpmEvidence, type TpmEvidence } from '../tpm/parse.js';
import { type TpmEndorsements, verifyTpmQuote } from '../tpm/verify.js';
import type { VerifiedClaims, VerifyInput } from '../types.js';
import {
  type ContainerFields,
  createSoftwareAk,
  createSoftwareAkCa,
  mintAkCertificate,
  mintAttest,
  type QuoteFields,
  type SoftwareAk,
  type SoftwareAkCa,
  signAttest,
  somePcrs,
  type TpmKeyKind,
  tpmContainer,
  tpmSignature,
} from './tpm.js';
import { type MintCrlOptions, mintCrl } from './x509.js';

const day = (text: string) => new Date(`${text}T00:00:00Z`);
export const tpmNow = day('2026-06-01');
export const tpmValidity = { notBefore: day('2025-01-01'), notAfter: day('2035-01-01') };
export const binding = Uint8Array.from({ length: 64 }, (_, index) => 255 - index);
/** What the quote carries of the binding. */
export const nonce = await sessionNonce(binding, nodeProvider);

const aks = new Map<string, SoftwareAk>();
let authority: SoftwareAkCa | null = null;

/** Made once per test process: RSA keys take long. */
export function akOf(kind: TpmKeyKind): SoftwareAk {
  const ak = aks.get(kind) ?? createSoftwareAk({ kind });
  aks.set(kind, ak);
  return ak;
}

export function akCa(): SoftwareAkCa {
  authority ??= createSoftwareAkCa(tpmValidity);
  return authority;
}

/** A current list of the root or of the intermediate, with nothing revoked. */
export function akCrl(
  by: 'root' | 'intermediate',
  change: Partial<MintCrlOptions> = {},
): Uint8Array {
  const ca = akCa();
  return mintCrl({
    issuer: { CN: by === 'root' ? 'Software AK Root' : 'Software AK CA' },
    thisUpdate: day('2026-05-31'),
    nextUpdate: day('2026-07-01'),
    revoked: [],
    signingKey: ca[by].key,
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ...change,
  });
}

type Input = VerifyInput<TpmEvidence, TpmEndorsements>;

export interface TpmScene {
  readonly ak?: SoftwareAk;
  /** Who signs, if it is another than the container says. */
  readonly signer?: SoftwareAk;
  readonly quote?: Partial<QuoteFields>;
  /** Changes the signed bytes, or the signature, afterwards. */
  readonly spoilQuote?: (quote: Uint8Array) => Uint8Array;
  readonly spoilSignature?: (signature: Uint8Array) => Uint8Array;
  readonly container?: Partial<ContainerFields>;
  readonly spoil?: (container: Record<string, unknown>) => Record<string, unknown>;
  readonly certificate?: Partial<Parameters<typeof mintAkCertificate>[2]>;
  readonly provenance?: TpmEndorsements['provenance'];
  readonly input?: Partial<Input>;
}

export interface StagedTpm {
  readonly bytes: Uint8Array;
  readonly input: Omit<Input, 'evidence'>;
}

export function stageTpm(scene: TpmScene): StagedTpm {
  const ak = scene.ak ?? akOf('ecdsa-p256');
  const signer = scene.signer ?? ak;
  const pcrs = somePcrs('sha256', [0, 1, 2, 3, 4, 5, 6, 7]);
  const fields: QuoteFields = { bank: 'sha256', pcrs, extraData: nonce, ...scene.quote };
  const attest = mintAttest(fields, signer.hash);
  const signature = tpmSignature(signer, signAttest(signer, attest));
  const leaf = mintAkCertificate(akCa(), ak, { ...tpmValidity, ...scene.certificate });
  const container = tpmContainer({
    quote: scene.spoilQuote?.(attest) ?? attest,
    signature: scene.spoilSignature?.(signature) ?? signature,
    akPublic: ak.publicArea,
    pcrs: fields.pcrs,
    akCertificates: [leaf, akCa().intermediate.der],
    ...scene.container,
  });
  const text = JSON.stringify(scene.spoil?.(container) ?? container);
  return {
    bytes: new TextEncoder().encode(text),
    input: {
      endorsements: {
        format: 'tpm2-quote',
        provenance: scene.provenance ?? {
          kind: 'certificate',
          intermediates: [],
          revocation: { kind: 'crls', crls: [akCrl('root'), akCrl('intermediate')] },
        },
      },
      roots: [{ kind: 'certificate', der: akCa().root.der }],
      expectedBinding: binding,
      now: tpmNow,
      provider: nodeProvider,
      ...scene.input,
    },
  };
}

export async function playTpm(scene: TpmScene): Promise<VerifiedClaims> {
  const { bytes, input } = stageTpm(scene);
  return verifyTpmQuote({ evidence: parseTpmEvidence(bytes), ...input });
}

export async function refusesTpm(code: EvidenceErrorCode, scene: TpmScene): Promise<void> {
  await assert.rejects(playTpm(scene), (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

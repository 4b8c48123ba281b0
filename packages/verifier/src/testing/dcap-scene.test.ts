// One good piece of SGX or TDX evidence with its endorsements, and a way to spoil any part of it. Holds no test of its
// own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import type { EvidenceErrorCode } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { nodeProvider } from '../provider-node.js';
import type { ExpectedBinding, TrustedRoot, VerifiedClaims } from '../types.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import { DcapCa, type DcapCaOptions } from './dcap-ca.js';
import { type MintCollateralOptions, mintDcapCollateral } from './dcap-collateral.js';
import type { MintedTee, MintQuoteOptions } from './dcap-quote.js';

export const now = new Date('2026-05-01T12:00:00Z');
export const hour = 3_600_000;
export const later = (ms: number): Date => new Date(now.getTime() + ms);
export const reportData = new Uint8Array(64).fill(0x42);
export const good = DcapCa.create({ now });
export const other = DcapCa.create({ now });
export const strangerKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export interface DcapScene<Q> {
  readonly ca?: Omit<DcapCaOptions, 'now'>;
  readonly quote?: Partial<Q>;
  readonly collateral?: Omit<MintCollateralOptions, 'now'>;
  /** After everything is signed. */
  readonly endorsements?: (endorsements: DcapEndorsements, ca: DcapCa) => DcapEndorsements;
  readonly bytes?: (quote: Uint8Array) => Uint8Array;
  readonly expectedBinding?: ExpectedBinding;
  readonly now?: Date;
  readonly roots?: (ca: DcapCa) => readonly TrustedRoot[];
  readonly provider?: CryptoProvider;
}

/** What both formats let a scene change. */
export type SharedScene = DcapScene<MintQuoteOptions & { readonly version: 4 | 5 }>;

/** A format as the conformance suites want it. */
export interface DcapFormat {
  readonly format: 'sgx-dcap' | 'tdx-dcap';
  readonly tee: MintedTee;
  readonly play: (scene: SharedScene) => Promise<VerifiedClaims>;
  /** Where the body of a minted quote ends, if the scene does not say another version. */
  readonly bodyEnd: number;
}

/** Plays scenes of a format whose quotes are minted like this. */
export function playerOf<Q>(
  { format, tee }: Pick<DcapFormat, 'format' | 'tee'>,
  mint: (ca: DcapCa, quote: Partial<Q>) => Uint8Array,
): (scene: DcapScene<Q>) => Promise<VerifiedClaims> {
  return async (scene) => {
    const ca = scene.ca === undefined ? good : DcapCa.create({ now, ...scene.ca });
    const minted = mint(ca, scene.quote ?? {});
    const collateral = mintDcapCollateral(ca, { now, tee, ...scene.collateral });
    return verifyEvidence({
      evidence: parseEvidence(scene.bytes?.(minted) ?? minted, format),
      endorsements: scene.endorsements?.(collateral, ca) ?? collateral,
      roots: scene.roots?.(ca) ?? ca.roots,
      expectedBinding: scene.expectedBinding ?? reportData,
      now: scene.now ?? now,
      provider: scene.provider ?? nodeProvider,
    });
  };
}

export type SceneRows<S> = readonly (readonly [string, EvidenceErrorCode, S])[];

/** One test per row: its scene must be refused with its code. */
export function refusesAs<S>(
  playScene: (scene: S) => Promise<VerifiedClaims>,
  what: string,
  rows: SceneRows<S>,
): void {
  describe(`verify refuses ${what}`, () => {
    for (const [name, code, scene] of rows) {
      it(name, async () => {
        await assert.rejects(playScene(scene), { name: 'EvidenceError', code });
      });
    }
  });
}

/** One test per row: its scene must be verified, up to date and bound. */
export function acceptsAs<S>(
  playScene: (scene: S) => Promise<VerifiedClaims>,
  rows: readonly (readonly [string, S])[],
): void {
  describe('verify accepts', () => {
    for (const [name, scene] of rows) {
      it(name, async () => {
        const claims = await playScene(scene);
        assert.equal(claims.tcbStatus, 'UpToDate');
        assert.equal(claims.binding, 'checked');
      });
    }
  });
}

/** What belongs to the TCB info, but for the chain of its signer. */
export function infoOf({ tcbInfo: text, tcbInfoSignature }: DcapEndorsements) {
  return { tcbInfo: text, tcbInfoSignature };
}

export function identityOf({ qeIdentity: text, qeIdentitySignature }: DcapEndorsements) {
  return { qeIdentity: text, qeIdentitySignature };
}

type Document = Record<string, unknown>;

/** Scenes with a change of the TCB info, before it is signed. */
export const tcbInfo = (change: (document: Document) => Document) => ({
  collateral: { tcbInfo: change },
});
export const tcbInfoText = (change: (text: string) => string) => ({
  collateral: { tcbInfoText: change },
});
export const qeIdentity = (change: (document: Document) => Document) => ({
  collateral: { qeIdentity: change },
});

/** The chain in a quote without its root. */
export function twoLinks(): Uint8Array {
  const parts = good.chainPem('pck').split(/(?=-----BEGIN)/);
  return new TextEncoder().encode(parts.slice(0, 2).join(''));
}

/** Changes one bit of the byte at `offset`, counted from the end if negative. */
export function flip(offset: number): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const changed = Uint8Array.from(bytes);
    const at = offset < 0 ? bytes.length + offset : offset;
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };
}

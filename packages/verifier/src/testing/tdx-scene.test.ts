// One good piece of TDX evidence with its endorsements, and a way to spoil any part of it. Holds no
// test of its own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import type { EvidenceErrorCode } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { nodeProvider } from '../provider-node.js';
import { parseTdxEvidence } from '../tdx/parse.js';
import { verifyTdx } from '../tdx/verify.js';
import type { ExpectedBinding, TrustedRoot, VerifiedClaims } from '../types.js';
import { DcapCa, type DcapCaOptions } from './dcap-ca.js';
import { type MintCollateralOptions, mintDcapCollateral } from './dcap-collateral.js';
import { type MintTdxQuoteOptions, mintTdxQuote } from './tdx-quote.js';

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

export type Scene = DcapScene<MintTdxQuoteOptions>;

export async function play(scene: Scene): Promise<VerifiedClaims> {
  const ca = scene.ca === undefined ? good : DcapCa.create({ now, ...scene.ca });
  const minted = mintTdxQuote(ca, { version: 5, report: { reportData }, ...scene.quote });
  const collateral = mintDcapCollateral(ca, { now, ...scene.collateral });
  return verifyTdx({
    evidence: parseTdxEvidence(scene.bytes === undefined ? minted : scene.bytes(minted)),
    endorsements: scene.endorsements?.(collateral, ca) ?? collateral,
    roots: scene.roots?.(ca) ?? ca.roots,
    expectedBinding: scene.expectedBinding ?? reportData,
    now: scene.now ?? now,
    provider: scene.provider ?? nodeProvider,
  });
}

export type Rows = readonly (readonly [string, EvidenceErrorCode, Scene])[];

export function refuses(what: string, rows: Rows): void {
  refusesAs(play, what, rows);
}

/** One test per row: its scene must be refused with its code. */
export function refusesAs<S>(
  playScene: (scene: S) => Promise<VerifiedClaims>,
  what: string,
  rows: readonly (readonly [string, EvidenceErrorCode, S])[],
): void {
  describe(`verify refuses ${what}`, () => {
    for (const [name, code, scene] of rows) {
      it(name, async () => {
        await assert.rejects(playScene(scene), { name: 'EvidenceError', code });
      });
    }
  });
}

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

// One software AMD per product line, one good report under it, and a way to change any part of
// what verify() gets. For the tests of snp/ only.

import assert from 'node:assert/strict';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { nodeProvider } from '../provider-node.js';
import { parseSnpReport, type SnpReport } from '../snp/parse.js';
import type { SnpProduct, SnpSigner } from '../snp/product.js';
import { type SnpEndorsements, verifySnpReport } from '../snp/verify.js';
import type { VerifiedClaims, VerifyInput } from '../types.js';
import {
  createSoftwareAmd,
  type MintVekOptions,
  mintAmdCrl,
  mintSnpReport,
  mintVek,
  type SnpReportFields,
  type SoftwareAmd,
  type SoftwareAmdOptions,
} from './snp.js';

export const day = (text: string) => new Date(`${text}T00:00:00Z`);
export const now = day('2025-06-01');
export const reportData = Uint8Array.from({ length: 64 }, (_, index) => index);

const validity = { notBefore: day('2020-01-01'), notAfter: day('2040-01-01') };
const amds = new Map<SnpProduct, SoftwareAmd>();

export function newAmd(change: Partial<SoftwareAmdOptions> = {}): SoftwareAmd {
  return createSoftwareAmd({ product: 'milan', ...validity, ...change });
}

/** The product's software AMD, made once per test process: RSA keys take long. */
export function amdOf(product: SnpProduct): SoftwareAmd {
  const amd = amds.get(product) ?? newAmd({ product });
  amds.set(product, amd);
  return amd;
}

export const levels = { fmc: 1, bootloader: 4, tee: 2, snp: 24, microcode: 219 };

export function chipOf(product: SnpProduct): Uint8Array {
  const chip = new Uint8Array(64);
  chip.fill(0xc1, 0, product === 'turin' ? 8 : 64);
  return chip;
}

type Input = VerifyInput<SnpReport, SnpEndorsements>;

export interface Scene {
  readonly product?: SnpProduct;
  readonly signer?: SnpSigner;
  readonly version?: 2 | 3 | 5;
  /** Who issues the key; default the product's. */
  readonly issuer?: SoftwareAmd;
  readonly report?: Partial<SnpReportFields>;
  readonly key?: Partial<MintVekOptions>;
  readonly endorsements?: Partial<SnpEndorsements>;
  readonly input?: Partial<Input>;
  /** Changes the finished report. */
  readonly spoil?: (report: Uint8Array) => Uint8Array;
}

export interface Staged {
  readonly bytes: Uint8Array;
  readonly input: Omit<Input, 'evidence'>;
}

/** The current list of the root, with nothing revoked. */
export function goodCrl(amd: SoftwareAmd): Uint8Array {
  return mintAmdCrl(amd.ark, {
    thisUpdate: day('2025-05-31'),
    nextUpdate: day('2025-07-01'),
    revoked: [{ serial: 99, date: day('2024-01-01') }],
  });
}

/** Mints what the scene says; without changes it is good. */
export function stage(scene: Scene): Staged {
  const { product = 'milan', signer = 'vcek', version = 3 } = scene;
  const amd = scene.issuer ?? amdOf(product);
  const chipId = signer === 'vcek' ? chipOf(product) : new Uint8Array(64);
  const hwid = chipOf(amd.product).subarray(0, amd.product === 'turin' ? 8 : 64);
  const dates = { notBefore: day('2025-01-01'), notAfter: day('2032-01-01') };
  const key = mintVek(amd, { signer, levels, hwid, ...dates, ...scene.key });
  const measurement = new Uint8Array(48).fill(0xaa);
  const fields = { version, product, signer, reportData, measurement, chipId, levels };
  const bytes = mintSnpReport({ ...fields, ...scene.report }, key.privateKey);
  const authority = signer === 'vcek' ? amd.ask.der : amd.asvk.der;
  return {
    bytes: scene.spoil?.(bytes) ?? bytes,
    input: {
      endorsements: {
        format: 'sev-snp',
        endorsementKey: key.der,
        authority,
        revocation: { kind: 'crls', crls: [goodCrl(amd)] },
        ...scene.endorsements,
      },
      roots: [{ kind: 'certificate', der: amd.ark.der }],
      expectedBinding: reportData,
      now,
      provider: nodeProvider,
      ...scene.input,
    },
  };
}

export async function play(scene: Scene): Promise<VerifiedClaims> {
  const { bytes, input } = stage(scene);
  return verifySnpReport({ evidence: parseSnpReport(bytes), ...input });
}

export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = new Uint8Array(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** Writes bytes into the report before it is signed. */
export function written(offset: number, ...bytes: readonly number[]): Scene {
  return { report: { overwrite: [{ offset, bytes: Uint8Array.from(bytes) }] } };
}

export async function refusesScene(code: EvidenceErrorCode, scene: Scene): Promise<void> {
  await assert.rejects(play(scene), (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

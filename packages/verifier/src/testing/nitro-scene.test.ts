// One software AWS, one good document under it, and a way to change any part of what verify() gets. Holds
// no test of its own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import { EvidenceError, type EvidenceErrorCode } from '../errors.js';
import { type NitroDocument, parseNitroDocument } from '../nitro/parse.js';
import { type NitroEndorsements, verifyNitroDocument } from '../nitro/verify.js';
import { nodeProvider } from '../provider-node.js';
import type { VerifiedClaims, VerifyInput } from '../types.js';
import {
  createSoftwareNitro,
  type MintNitroOptions,
  mintNitroDocument,
  type NitroDocumentFields,
  type SoftwareNitro,
  type SoftwareNitroOptions,
} from './nitro.js';

export const now = new Date('2025-06-01T12:00:00Z');
export const userData = Uint8Array.from({ length: 64 }, (_, index) => index);

const validity = { notBefore: new Date('2025-05-01'), notAfter: new Date('2025-07-01') };

export function newAws(change: SoftwareNitroOptions['change'] = {}): SoftwareNitro {
  return createSoftwareNitro({ ...validity, change });
}

export const aws = newAws();

/** 16 registers as a production enclave has them: 0 to 4 and 8 are extended, the others are zero. */
export function registers(change: Readonly<Record<number, Uint8Array>> = {}) {
  const pcrs = new Map<number, Uint8Array>();
  for (let index = 0; index < 16; index += 1) {
    const extended = index < 5 || index === 8;
    pcrs.set(index, new Uint8Array(48).fill(extended ? 0xa0 + index : 0));
  }
  for (const [index, value] of Object.entries(change)) pcrs.set(Number(index), value);
  return pcrs;
}

type Input = VerifyInput<NitroDocument, NitroEndorsements>;

export interface Scene extends Omit<MintNitroOptions, 'fields'> {
  readonly ca?: SoftwareNitro;
  readonly fields?: Partial<NitroDocumentFields>;
  readonly input?: Partial<Input>;
  /** Changes the finished document. */
  readonly spoil?: (document: Uint8Array) => Uint8Array;
}

export function mintScene(scene: Scene): Uint8Array {
  const timestamp = new Date(now.getTime() - 1500);
  const fields = { timestamp, pcrs: registers(), userData, ...scene.fields };
  const document = mintNitroDocument(scene.ca ?? aws, { ...scene, fields });
  return scene.spoil?.(document) ?? document;
}

/** Verifies what the scene says; without changes it is good. The pinned root is that of `aws`. */
export async function play(scene: Scene): Promise<VerifiedClaims> {
  return verifyNitroDocument({
    evidence: parseNitroDocument(mintScene(scene)),
    endorsements: { format: 'aws-nitro' },
    roots: [{ kind: 'certificate', der: (scene.ca ?? aws).root }],
    expectedBinding: userData,
    now,
    provider: nodeProvider,
    ...scene.input,
  });
}

export async function refusesScene(code: EvidenceErrorCode, scene: Scene): Promise<void> {
  await assert.rejects(play(scene), (error) => {
    assert.ok(error instanceof EvidenceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

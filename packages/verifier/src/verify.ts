// The front door for evidence of any format: bytes or text in, verified claims out. Dispatches to the
// format's own folder; must never try a second format when one has refused.

import type { DcapEndorsements } from './dcap/endorsements.js';
import { decodeBase64Url } from './encoding/base64.js';
import { decodeHex } from './encoding/hex.js';
import { EvidenceError } from './errors.js';
import { type RegisteredFormat, registeredFormats } from './registry.js';
import type { SnpReport } from './snp/parse.js';
import type { SnpEndorsements } from './snp/verify.js';
import type { TdxEvidence } from './tdx/parse.js';
import type {
  EndorsementRef,
  Evidence,
  EvidenceFormat,
  VerifiedClaims,
  VerifyInput,
} from './types.js';

export type AnyEvidence = TdxEvidence | SnpReport;
export type AnyEndorsements = DcapEndorsements | SnpEndorsements;

/** Twice the largest evidence, for hex. */
const textMax = 262_144;

/** The format that these bytes look like, or null. A guess: parsing decides. */
export function findFormat(bytes: Uint8Array): EvidenceFormat | null {
  return registeredFormats.find((entry) => entry.looksLike(bytes))?.format ?? null;
}

/**
 * Reads evidence: raw bytes, or hex (with or without 0x) or base64 or base64url text of them, white
 * space ignored. With 'detect' the format is found from the bytes.
 * @throws EvidenceError 'unsupported-format' if nothing fits, or the format's own refusal
 */
export function parseEvidence(
  input: Uint8Array | string,
  format: EvidenceFormat | 'detect',
): AnyEvidence {
  const bytes = toBytes(input);
  const found = format === 'detect' ? findFormat(bytes) : format;
  if (found === null) throw unknownFormat();
  return getFormat(found).parse(bytes) as AnyEvidence;
}

/** What has to be fetched for this evidence. By its own word: not trusted. */
export function endorsementsFor(evidence: Evidence): readonly EndorsementRef[] {
  return getFormat(evidence.format).endorsementsFor(evidence);
}

/**
 * Checks that evidence is genuine, current and bound to this session. Does not judge what it says:
 * that is appraise(). @throws EvidenceError at the first fault
 */
export async function verifyEvidence(
  input: VerifyInput<AnyEvidence, AnyEndorsements>,
): Promise<VerifiedClaims> {
  return getFormat(input.evidence.format).verify(input);
}

function getFormat(format: EvidenceFormat): RegisteredFormat {
  const found = registeredFormats.find((entry) => entry.format === format);
  if (found === undefined) throw unknownFormat();
  return found;
}

function unknownFormat(): EvidenceError {
  return new EvidenceError('unsupported-format', 'evidence: of no known format');
}

function toBytes(input: Uint8Array | string): Uint8Array {
  if (input.length > textMax) throw new EvidenceError('malformed', 'evidence: too long');
  if (typeof input === 'string') return decodeText(input);
  // Binary evidence begins with a small version number, which no text does.
  const text = input.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return text ? decodeText(new TextDecoder().decode(input)) : input;
}

/** @throws EvidenceError 'malformed' */
function decodeText(text: string): Uint8Array {
  const dense = text.replace(/\s+/g, '');
  const hex = dense.replace(/^0[xX]/, '');
  if (hex.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(hex)) return decodeHex(hex);
  const unpadded = dense.replace(/={1,2}$/, '');
  return decodeBase64Url(unpadded.replace(/\+/g, '-').replace(/\//g, '_'));
}

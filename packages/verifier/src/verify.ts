// The front door for evidence of any format: bytes or text in, verified claims out. Dispatches to the
// format's own folder; must never try a second format when one has refused.

import { decodeBase64Url } from './encoding/base64.js';
import { decodeHex } from './encoding/hex.js';
import { decodeUtf8, isPlainText } from './encoding/utf8.js';
import { EvidenceError } from './errors.js';
import { looksLikeJws } from './jose/jws.js';
import type { ChainRoot } from './pki/chain.js';
import {
  type AnyEndorsements,
  type AnyEvidence,
  type RegisteredFormat,
  registeredFormats,
} from './registry.js';
import { noEndorsements } from './tokens/token-format.js';
import type {
  EndorsementRef,
  Evidence,
  EvidenceFormat,
  VerifiedClaims,
  VerifyInput,
} from './types.js';

/** Twice the largest evidence, for hex. */
const textMax = 262_144;

/** The format that these bytes look like, or null. A guess: parsing decides. */
export function findFormat(bytes: Uint8Array): EvidenceFormat | null {
  return registeredFormats.find((entry) => entry.looksLike(bytes))?.format ?? null;
}

/**
 * Reads evidence: raw bytes, or hex (with or without 0x) or base64 or base64url text of them, white
 * space ignored; of formats that are text themselves, that text. With 'detect' the format is found
 * from the bytes.
 * @throws EvidenceError 'unsupported-format' if nothing fits, or the format's own refusal
 */
export function parseEvidence(
  input: Uint8Array | string,
  format: EvidenceFormat | 'detect',
): AnyEvidence {
  if (input.length > textMax) throw new EvidenceError('malformed', 'evidence: too long');
  const candidates = format === 'detect' ? registeredFormats : [getFormat(format)];
  const find = (encoding: RegisteredFormat['encoding'], bytes: Uint8Array) =>
    candidates.find(
      (each) => each.encoding === encoding && (format !== 'detect' || each.looksLike(bytes)),
    );
  const characters = findCharacters(input);
  if (characters !== null) {
    const found = find('text', characters);
    if (found !== undefined) return found.parse(characters) as AnyEvidence;
    // A token of an issuer that is not known here is text and no encoding of bytes.
    if (looksLikeJws(characters)) throw unknownFormat();
  }
  const bytes = characters === null ? (input as Uint8Array) : decodeText(decodeUtf8(characters));
  const found = find('binary', bytes);
  if (found === undefined) throw unknownFormat();
  return found.parse(bytes) as AnyEvidence;
}

/** The vendor's pinned roots: for callers that trust that vendor and nobody else. */
export function pinnedRootsOf(format: EvidenceFormat): readonly ChainRoot[] {
  return getFormat(format).pinnedRoots;
}

/**
 * Whether evidence of this format is the result of another verifier, which is believed by its issuer
 * (TrustedIssuer) and not by a vendor's root. Such evidence takes noEndorsements.
 */
export function takesIssuers(format: EvidenceFormat): boolean {
  return getFormat(format).endorsementFormat === noEndorsements.format;
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

/**
 * The characters of the input in UTF-8 without white space around them, or null if it is binary: that begins with a small
 * number, which no text does.
 */
function findCharacters(input: Uint8Array | string): Uint8Array | null {
  if (typeof input === 'string') return new TextEncoder().encode(input.trim());
  if (!isPlainText(input)) return null;
  const start = input.findIndex((byte) => byte > 0x20);
  const end = input.findLastIndex((byte) => byte > 0x20);
  return input.subarray(Math.max(start, 0), end + 1);
}

/** @throws EvidenceError 'malformed' */
function decodeText(text: string): Uint8Array {
  const dense = text.replace(/\s+/g, '');
  const hex = dense.replace(/^0[xX]/, '');
  if (hex.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(hex)) return decodeHex(hex);
  const unpadded = dense.replace(/={1,2}$/, '');
  return decodeBase64Url(unpadded.replace(/\+/g, '-').replace(/\//g, '_'));
}

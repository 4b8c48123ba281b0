// One door for evidence in any envelope, or in none: bytes in, evidence out, with what it must be bound to.
// Must never pick one of two pieces of evidence: which was meant is not for us to say.

import { parsePem } from '../encoding/pem.js';
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { type AnyEvidence, registeredFormats } from '../registry.js';
import type { ExpectedBinding } from '../types.js';
import { parseEvidence } from '../verify.js';
import { type Cmw, cmwIndicator, cmwRecords, looksLikeCmw, parseCmw } from './cmw.js';
import { findEvidenceFormat } from './media-types.js';
import { type RaTlsProfile, readRaTlsCertificate } from './ra-tls.js';

export interface OpenedEvidence {
  readonly evidence: AnyEvidence;
  readonly envelope: 'none' | 'cmw' | RaTlsProfile;
  /** What the envelope says the evidence must be bound to; 'not-checked' where it says nothing. */
  readonly binding: ExpectedBinding;
}

const unbound: ExpectedBinding = { binding: 'not-checked' };
const pemHeader = '-----BEGIN CERTIFICATE-----';
const pemLimits = { label: 'CERTIFICATE', blocksMax: 8, bytesMax: 131_072 } as const;

/** The one record that holds evidence, by its type, and by its indicator if it has one. */
function evidenceIn(cmw: Cmw): AnyEvidence {
  const found = cmwRecords(cmw).flatMap(({ type, value, indicator }) => {
    const format = typeof type === 'string' ? findEvidenceFormat(type) : null;
    const said = indicator === null || (indicator & cmwIndicator.evidence) !== 0;
    return format !== null && said ? [{ format, value }] : [];
  });
  const [only] = found;
  if (only === undefined) {
    throw new EvidenceError('unsupported-format', 'CMW: no evidence of a known media type');
  }
  if (found.length > 1) throw new EvidenceError('malformed', 'CMW: several pieces of evidence');
  return parseEvidence(only.value, only.format);
}

async function openCertificate(der: Uint8Array, provider: CryptoProvider): Promise<OpenedEvidence> {
  const { profile, content, binding } = await readRaTlsCertificate(der, provider);
  const evidence =
    content.kind === 'quote' ? parseEvidence(content.quote, 'detect') : evidenceIn(content.cmw);
  return { evidence, envelope: profile, binding };
}

/** Characters without white space at the ends, or null if the bytes are no text. */
function findCharacters(bytes: Uint8Array): string | null {
  const text = bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return text ? new TextDecoder().decode(bytes).trim() : null;
}

/**
 * Reads evidence as it lies in a file: bare (see parseEvidence), in a CMW of JSON or CBOR, or in a
 * certificate (DER, or PEM of which the first block is meant).
 * @throws EvidenceError 'unsupported-format' if nothing fits, and the refusals of envelope and format
 */
export async function openEnvelope(
  bytes: Uint8Array,
  provider: CryptoProvider,
): Promise<OpenedEvidence> {
  const characters = findCharacters(bytes);
  if (characters?.startsWith(pemHeader)) {
    const [first] = parsePem(characters, pemLimits);
    if (first !== undefined) return await openCertificate(first, provider);
  }
  const content = characters === null ? bytes : new TextEncoder().encode(characters);
  // A format that is JSON itself comes before a wrapper that is.
  const isBare = registeredFormats.some((format) => format.looksLike(content));
  if (!isBare && content[0] === 0x30 && characters === null) {
    return await openCertificate(content, provider);
  }
  if (!isBare && looksLikeCmw(content)) {
    return { evidence: evidenceIn(parseCmw(content)), envelope: 'cmw', binding: unbound };
  }
  return { evidence: parseEvidence(bytes, 'detect'), envelope: 'none', binding: unbound };
}

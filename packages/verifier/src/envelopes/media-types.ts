// Media types of evidence: how an envelope says which format it holds. A closed list; a type that is not on
// it is for somebody else.

import { type EvidenceFormat, evidenceFormats } from '../types.js';

/** Ours, one per format: nobody has registered any for most of them. */
export function mediaTypeOf(format: EvidenceFormat): string {
  return `application/vnd.vouchsafe.${format}`;
}

/** Types that others use for the same bytes. */
const aliases: Readonly<Record<string, EvidenceFormat>> = {
  // Veraison's.
  'application/aws-nitro-document': 'aws-nitro',
};

/** The format that a media type names, or null. Types are compared without regard to case, RFC 9110. */
export function findEvidenceFormat(mediaType: string): EvidenceFormat | null {
  const type = mediaType.toLowerCase();
  const own = evidenceFormats.find((format) => mediaTypeOf(format) === type);
  return own ?? (Object.hasOwn(aliases, type) ? (aliases[type] ?? null) : null);
}

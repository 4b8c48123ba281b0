// Composite evidence as it travels: a collection of Conceptual Message Wrappers (draft-ietf-rats-msg-wrap), in JSON or
// CBOR, whose labels are the names of the parts. Parsing trusts nothing.

import { type Cmw, cmwIndicator, looksLikeCmw, parseCmw } from '../envelopes/cmw.js';
import { findEvidenceFormat } from '../envelopes/media-types.js';
import { EvidenceError } from '../errors.js';
import type { AnyEvidence } from '../registry.js';
import { parseEvidence } from '../verify.js';
import { leadName, ofPart } from './composite-binding.js';

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `composite: ${why}`);
}

function parsePart(item: Cmw): AnyEvidence {
  if (item.kind !== 'record') throw malformed('a collection within it');
  const { type, value, indicator } = item;
  if (indicator !== null && (indicator & cmwIndicator.evidence) === 0) {
    throw malformed('a record that is no evidence');
  }
  const format = typeof type === 'string' ? findEvidenceFormat(type) : null;
  if (format === null) {
    throw new EvidenceError('unsupported-format', 'composite: a part of no known media type');
  }
  return parseEvidence(value, format);
}

/**
 * Part names to evidence. Every record must be evidence of a known format: what a part is for is never
 * guessed, and none is passed over.
 * @throws EvidenceError 'malformed' | 'unsupported-format', or the refusal of a part's format
 */
export function parseComposite(bytes: Uint8Array): ReadonlyMap<string, AnyEvidence> {
  const cmw = parseCmw(bytes);
  if (cmw.kind !== 'collection') throw malformed('want a collection');
  return new Map(
    [...cmw.items].map(([label, item]) => {
      if (typeof label !== 'string') throw malformed('a part without a name');
      return [label, parseNamed(label, item)] as const;
    }),
  );
}

function parseNamed(name: string, item: Cmw): AnyEvidence {
  try {
    return parsePart(item);
  } catch (error) {
    throw ofPart(name, error);
  }
}

/**
 * Whether bytes are a collection with a lead. Such a collection is composite evidence and nothing else: with one part
 * only it is one that lacks the others.
 */
export function isComposite(bytes: Uint8Array): boolean {
  if (!looksLikeCmw(bytes)) return false;
  try {
    const cmw = parseCmw(bytes);
    return cmw.kind === 'collection' && cmw.items.has(leadName);
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

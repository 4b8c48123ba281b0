// UTF-8 bytes to text, strictly: nothing is replaced and no byte order mark is dropped.

import { EvidenceError } from '../errors.js';

/** @throws EvidenceError 'malformed' */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new EvidenceError('malformed', 'text: not UTF-8');
  }
}

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

/** Whether these are printable characters of ASCII and white space, and nothing else. */
export function isPlainText(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte >= 0x7f || (byte < 0x20 && (byte < 9 || byte > 13))) return false;
  }
  return true;
}

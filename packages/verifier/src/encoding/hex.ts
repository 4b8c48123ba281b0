// Bytes to lower-case hex and back. Strict: even length, hex digits only.

import { EvidenceError } from '../errors.js';

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function encodeHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexOf[byte];
  return text;
}

const noDigit = 0xff;
const digits = new Uint8Array(128).fill(noDigit);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  digits[digit.charCodeAt(0)] = value;
  digits[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Upper and lower case are read alike. @throws EvidenceError 'malformed' */
export function decodeHex(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor(text.length / 2));
  let seen = text.length % 2 === 0 ? 0 : noDigit;
  for (let i = 0; i < bytes.length; i += 1) {
    const high = digits[text.charCodeAt(2 * i)] ?? noDigit;
    const low = digits[text.charCodeAt(2 * i + 1)] ?? noDigit;
    seen |= high | low;
    bytes[i] = (high << 4) | low;
  }
  if (seen <= 0xf) return bytes;
  throw new EvidenceError('malformed', 'hex: want an even number of hex digits');
}

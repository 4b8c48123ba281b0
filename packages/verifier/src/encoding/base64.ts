// Base64 and base64url (RFC 4648 sections 4 and 5) to bytes and back. Strict: no white space, and
// only the one canonical text of each byte string is accepted.

import { EvidenceError } from '../errors.js';

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const urlSafe = `${standard.slice(0, 62)}-_`;

/** Has a bit that no digit has. */
const noDigit = 0xff;

function digitsOf(alphabet: string): Uint8Array {
  const digits = new Uint8Array(256).fill(noDigit);
  for (let i = 0; i < alphabet.length; i += 1) digits[alphabet.charCodeAt(i)] = i;
  return digits;
}

const standardDigits = digitsOf(standard);
const urlSafeDigits = digitsOf(urlSafe);

function decode(text: string, digits: Uint8Array): Uint8Array {
  const tail = text.length % 4;
  if (tail === 1) throw new EvidenceError('malformed', 'base64: impossible length');
  // The last group is filled up with the digit 0. Characters beyond ASCII become bytes that are no digits.
  const characters = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 4) * 4, 'A'));
  const bytes = new Uint8Array(Math.ceil(characters.length / 4) * 3);
  let seen = 0;
  let word = 0;
  for (let at = 0, offset = 0; at < characters.length; at += 4, offset += 3) {
    const a = digits[characters[at] ?? 0] ?? noDigit;
    const b = digits[characters[at + 1] ?? 0] ?? noDigit;
    const c = digits[characters[at + 2] ?? 0] ?? noDigit;
    const d = digits[characters[at + 3] ?? 0] ?? noDigit;
    seen |= a | b | c | d;
    word = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[offset] = word >> 16;
    bytes[offset + 1] = word >> 8;
    bytes[offset + 2] = word;
  }
  if (seen > 63) throw new EvidenceError('malformed', 'base64: wrong character');
  if (tail === 0) return bytes;
  if ((word & (tail === 2 ? 0xffff : 0xff)) !== 0) {
    throw new EvidenceError('malformed', 'base64: unused bits are set');
  }
  return bytes.slice(0, tail - 4);
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += alphabet.charAt(word >> 18) + alphabet.charAt((word >> 12) & 63);
    if (left > 1) text += alphabet.charAt((word >> 6) & 63);
    if (left > 2) text += alphabet.charAt(word & 63);
  }
  return text;
}

/** Padding is required. @throws EvidenceError 'malformed' */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new EvidenceError('malformed', 'base64: padding is missing');
  return decode(text.replace(/={1,2}$/, ''), standardDigits);
}

export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, standard);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Padding is refused, as in JOSE (RFC 7515 section 2). @throws EvidenceError 'malformed' */
export function decodeBase64Url(text: string): Uint8Array {
  return decode(text, urlSafeDigits);
}

export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, urlSafe);
}

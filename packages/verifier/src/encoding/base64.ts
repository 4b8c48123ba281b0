// Base64 and base64url (RFC 4648 sections 4 and 5) to bytes and back. Strict: no white space, and
// only the one canonical text of each byte string is accepted.

import { EvidenceError } from '../errors.js';

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const urlSafe = `${standard.slice(0, 62)}-_`;

function valuesOf(alphabet: string): Int16Array {
  const values = new Int16Array(128).fill(-1);
  for (let i = 0; i < alphabet.length; i += 1) values[alphabet.charCodeAt(i)] = i;
  return values;
}

const standardValues = valuesOf(standard);
const urlSafeValues = valuesOf(urlSafe);

function decode(text: string, values: Int16Array): Uint8Array {
  const tail = text.length % 4;
  if (tail === 1) throw new EvidenceError('malformed', 'base64: impossible length');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let offset = 0;
  for (let i = 0; i < text.length; i += 1) {
    const value = values[text.charCodeAt(i)] ?? -1;
    if (value < 0) throw new EvidenceError('malformed', `base64: wrong character at ${i}`);
    bits = ((bits << 6) | value) & 0xffffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[offset] = (bits >> bitCount) & 0xff;
      offset += 1;
    }
  }
  if ((bits & ((1 << bitCount) - 1)) !== 0) {
    throw new EvidenceError('malformed', 'base64: unused bits are set');
  }
  return bytes;
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
  return decode(text.replace(/={1,2}$/, ''), standardValues);
}

export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, standard);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Padding is refused, as in JOSE (RFC 7515 section 2). @throws EvidenceError 'malformed' */
export function decodeBase64Url(text: string): Uint8Array {
  return decode(text, urlSafeValues);
}

export function encodeBase64Url(bytes: Uint8Array): string {
  return encode(bytes, urlSafe);
}

// Reads `METHOD target HTTP/1.x`. One space each, nothing around them, origin-form only.
import { Refusal, refuse } from './refusal.js';
import type { RequestLine } from './request-head.js';
import { SP, TARGET_BYTE, TOKEN_LOWER } from './syntax.js';

const METHOD_BYTES_MAX = 32;
/** ' HTTP/1.1' */
const VERSION_BYTES = 9;
const ONE = 0x31;
const SLASH = 0x2f;

/** The usual verbs without making a string for each request. */
function readMethod(bytes: Buffer, start: number, end: number): string {
  const first = bytes[start];
  if (end - start === 3) {
    if (first === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) return 'GET';
    if (first === 0x50 && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x54) return 'PUT';
  }
  return bytes.toString('latin1', start, end);
}

function readMinorVersion(bytes: Buffer, start: number, end: number): 0 | 1 {
  const text = bytes.toString('latin1', start, end);
  if (text === ' HTTP/1.1') return 1;
  if (text === ' HTTP/1.0') return 0;
  if (/^ HTTP\/\d\.\d$/.test(text)) throw new Refusal(505, 'version-unsupported');
  return refuse('request-line-malformed');
}

function isVersion11(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === SP &&
    bytes[at + 1] === 0x48 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x54 &&
    bytes[at + 4] === 0x50 &&
    bytes[at + 5] === SLASH &&
    bytes[at + 6] === ONE &&
    bytes[at + 7] === 0x2e &&
    bytes[at + 8] === ONE
  );
}

/** `bytes[start, end)` is the line without CRLF and holds no control byte. @throws Refusal */
export function parseRequestLine(bytes: Buffer, start: number, end: number): RequestLine {
  let at = start;
  while (at < end && TOKEN_LOWER[bytes[at] as number] !== 0) at += 1;
  const methodEnd = at;
  if (methodEnd === start || methodEnd - start > METHOD_BYTES_MAX || bytes[at] !== SP) {
    refuse('request-line-malformed');
  }
  const targetStart = methodEnd + 1;
  const targetEnd = end - VERSION_BYTES;
  if (targetEnd <= targetStart) refuse('request-line-malformed');
  for (at = targetStart; at < targetEnd; at += 1) {
    if (TARGET_BYTE[bytes[at] as number] === 0) refuse('request-line-malformed');
  }
  const minorVersion = isVersion11(bytes, targetEnd) ? 1 : readMinorVersion(bytes, targetEnd, end);
  const method = readMethod(bytes, start, methodEnd);
  const target = bytes.toString('latin1', targetStart, targetEnd);
  if (bytes[targetStart] !== SLASH && !(target === '*' && method === 'OPTIONS')) {
    refuse('request-line-malformed');
  }
  return { method, target, minorVersion };
}

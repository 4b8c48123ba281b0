// From validated JSON bytes to values, for what is not secret, and from JSON strings to bytes, for what is.
import type { RawJson } from './value.js';

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const ESCAPES: Readonly<Record<number, number>> = {
  34: 0x22,
  92: 0x5c,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
};
/** U+FFFD: what a lone surrogate becomes, as in Go and in JSON.parse followed by UTF-8 encoding. */
const REPLACEMENT = 0xfffd;

/** Plain data. Makes JavaScript strings: not for secret values. */
export function parseRawJson(raw: RawJson): unknown {
  return JSON.parse(raw.bytes.toString('utf8')) as unknown;
}

function nibble(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte & 0xdf) - 0x37;
}

function hexAt(bytes: Buffer, at: number): number {
  return (
    (nibble(bytes[at] ?? 0x30) << 12) |
    (nibble(bytes[at + 1] ?? 0x30) << 8) |
    (nibble(bytes[at + 2] ?? 0x30) << 4) |
    nibble(bytes[at + 3] ?? 0x30)
  );
}

/** Code point of the \u escape at `at` (behind the 'u'), a surrogate pair joined: above 0xffff it took two escapes. */
function readUnicodeEscape(bytes: Buffer, at: number): number {
  const high = hexAt(bytes, at);
  if (high < 0xd800 || high > 0xdfff) return high;
  if (high <= 0xdbff && bytes[at + 4] === BACKSLASH && bytes[at + 5] === LETTER_U) {
    const low = hexAt(bytes, at + 6);
    if (low >= 0xdc00 && low <= 0xdfff) {
      return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
  }
  return REPLACEMENT;
}

function writeCodePoint(out: Buffer, at: number, code: number): number {
  if (code < 0x80) {
    out[at] = code;
    return at + 1;
  }
  if (code < 0x800) {
    out[at] = 0xc0 | (code >> 6);
    out[at + 1] = 0x80 | (code & 0x3f);
    return at + 2;
  }
  if (code < 0x10000) {
    out[at] = 0xe0 | (code >> 12);
    out[at + 1] = 0x80 | ((code >> 6) & 0x3f);
    out[at + 2] = 0x80 | (code & 0x3f);
    return at + 3;
  }
  out[at] = 0xf0 | (code >> 18);
  out[at + 1] = 0x80 | ((code >> 12) & 0x3f);
  out[at + 2] = 0x80 | ((code >> 6) & 0x3f);
  out[at + 3] = 0x80 | (code & 0x3f);
  return at + 4;
}

/**
 * Unescapes the validated JSON string whose quotes stand at `start` and `end - 1` into `out`, which must have room
 * for end - start bytes; returns how many UTF-8 bytes were written.
 */
export function unescapeJsonString(bytes: Buffer, start: number, end: number, out: Buffer): number {
  let to = 0;
  for (let from = start + 1; from < end - 1; ) {
    const byte = bytes[from] ?? 0;
    if (byte !== BACKSLASH) {
      out[to] = byte;
      to += 1;
      from += 1;
    } else if (bytes[from + 1] === LETTER_U) {
      const code = readUnicodeEscape(bytes, from + 2);
      to = writeCodePoint(out, to, code);
      from += code > 0xffff ? 12 : 6;
    } else {
      out[to] = ESCAPES[bytes[from + 1] ?? 0] ?? 0;
      to += 1;
      from += 2;
    }
  }
  return to;
}

/**
 * UTF-8 bytes of a JSON string, unescaped, in a new buffer that the caller owns and wipes. Null when the value is
 * not a string. `raw` must have been validated by the scanner.
 */
export function decodeJsonString(raw: RawJson): Buffer | null {
  const { bytes } = raw;
  if (bytes[0] !== 0x22) return null;
  if (!bytes.includes(BACKSLASH)) return Buffer.from(bytes.subarray(1, bytes.length - 1));
  const out = Buffer.alloc(bytes.length);
  return out.subarray(0, unescapeJsonString(bytes, 0, bytes.length, out));
}

/** The text of a JSON string between the quotes at `start` and `end - 1`. For keys and other text that is not secret. */
export function decodeJsonText(bytes: Buffer, start: number, end: number): string {
  for (let at = start + 1; at < end - 1; at += 1) {
    if (bytes[at] === BACKSLASH) {
      const out = Buffer.alloc(end - start);
      return out.toString('utf8', 0, unescapeJsonString(bytes, start, end, out));
    }
  }
  return bytes.toString('utf8', start + 1, end - 1);
}

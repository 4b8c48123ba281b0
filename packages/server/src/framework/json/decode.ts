// From validated JSON bytes to values, for what is not secret, and from JSON strings to bytes, for what is.
import type { RawJson } from './value.js';

const BACKSLASH = 0x5c;
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

function hexAt(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
}

/** Code point of a \u escape at `at` (behind the 'u') and the bytes it takes, surrogate pairs joined. */
function readUnicodeEscape(bytes: Buffer, at: number): { code: number; length: number } {
  const high = hexAt(bytes, at);
  if (high < 0xd800 || high > 0xdfff) return { code: high, length: 4 };
  if (high <= 0xdbff && bytes[at + 4] === BACKSLASH && bytes[at + 5] === 0x75) {
    const low = hexAt(bytes, at + 6);
    if (low >= 0xdc00 && low <= 0xdfff) {
      return { code: 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), length: 10 };
    }
  }
  return { code: REPLACEMENT, length: 4 };
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
 * UTF-8 bytes of a JSON string, unescaped, in a new buffer that the caller owns and wipes. Null when the value is
 * not a string. `raw` must have been validated by the scanner.
 */
export function decodeJsonString(raw: RawJson): Buffer | null {
  const { bytes } = raw;
  if (bytes[0] !== 0x22) return null;
  const body = bytes.subarray(1, bytes.length - 1);
  if (!body.includes(BACKSLASH)) return Buffer.from(body);
  const out = Buffer.alloc(body.length);
  let to = 0;
  for (let from = 0; from < body.length; ) {
    const byte = body[from] ?? 0;
    if (byte !== BACKSLASH) {
      out[to] = byte;
      to += 1;
      from += 1;
    } else if (body[from + 1] === 0x75) {
      const unit = readUnicodeEscape(body, from + 2);
      to = writeCodePoint(out, to, unit.code);
      from += 2 + unit.length;
    } else {
      out[to] = ESCAPES[body[from + 1] ?? 0] ?? 0;
      to += 1;
      from += 2;
    }
  }
  return out.subarray(0, to);
}

// Key shares as text and back, byte for byte: a share must not become a JavaScript string.
import { invalidRequest } from '../framework/errors.js';

const HEX = Buffer.from('0123456789abcdef');
const BASE64 = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const NONE = 0xff;
/** Hex of the longest share there is, with room to say that it is too long. */
const TEXT_BYTES_MAX = 512;

const HEX_VALUES = valuesOf(HEX);
for (let code = 0x41; code <= 0x46; code += 1) HEX_VALUES[code] = code - 0x41 + 10;
const BASE64_VALUES = valuesOf(BASE64);
/** The URL alphabet too: clients that print shares in either exist. */
const EITHER_VALUES = valuesOf(BASE64);
EITHER_VALUES[0x2d] = 62;
EITHER_VALUES[0x5f] = 63;

function valuesOf(alphabet: Buffer): Buffer {
  const values = Buffer.alloc(256, NONE);
  alphabet.forEach((letter, value) => {
    values[letter] = value;
  });
  return values;
}

/** A new buffer that the caller owns and wipes. */
export function encodeHex(bytes: Uint8Array): Buffer {
  const text = Buffer.allocUnsafeSlow(bytes.length * 2);
  bytes.forEach((byte, at) => {
    text[at * 2] = HEX[byte >> 4] ?? 0;
    text[at * 2 + 1] = HEX[byte & 15] ?? 0;
  });
  return text;
}

/** With padding, in a new buffer that the caller owns and wipes. */
export function encodeBase64(bytes: Uint8Array): Buffer {
  const text = Buffer.alloc(Math.ceil(bytes.length / 3) * 4, PAD);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text[at++] = BASE64[(held >> bits) & 63] ?? 0;
    }
  }
  if (bits > 0) text[at] = BASE64[(held << (6 - bits)) & 63] ?? 0;
  return text;
}

/**
 * Hex if it is hex, else base64, in a new buffer that the caller owns and wipes.
 * @throws ApiError with Vault's text
 */
export function decodeKeyText(text: Buffer): Buffer {
  const decoded =
    text.length > TEXT_BYTES_MAX ? null : (decodeHex(text) ?? decode(text, EITHER_VALUES));
  if (decoded !== null && decoded.length > 0) return decoded;
  throw invalidRequest("'key' must be a valid hex or base64 string", 'key-text');
}

function decodeHex(text: Buffer): Buffer | null {
  if (text.length % 2 !== 0) return null;
  const out = Buffer.alloc(text.length / 2);
  for (let at = 0; at < out.length; at += 1) {
    const high = HEX_VALUES[text[at * 2] ?? 0] ?? NONE;
    const low = HEX_VALUES[text[at * 2 + 1] ?? 0] ?? NONE;
    if (high === NONE || low === NONE) {
      out.fill(0);
      return null;
    }
    out[at] = (high << 4) | low;
  }
  return out;
}

/** Strict: standard alphabet, padded, no bits left over; null for anything else. The caller owns and wipes it. */
export function decodeBase64(text: Buffer): Buffer | null {
  if (text.length % 4 !== 0) return null;
  const bytes = decode(text, BASE64_VALUES);
  if (bytes === null) return null;
  const again = encodeBase64(bytes);
  const isExact = again.equals(text);
  again.fill(0);
  return isExact ? bytes : null;
}

/** Padding may be missing. */
function decode(text: Buffer, values: Buffer): Buffer | null {
  let end = text.length;
  while (end > 0 && text.length - end < 2 && text[end - 1] === PAD) end -= 1;
  if (end % 4 === 1) return null;
  const out = Buffer.alloc(Math.floor((end * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let from = 0; from < end; from += 1) {
    const value = values[text[from] ?? 0] ?? NONE;
    if (value === NONE) {
      out.fill(0);
      return null;
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
  }
  return out;
}

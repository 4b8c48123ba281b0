// Key shares as text and back, byte for byte: a share must not become a JavaScript string.
import { decodeAnyBase64Bytes } from '../framework/base64-bytes.js';
import { invalidRequest } from '../framework/errors.js';

const HEX = Buffer.from('0123456789abcdef');
const NONE = 0xff;
/** Hex of the longest share there is, with room to say that it is too long. */
const TEXT_BYTES_MAX = 512;

const HEX_VALUES = Buffer.alloc(256, NONE);
HEX.forEach((digit, value) => {
  HEX_VALUES[digit] = value;
});
for (let code = 0x41; code <= 0x46; code += 1) HEX_VALUES[code] = code - 0x41 + 10;

/** A new buffer that the caller owns and wipes. */
export function encodeHex(bytes: Uint8Array): Buffer {
  const text = Buffer.allocUnsafeSlow(bytes.length * 2);
  bytes.forEach((byte, at) => {
    text[at * 2] = HEX[byte >> 4] ?? 0;
    text[at * 2 + 1] = HEX[byte & 15] ?? 0;
  });
  return text;
}

/**
 * Hex if it is hex, else base64, in a new buffer that the caller owns and wipes.
 * @throws ApiError with Vault's text
 */
export function decodeKeyText(text: Buffer): Buffer {
  const decoded =
    text.length > TEXT_BYTES_MAX ? null : (decodeHex(text) ?? decodeAnyBase64Bytes(text));
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

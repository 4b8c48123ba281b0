// Base64 from bytes to bytes: neither a key share nor a token may become a JavaScript string on its way. Every result is
// a new buffer that the caller owns and wipes.

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const STANDARD = Buffer.from(`${LETTERS}+/`);
const URL_SAFE = Buffer.from(`${LETTERS}-_`);
const PAD = 0x3d;
const NONE = 0xff;

const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);
const EITHER_VALUES = valuesOf(STANDARD, URL_SAFE);

function valuesOf(...alphabets: readonly Buffer[]): Buffer {
  const values = Buffer.alloc(256, NONE);
  for (const alphabet of alphabets) {
    alphabet.forEach((letter, value) => {
      values[letter] = value;
    });
  }
  return values;
}

function encodeInto(text: Buffer, bytes: Uint8Array, alphabet: Buffer): Buffer {
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text[at++] = alphabet[(held >> bits) & 63] ?? 0;
    }
  }
  if (bits > 0) text[at] = alphabet[(held << (6 - bits)) & 63] ?? 0;
  return text;
}

/** With padding. */
export function encodeBase64Bytes(bytes: Uint8Array): Buffer {
  return encodeInto(Buffer.alloc(Math.ceil(bytes.length / 3) * 4, PAD), bytes, STANDARD);
}

/** Without padding. */
export function encodeBase64urlBytes(bytes: Uint8Array): Buffer {
  return encodeInto(Buffer.alloc(Math.ceil((bytes.length * 4) / 3)), bytes, URL_SAFE);
}

/** The first `end` bytes of `text`. Exact: the bits left over are zero, so that no other text gives the same bytes. */
function decode(text: Buffer, end: number, values: Buffer, isExact: boolean): Buffer | null {
  if (end % 4 === 1) return null;
  const out = Buffer.alloc(Math.floor((end * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  let isValid = true;
  for (let from = 0; from < end; from += 1) {
    const value = values[text[from] ?? 0] ?? NONE;
    if (value === NONE) {
      isValid = false;
      break;
    }
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
  }
  if (isValid && (!isExact || (held & ((1 << bits) - 1)) === 0)) return out;
  out.fill(0);
  return null;
}

function lengthWithoutPadding(text: Buffer): number {
  let end = text.length;
  while (end > 0 && text.length - end < 2 && text[end - 1] === PAD) end -= 1;
  return end;
}

/** Strict: standard alphabet, padded, no bits left over; null for anything else. */
export function decodeBase64Bytes(text: Buffer): Buffer | null {
  if (text.length % 4 !== 0) return null;
  return decode(text, lengthWithoutPadding(text), STANDARD_VALUES, true);
}

/** Strict: URL alphabet, no padding, no bits left over; null for anything else. */
export function decodeBase64urlBytes(text: Buffer): Buffer | null {
  return decode(text, text.length, URL_SAFE_VALUES, true);
}

/** Either alphabet, with or without padding, as the tools that print key shares have it; null for anything else. */
export function decodeAnyBase64Bytes(text: Buffer): Buffer | null {
  return decode(text, lengthWithoutPadding(text), EITHER_VALUES, false);
}

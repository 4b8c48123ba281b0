// Base64url from bytes to bytes: a batch token must not become a JavaScript string on its way.

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
const INVALID = 0xff;
const VALUES: Buffer = Buffer.alloc(256, INVALID);
ALPHABET.forEach((letter, value) => {
  VALUES[letter] = value;
});

/** Without padding, into a new buffer that the caller owns and wipes. */
export function encodeBase64urlBytes(bytes: Buffer): Buffer {
  const out = Buffer.alloc(Math.ceil((bytes.length * 4) / 3));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out[at++] = ALPHABET[(held >> bits) & 63] ?? 0;
    }
  }
  if (bits > 0) out[at] = ALPHABET[(held << (6 - bits)) & 63] ?? 0;
  return out;
}

/** Strict: null for any other byte, padding, an impossible length, or bits left over that are not zero. */
export function decodeBase64urlBytes(text: Buffer): Buffer | null {
  if (text.length % 4 === 1) return null;
  const out = Buffer.alloc(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    const value = VALUES[letter] ?? INVALID;
    if (value === INVALID) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (held >> bits) & 0xff;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? out : null;
}

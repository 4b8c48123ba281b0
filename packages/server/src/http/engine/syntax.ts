// Byte classes of RFC 9110 and 9112. Anything that is not in a class is refused: nothing here
// repairs input.

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

function classOf(includes: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (includes(byte) ? 1 : 0));
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;
/** RFC 3986 host and port; brackets for IPv6. */
const HOST = /^[0-9A-Za-z._~!$&'()*+;=%:[\]-]$/;

/** Lower case of a token byte (RFC 9110 section 5.6.2), 0 for a byte that no token may hold. */
export const TOKEN_LOWER: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  TOKEN.test(String.fromCharCode(byte)) ? String.fromCharCode(byte).toLowerCase().charCodeAt(0) : 0,
);

/** What a line may hold before its CRLF: HTAB, SP, visible ASCII and obs-text; no control byte. */
export const LINE_BYTE: Uint8Array = classOf(
  (byte) => byte === HTAB || (byte >= SP && byte !== 0x7f),
);

/**
 * What a request target may hold: visible ASCII without `"`, `#`, `<` and `>`. Wider than RFC 3986,
 * because URL parsers of browsers leave `{ | } ^` in a query as they are.
 */
export const TARGET_BYTE: Uint8Array = classOf(
  (byte) => byte > SP && byte < 0x7f && !'"#<>'.includes(String.fromCharCode(byte)),
);

export const HOST_BYTE: Uint8Array = classOf((byte) => HOST.test(String.fromCharCode(byte)));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX_VALUE: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte);
  return /^[0-9A-Fa-f]$/.test(text) ? Number.parseInt(text, 16) : 255;
});

/** True when the bytes are `word` in any case; `word` must be lower-case ASCII of token bytes. */
export function isWord(bytes: Buffer, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i += 1) {
    if (TOKEN_LOWER[bytes[start + i] as number] !== word.charCodeAt(i)) return false;
  }
  return true;
}

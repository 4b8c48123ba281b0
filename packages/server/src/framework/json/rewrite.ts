// Copies validated JSON while replacing its strings, in one pass over the bytes: what audit devices write. Member names
// stay; so do numbers, true, false and null. White space goes, so that the copy is one line.
import { ByteWriter } from './byte-writer.js';
import { unescapeJsonString } from './decode.js';
import { RawJson } from './value.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Offset behind the string that begins at `at`; the end of the text where it does not end. */
function stringEnd(bytes: Buffer, at: number): number {
  let pos = at + 1;
  while (pos < bytes.length) {
    const byte = bytes[pos];
    if (byte === QUOTE) return pos + 1;
    pos += byte === BACKSLASH ? 2 : 1;
  }
  return bytes.length;
}

/** In valid JSON, a string is a member's name exactly if a colon follows. */
function isName(bytes: Buffer, end: number): boolean {
  let pos = end;
  while (isSpace(bytes[pos])) pos += 1;
  return bytes[pos] === COLON;
}

function rewrite(
  bytes: Buffer,
  out: ByteWriter,
  writeString: (start: number, end: number) => void,
) {
  let pos = 0;
  while (pos < bytes.length) {
    if (bytes[pos] === QUOTE) {
      const end = stringEnd(bytes, pos);
      if (isName(bytes, end)) out.range(bytes, pos, end);
      else writeString(pos, end);
      pos = end;
      continue;
    }
    const start = pos;
    while (pos < bytes.length && bytes[pos] !== QUOTE && !isSpace(bytes[pos])) pos += 1;
    out.range(bytes, start, pos);
    while (isSpace(bytes[pos])) pos += 1;
  }
}

/**
 * Writes `raw` with every string value replaced by `replace` of its unescaped UTF-8 bytes, which are good during the
 * call only (a scratch buffer, wiped after it). `replace` returns ASCII without characters that JSON escapes.
 */
export function writeJsonReplaced(
  out: ByteWriter,
  raw: RawJson,
  replace: (utf8: Buffer) => string,
): void {
  const { bytes } = raw;
  const scratch = bytes.includes(BACKSLASH) ? Buffer.alloc(bytes.length) : null;
  rewrite(bytes, out, (start, end) => {
    if (scratch === null) {
      out.ascii(`"${replace(bytes.subarray(start + 1, end - 1))}"`);
      return;
    }
    const length = unescapeJsonString(bytes, start, end, scratch);
    out.ascii(`"${replace(scratch.subarray(0, length))}"`);
    scratch.fill(0, 0, length);
  });
}

/** Writes `raw` as it is but for white space. */
export function writeJsonCompact(out: ByteWriter, raw: RawJson): void {
  rewrite(raw.bytes, out, (start, end) => out.range(raw.bytes, start, end));
}

/** As writeJsonReplaced, into a new buffer that the caller owns. */
export function replaceJsonStrings(raw: RawJson, replace: (utf8: Buffer) => string): RawJson {
  const out = new ByteWriter(raw.bytes.length * 2);
  writeJsonReplaced(out, raw, replace);
  return new RawJson(out.finish());
}

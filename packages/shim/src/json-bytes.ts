// Finds members in JSON text without making JavaScript strings of them, so that a secret stays in buffers that can be
// wiped. Strict (RFC 8259, valid UTF-8, no duplicate of a name on the way), bounded in depth and size.
import { isUtf8 } from 'node:buffer';
import { ShimError } from './errors.js';

const BYTES_MAX = 8 * 1024 * 1024;
const DEPTH_MAX = 32;

export type JsonKind = 'string' | 'number' | 'object' | 'array' | 'boolean' | 'null';

/** Where a value stands; `end` is behind its last byte. */
export interface JsonRange {
  readonly kind: JsonKind;
  readonly start: number;
  readonly end: number;
}

function malformed(): ShimError {
  return new ShimError('answer-malformed', 'the server’s answer is not valid JSON');
}

const ESCAPES: Readonly<Record<string, number>> = {
  '"': 0x22,
  '\\': 0x5c,
  '/': 0x2f,
  b: 0x08,
  f: 0x0c,
  n: 0x0a,
  r: 0x0d,
  t: 0x09,
};

class Scanner {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The whole text is one value. Null when no member is at `path`. */
  document(path: readonly string[]): JsonRange | null {
    const found = this.#value(path, 0);
    this.#blank();
    if (this.#at !== this.#bytes.length) throw malformed();
    return found;
  }

  #blank(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  /** `path` is null below values that nobody asks for. */
  #value(path: readonly string[] | null, depth: number): JsonRange | null {
    if (depth > DEPTH_MAX) throw malformed();
    this.#blank();
    const start = this.#at;
    const byte = this.#bytes[start];
    let inside: JsonRange | null = null;
    let kind: JsonKind;
    if (byte === 0x7b) {
      kind = 'object';
      inside = this.#object(path, depth);
    } else if (byte === 0x5b) {
      kind = 'array';
      this.#array(depth);
    } else if (byte === 0x22) {
      kind = 'string';
      this.#string();
    } else if (byte === 0x74 || byte === 0x66) {
      kind = 'boolean';
      this.#word(byte === 0x74 ? 'true' : 'false');
    } else if (byte === 0x6e) {
      kind = 'null';
      this.#word('null');
    } else {
      kind = 'number';
      this.#number();
    }
    if (path === null) return null;
    return path.length === 0 ? { kind, start, end: this.#at } : inside;
  }

  #object(path: readonly string[] | null, depth: number): JsonRange | null {
    const wanted = path === null || path.length === 0 ? null : Buffer.from(path[0] ?? '', 'utf8');
    let isSeen = false;
    let found: JsonRange | null = null;
    this.#at += 1;
    this.#blank();
    if (this.#take(0x7d)) return null;
    do {
      this.#blank();
      const isWanted = wanted !== null && this.#name(wanted);
      if (wanted === null) this.#string();
      if (isWanted && isSeen) throw malformed();
      isSeen ||= isWanted;
      this.#blank();
      if (!this.#take(0x3a)) throw malformed();
      const inside = this.#value(isWanted ? (path?.slice(1) ?? null) : null, depth + 1);
      if (isWanted) found = inside;
      this.#blank();
    } while (this.#take(0x2c));
    if (!this.#take(0x7d)) throw malformed();
    return found;
  }

  #name(wanted: Buffer): boolean {
    const start = this.#at;
    this.#string();
    const name = decodeEscapes(this.#bytes.subarray(start + 1, this.#at - 1));
    const isSame = name.equals(wanted);
    name.fill(0);
    return isSame;
  }

  #array(depth: number): void {
    this.#at += 1;
    this.#blank();
    if (this.#take(0x5d)) return;
    do {
      this.#value(null, depth + 1);
      this.#blank();
    } while (this.#take(0x2c));
    if (!this.#take(0x5d)) throw malformed();
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #string(): void {
    if (!this.#take(0x22)) throw malformed();
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte < 0x20) throw malformed();
      this.#at += 1;
      if (byte === 0x22) return;
      if (byte === 0x5c) this.#escape();
    }
  }

  #escape(): void {
    const letter = String.fromCharCode(this.#bytes[this.#at] ?? 0);
    this.#at += 1;
    if (letter !== 'u') {
      if (!Object.hasOwn(ESCAPES, letter)) throw malformed();
      return;
    }
    if (codeUnitAt(this.#bytes, this.#at) === null) throw malformed();
    this.#at += 4;
  }

  #word(word: string): void {
    if (this.#bytes.toString('latin1', this.#at, this.#at + word.length) !== word) {
      throw malformed();
    }
    this.#at += word.length;
  }

  #number(): void {
    const start = this.#at;
    while (/[-+.0-9eE]/.test(String.fromCharCode(this.#bytes[this.#at] ?? 0))) this.#at += 1;
    const text = this.#bytes.toString('latin1', start, Math.min(this.#at, start + 64));
    if (this.#at - start > 64 || !/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text)) {
      throw malformed();
    }
  }
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The code unit of four hex digits, null when they are not four. */
function codeUnitAt(bytes: Buffer, at: number): number | null {
  let value = 0;
  for (let index = at; index < at + 4; index += 1) {
    const digit = hexValue(bytes[index] ?? 0);
    if (digit < 0) return null;
    value = value * 16 + digit;
  }
  return value;
}

function writeUtf8(out: Buffer, at: number, point: number): number {
  if (point < 0x80) return out.writeUInt8(point, at);
  if (point < 0x800) {
    return out.writeUInt16BE(0xc080 | ((point >> 6) << 8) | (point & 0x3f), at);
  }
  if (point < 0x10000) {
    const next = out.writeUInt8(0xe0 | (point >> 12), at);
    return out.writeUInt16BE(0x8080 | (((point >> 6) & 0x3f) << 8) | (point & 0x3f), next);
  }
  const next = out.writeUInt8(0xf0 | (point >> 18), at);
  const after = out.writeUInt8(0x80 | ((point >> 12) & 0x3f), next);
  return out.writeUInt16BE(0x8080 | (((point >> 6) & 0x3f) << 8) | (point & 0x3f), after);
}

/** What stands between the quotes, decoded, in memory of its own. Was scanned before. */
function decodeEscapes(raw: Buffer): Buffer {
  const out = Buffer.alloc(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; ) {
    const byte = raw[at] ?? 0;
    at += 1;
    if (byte !== 0x5c) {
      length = out.writeUInt8(byte, length);
      continue;
    }
    const letter = String.fromCharCode(raw[at] ?? 0);
    at += 1;
    if (letter !== 'u') {
      length = out.writeUInt8(ESCAPES[letter] ?? 0, length);
      continue;
    }
    let point = codeUnitAt(raw, at) ?? 0;
    at += 4;
    if (point >= 0xd800 && point <= 0xdfff) {
      const low = raw[at] === 0x5c && raw[at + 1] === 0x75 ? codeUnitAt(raw, at + 2) : null;
      if (point > 0xdbff || low === null || low < 0xdc00 || low > 0xdfff) {
        out.fill(0);
        throw malformed();
      }
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    length = writeUtf8(out, length, point);
  }
  const exact = Buffer.alloc(length);
  out.copy(exact, 0, 0, length);
  out.fill(0);
  return exact;
}

/**
 * Checks the whole text and finds the value at `path` (names of nested objects); null when there is none.
 * @throws ShimError 'answer-malformed'
 */
export function findJsonValue(bytes: Buffer, path: readonly string[]): JsonRange | null {
  if (bytes.length > BYTES_MAX || !isUtf8(bytes)) throw malformed();
  return new Scanner(bytes).document(path);
}

/**
 * A value's bytes in memory of their own, which the caller wipes: a string decoded, anything else as it stands.
 * @throws ShimError 'answer-malformed' for half a surrogate pair
 */
export function copyJsonValue(bytes: Buffer, range: JsonRange): Buffer {
  if (range.kind === 'string') return decodeEscapes(bytes.subarray(range.start + 1, range.end - 1));
  const copy = Buffer.alloc(range.end - range.start);
  bytes.copy(copy, 0, range.start, range.end);
  return copy;
}

/** A value that is no secret, as JavaScript sees it; undefined when there is none at `path`. @throws ShimError */
export function readJsonValue(bytes: Buffer, path: readonly string[]): unknown {
  const range = findJsonValue(bytes, path);
  if (range === null) return undefined;
  return JSON.parse(bytes.toString('utf8', range.start, range.end));
}

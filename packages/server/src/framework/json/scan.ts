// Validates JSON bytes (RFC 8259, strict) without building values, and says where the top-level members lie.
// Secret values inside are never decoded here.
import { isUtf8 } from 'node:buffer';
import { ApiError, invalidRequest } from '../errors.js';
import { decodeJsonText } from './decode.js';
import { RawJson } from './value.js';

/** Bounds on one JSON text; all are checked while scanning, before anything is built from it. */
export interface JsonLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  /** Strings, keys included, in the whole text. */
  readonly stringsMax: number;
  /** Values of any kind in the whole text. */
  readonly valuesMax: number;
}

export const DEFAULT_JSON_LIMITS: JsonLimits = {
  bytesMax: 32 * 1024 * 1024,
  depthMax: 64,
  stringsMax: 100_000,
  valuesMax: 200_000,
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT_ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** Offsets of one member: its name with the quotes, then its value. */
type MemberVisitor = (keyStart: number, keyEnd: number, start: number, end: number) => void;

/** Walks one JSON text once. Positions are byte offsets; every method returns the offset behind what it read. */
class Scanner {
  readonly #text: Buffer;
  readonly #limits: JsonLimits;
  #strings = 0;
  #values = 0;

  constructor(text: Buffer, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  space(at: number): number {
    let pos = at;
    for (;;) {
      const byte = this.#text[pos];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return pos;
      pos += 1;
    }
  }

  value(at: number, depth: number): number {
    this.#values += 1;
    if (this.#values > this.#limits.valuesMax) tooComplex();
    switch (this.#text[at]) {
      case 0x7b:
        return this.object(at, depth, null);
      case 0x5b:
        return this.#array(at, depth);
      case QUOTE:
        return this.string(at);
      case 0x74:
        return this.#literal(at, 'true');
      case 0x66:
        return this.#literal(at, 'false');
      case 0x6e:
        return this.#literal(at, 'null');
      default:
        return this.#number(at);
    }
  }

  object(at: number, depth: number, visit: MemberVisitor | null): number {
    if (depth >= this.#limits.depthMax) tooComplex();
    let pos = this.space(at + 1);
    if (this.#text[pos] === 0x7d) return pos + 1;
    for (;;) {
      const keyStart = pos;
      const keyEnd = this.string(pos);
      pos = this.space(keyEnd);
      if (this.#text[pos] !== 0x3a) malformed();
      pos = this.space(pos + 1);
      const end = this.value(pos, depth + 1);
      if (visit !== null) visit(keyStart, keyEnd, pos, end);
      pos = this.space(end);
      const next = this.#text[pos];
      if (next === 0x7d) return pos + 1;
      if (next !== 0x2c) malformed();
      pos = this.space(pos + 1);
    }
  }

  #array(at: number, depth: number): number {
    if (depth >= this.#limits.depthMax) tooComplex();
    let pos = this.space(at + 1);
    if (this.#text[pos] === 0x5d) return pos + 1;
    for (;;) {
      pos = this.space(this.value(pos, depth + 1));
      const next = this.#text[pos];
      if (next === 0x5d) return pos + 1;
      if (next !== 0x2c) malformed();
      pos = this.space(pos + 1);
    }
  }

  string(at: number): number {
    if (this.#text[at] !== QUOTE) malformed();
    this.#strings += 1;
    if (this.#strings > this.#limits.stringsMax) tooComplex();
    const text = this.#text;
    let pos = at + 1;
    for (;;) {
      const byte = text[pos];
      if (byte === undefined || byte < 0x20) malformed();
      if (byte === QUOTE) return pos + 1;
      pos = byte === BACKSLASH ? this.#escape(pos + 1) : pos + 1;
    }
  }

  #escape(at: number): number {
    const byte = this.#text[at];
    if (byte === 0x75) {
      for (let i = 1; i <= 4; i += 1) if (!isHexDigit(this.#text[at + i])) malformed();
      return at + 5;
    }
    if (byte === undefined || !SHORT_ESCAPES.has(byte)) malformed();
    return at + 1;
  }

  #literal(at: number, word: string): number {
    for (let i = 0; i < word.length; i += 1) {
      if (this.#text[at + i] !== word.charCodeAt(i)) malformed();
    }
    return at + word.length;
  }

  #digits(at: number): number {
    let pos = at;
    while (isDigit(this.#text[pos])) pos += 1;
    if (pos === at) malformed();
    return pos;
  }

  #number(at: number): number {
    let pos = this.#text[at] === 0x2d ? at + 1 : at;
    pos = this.#text[pos] === 0x30 ? pos + 1 : this.#digits(pos);
    if (this.#text[pos] === 0x2e) pos = this.#digits(pos + 1);
    if (this.#text[pos] === 0x65 || this.#text[pos] === 0x45) {
      const sign = this.#text[pos + 1];
      pos = this.#digits(sign === 0x2b || sign === 0x2d ? pos + 2 : pos + 1);
    }
    return pos;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function malformed(): never {
  throw invalidRequest('failed to parse JSON input: not valid JSON', 'json-malformed');
}

function tooComplex(): never {
  throw invalidRequest('failed to parse JSON input: too complex', 'json-too-complex');
}

function checkBytes(text: Buffer, limits: JsonLimits): void {
  if (text.length > limits.bytesMax) {
    throw new ApiError('payload-too-large', 'request body too large', { code: 'json-too-large' });
  }
  if (!isUtf8(text)) malformed();
}

/**
 * Validates a text that must be one JSON object and visits its members in order; keys come decoded.
 * The RawJson values point into `text`. @throws ApiError json-malformed, json-too-complex, json-too-large, json-duplicate-key
 */
export function scanJsonObject(text: Buffer, limits: JsonLimits): Map<string, RawJson> {
  checkBytes(text, limits);
  const scanner = new Scanner(text, limits);
  const start = scanner.space(0);
  if (text[start] !== 0x7b) malformed();
  const members = new Map<string, RawJson>();
  const end = scanner.object(start, 0, (keyStart, keyEnd, valueStart, valueEnd) => {
    const name = decodeJsonText(text, keyStart, keyEnd);
    if (members.has(name)) {
      throw invalidRequest('failed to parse JSON input: duplicate key', 'json-duplicate-key');
    }
    members.set(name, new RawJson(text.subarray(valueStart, valueEnd)));
  });
  if (scanner.space(end) !== text.length) malformed();
  return members;
}

/** Validates a text that must be one JSON value. @throws as scanJsonObject */
export function scanJson(text: Buffer, limits: JsonLimits): RawJson {
  checkBytes(text, limits);
  const scanner = new Scanner(text, limits);
  const start = scanner.space(0);
  const end = scanner.value(start, 0);
  if (scanner.space(end) !== text.length) malformed();
  return new RawJson(text.subarray(start, end));
}

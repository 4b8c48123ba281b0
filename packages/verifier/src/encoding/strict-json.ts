// Strict JSON (RFC 8259) for signed vendor documents: no duplicate keys, no lone surrogates, bounded
// size, depth and number of values; and the exact text of each top-level member, because signatures
// are over text. Must never hand out a value it has not read in full.

import { EvidenceError } from '../errors.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** Has no prototype: only what the text says is there. */
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface JsonLimits {
  readonly charactersMax: number;
  readonly depthMax: number;
  readonly valuesMax: number;
}

/** A parsed text and, if it is an object, the text of each of its members' values. */
export interface JsonDocument {
  readonly value: Json;
  readonly memberTexts: ReadonlyMap<string, string>;
}

const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const anyString = /"(?:[^"\\]|\\.)*"/sy;

const character = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** Whether this code unit stands for itself in a string: no quote, escape, control character or surrogate. */
function isPlain(code: number): boolean {
  if (code === character.quote || code === character.backslash) return false;
  return code >= 0x20 && (code < 0xd800 || code > 0xdfff);
}

/** @throws EvidenceError 'malformed' */
export function parseStrictJson(text: string, what: string, limits: JsonLimits): JsonDocument {
  if (text.length > limits.charactersMax) {
    throw new EvidenceError('malformed', `${what}: longer than ${limits.charactersMax} characters`);
  }
  const parser = new JsonParser(text, what, limits);
  return { value: parser.parse(), memberTexts: parser.memberTexts };
}

class JsonParser {
  readonly memberTexts = new Map<string, string>();
  readonly #text: string;
  readonly #what: string;
  readonly #depthMax: number;
  #valuesLeft: number;
  #at = 0;

  constructor(text: string, what: string, limits: JsonLimits) {
    this.#text = text;
    this.#what = what;
    this.#depthMax = limits.depthMax;
    this.#valuesLeft = limits.valuesMax;
  }

  parse(): Json {
    const value = this.#value(0);
    if (!Number.isNaN(this.#peek())) throw this.#malformed('text after the value');
    return value;
  }

  #value(depth: number): Json {
    this.#valuesLeft -= 1;
    if (this.#valuesLeft < 0) throw this.#malformed('too many values');
    if (depth > this.#depthMax) throw this.#malformed('nested too deeply');
    switch (this.#peek()) {
      case character.openBrace:
        return this.#object(depth);
      case character.openBracket:
        return this.#array(depth);
      case character.quote:
        return this.#string();
      case character.t:
        return this.#word('true', true);
      case character.f:
        return this.#word('false', false);
      case character.n:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const object: Record<string, Json> = Object.create(null);
    this.#at += 1;
    if (this.#take(character.closeBrace)) return object;
    do {
      if (this.#peek() !== character.quote) throw this.#malformed('want a key');
      const key = this.#string();
      // It has no prototype, so that these are its own members.
      if (key in object) throw this.#malformed('duplicate key');
      if (!this.#take(character.colon)) throw this.#malformed('want ":"');
      this.#peek();
      const start = this.#at;
      object[key] = this.#value(depth + 1);
      if (depth === 0) this.memberTexts.set(key, this.#text.slice(start, this.#at));
    } while (this.#take(character.comma));
    if (!this.#take(character.closeBrace)) throw this.#malformed('want "," or "}"');
    return object;
  }

  #array(depth: number): readonly Json[] {
    const array: Json[] = [];
    this.#at += 1;
    if (this.#take(character.closeBracket)) return array;
    do {
      array.push(this.#value(depth + 1));
    } while (this.#take(character.comma));
    if (!this.#take(character.closeBracket)) throw this.#malformed('want "," or "]"');
    return array;
  }

  #string(): string {
    const start = this.#at + 1;
    let end = start;
    while (isPlain(this.#text.charCodeAt(end))) end += 1;
    if (this.#text.charCodeAt(end) === character.quote) {
      this.#at = end + 1;
      return this.#text.slice(start, end);
    }
    const raw = this.#match(anyString);
    if (raw === null) throw this.#malformed('string without an end');
    const value = decodeEscapes(raw);
    if (value === null || /\p{Surrogate}/u.test(value)) throw this.#malformed('bad string');
    return value;
  }

  #number(): number {
    const text = this.#match(numberPattern);
    const value = Number(text);
    if (text === null || !Number.isFinite(value)) throw this.#malformed('want a value');
    return value;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#malformed('want a value');
    this.#at += word.length;
    return value;
  }

  /** Whether this character comes next; if so it is passed. */
  #take(wanted: number): boolean {
    if (this.#peek() !== wanted) return false;
    this.#at += 1;
    return true;
  }

  /** The character after white space, which is passed; NaN at the end. */
  #peek(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.#at += 1;
      code = this.#text.charCodeAt(this.#at);
    }
    return code;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #malformed(why: string): EvidenceError {
    return new EvidenceError('malformed', `${this.#what}: ${why} at character ${this.#at}`);
  }
}

/** JSON.parse knows the escapes and refuses raw control characters; null if it refuses. */
function decodeEscapes(raw: string): string | null {
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

// CBOR (RFC 8949) to items, strict and bounded: shortest heads, no duplicate keys, no floats, no
// simple values but false, true and null. Must never recurse beyond its depth or trust a count.

import { EvidenceError } from '../errors.js';
import { encodeHex } from './hex.js';

export interface CborLimits {
  readonly bytesMax: number;
  /** Items in all: every key, value and tag counts. */
  readonly itemsMax: number;
  readonly depthMax: number;
  /**
   * Whether maps may come without a count. Only AWS Nitro's payloads need it: newer modules write the
   * document that way. Arrays and strings of indefinite length are refused always.
   */
  readonly indefiniteMaps: 'refused' | 'accepted';
}

/** `raw` is the item as it came, head included: signatures cover these bytes, never a rewriting. */
export type CborItem = { readonly raw: Uint8Array } & (
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'array'; readonly items: readonly CborItem[] }
  | { readonly type: 'map'; readonly entries: readonly CborEntry[] }
  | { readonly type: 'tag'; readonly tag: bigint; readonly content: CborItem }
  | { readonly type: 'simple'; readonly value: boolean | null }
);

/** Keys are integers or text, and each occurs once in its map. */
export interface CborEntry {
  readonly key: bigint | string;
  readonly value: CborItem;
}

export type CborType = CborItem['type'];

const majorTypes = [
  'integer',
  'integer',
  'bytes',
  'text',
  'array',
  'map',
  'tag',
  'simple',
] as const;
const breakByte = 0xff;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What stands before an item; `argument` is null for a map without a count. */
interface Head {
  readonly start: number;
  readonly major: number;
  readonly argument: bigint | null;
}

class CborParser {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  readonly #limits: CborLimits;
  #offset = 0;
  #items = 0;

  constructor(bytes: Uint8Array, what: string, limits: CborLimits) {
    this.#bytes = bytes;
    this.#what = what;
    this.#limits = limits;
  }

  document(): CborItem {
    const item = this.#item(this.#limits.depthMax);
    const left = this.#bytes.length - this.#offset;
    if (left === 0) return item;
    throw new EvidenceError('trailing-data', `${this.#what}: ${left} bytes too many`);
  }

  #item(depth: number): CborItem {
    const head = this.#head();
    switch (majorTypes[head.major]) {
      case 'integer': {
        const value = this.#argument(head);
        return {
          type: 'integer',
          value: head.major === 0 ? value : -1n - value,
          ...this.#raw(head),
        };
      }
      case 'bytes':
        return { type: 'bytes', value: this.#string(head), ...this.#raw(head) };
      case 'text':
        return { type: 'text', value: this.#text(head), ...this.#raw(head) };
      case 'array':
        return { type: 'array', items: this.#array(head, this.#deeper(depth)), ...this.#raw(head) };
      case 'map':
        return { type: 'map', entries: this.#map(head, this.#deeper(depth)), ...this.#raw(head) };
      case 'tag': {
        const tag = this.#argument(head);
        return { type: 'tag', tag, content: this.#item(this.#deeper(depth)), ...this.#raw(head) };
      }
      default:
        return { type: 'simple', value: this.#simple(head), ...this.#raw(head) };
    }
  }

  #head(): Head {
    this.#items += 1;
    if (this.#items > this.#limits.itemsMax) throw this.#malformed('too many items');
    const start = this.#offset;
    const initial = this.#byte();
    const major = initial >> 5;
    const information = initial & 0x1f;
    if (information === 31) {
      if (this.#limits.indefiniteMaps === 'refused' || majorTypes[major] !== 'map') {
        throw this.#malformed('indefinite length, or a break out of place');
      }
      return { start, major, argument: null };
    }
    if (major === 7 && information >= 24) throw this.#malformed('float or unknown simple value');
    if (information < 24) return { start, major, argument: BigInt(information) };
    if (information > 27) throw this.#malformed('reserved additional information');
    const length = 2 ** (information - 24);
    let argument = 0n;
    for (let i = 0; i < length; i += 1) argument = (argument << 8n) | BigInt(this.#byte());
    const least = information === 24 ? 24n : 1n << BigInt(4 * length);
    if (argument < least) throw this.#malformed('number not in shortest form');
    return { start, major, argument };
  }

  /** Of all but maps, which alone may be without one: see #head. */
  #argument({ argument }: Head): bigint {
    if (argument === null) throw this.#malformed('indefinite length');
    return argument;
  }

  /** A count or length: no more than bytes are left, since each item has at least one. */
  #count(argument: bigint, bytesEach: number): number {
    const left = this.#bytes.length - this.#offset;
    if (argument * BigInt(bytesEach) > BigInt(left)) throw this.#malformed('cut short');
    return Number(argument);
  }

  #string(head: Head): Uint8Array {
    const length = this.#count(this.#argument(head), 1);
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  #text(head: Head): string {
    const bytes = this.#string(head);
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.#malformed('text is not UTF-8');
    }
  }

  #array(head: Head, depth: number): CborItem[] {
    const items: CborItem[] = [];
    const count = this.#count(this.#argument(head), 1);
    for (let i = 0; i < count; i += 1) items.push(this.#item(depth));
    return items;
  }

  #map({ argument }: Head, depth: number): CborEntry[] {
    const entries: CborEntry[] = [];
    const seen = new Set<bigint | string>();
    const entry = (): void => {
      const key = this.#key(depth);
      if (seen.has(key)) throw this.#malformed('key occurs twice');
      seen.add(key);
      entries.push({ key, value: this.#item(depth) });
    };
    if (argument === null) {
      while (!this.#break()) entry();
      return entries;
    }
    const count = this.#count(argument, 2);
    for (let i = 0; i < count; i += 1) entry();
    return entries;
  }

  #key(depth: number): bigint | string {
    const key = this.#item(depth);
    if (key.type === 'integer' || key.type === 'text') return key.value;
    throw this.#malformed(`${key.type} as key, want integer or text`);
  }

  #simple(head: Head): boolean | null {
    const value = this.#argument(head);
    if (value === 20n || value === 21n) return value === 21n;
    if (value === 22n) return null;
    throw this.#malformed('unknown simple value');
  }

  #deeper(depth: number): number {
    if (depth === 0) throw this.#malformed('nested too deeply');
    return depth - 1;
  }

  #break(): boolean {
    if (this.#bytes[this.#offset] !== breakByte) return false;
    this.#offset += 1;
    return true;
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw this.#malformed('cut short');
    this.#offset += 1;
    return byte;
  }

  #raw(head: Head): { readonly raw: Uint8Array } {
    return { raw: this.#bytes.subarray(head.start, this.#offset) };
  }

  #malformed(why: string): EvidenceError {
    return new EvidenceError('malformed', `${this.#what}: CBOR at ${this.#offset}: ${why}`);
  }
}

/**
 * Reads exactly one item. What it returns are views on `bytes`: copy first if those may change.
 * `what` names the structure in error texts.
 * @throws EvidenceError 'malformed' | 'trailing-data'
 */
export function parseCbor(bytes: Uint8Array, what: string, limits: CborLimits): CborItem {
  if (bytes.length > limits.bytesMax) {
    const why = `${bytes.length} bytes, want at most ${limits.bytesMax}`;
    throw new EvidenceError('malformed', `${what}: ${why}`);
  }
  return new CborParser(bytes, what, limits).document();
}

/** RFC 8949 section 8, to show a value in a message; long ones are cut. */
export function describeCbor(item: CborItem): string {
  switch (item.type) {
    case 'integer':
      return String(item.value);
    case 'bytes':
      return `h'${encodeHex(item.value.subarray(0, 16))}'`;
    case 'text':
      return JSON.stringify(item.value.slice(0, 40));
    case 'simple':
      return String(item.value);
    default:
      return item.type;
  }
}

// Shape of validated JSON as byte ranges, and what can be done with ranges alone: merge patches and subkeys. Values are copied as bytes and never decoded; member names do become JavaScript strings.
import { invalidRequest } from '../errors.js';
import { ByteWriter } from './byte-writer.js';
import { decodeJsonText } from './decode.js';
import { RawJson } from './value.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const ARRAY = 0x5b;
const ARRAY_END = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const LETTER_N = 0x6e;

/** As deep as the scanner lets anything be, and one more for a value that was wrapped on the way. */
const DEPTH_MAX = 65;
const NODES_MAX = 200_000;

/** One value: `bytes.subarray(start, end)` of the RawJson it was parsed from. */
export interface JsonNode {
  readonly kind: 'object' | 'array' | 'string' | 'other';
  readonly start: number;
  readonly end: number;
  /** Of an object, by decoded name; of equal names the last one counts, as in Go and JavaScript. */
  readonly members: ReadonlyMap<string, JsonMember>;
  /** Of an array. */
  readonly items: readonly JsonNode[];
}

export interface JsonMember {
  /** Range of the name with its quotes. */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: JsonNode;
}

const NO_MEMBERS: ReadonlyMap<string, JsonMember> = new Map();
const NO_ITEMS: readonly JsonNode[] = [];

function broken(): never {
  throw invalidRequest('failed to parse JSON input: not valid JSON', 'json-malformed');
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Relies on the scanner for the grammar; checks only what keeps it from running on or too deep. */
class TreeParser {
  readonly #bytes: Buffer;
  #nodes = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #space(at: number): number {
    let pos = at;
    while (isSpace(this.#bytes[pos])) pos += 1;
    return pos;
  }

  #stringEnd(at: number): number {
    let pos = at + 1;
    for (;;) {
      const byte = this.#bytes[pos];
      if (byte === undefined) broken();
      if (byte === QUOTE) return pos + 1;
      pos += byte === BACKSLASH ? 2 : 1;
    }
  }

  #otherEnd(at: number): number {
    let pos = at;
    for (;;) {
      const byte = this.#bytes[pos];
      const ends = byte === COMMA || byte === OBJECT_END || byte === ARRAY_END || isSpace(byte);
      if (byte === undefined || ends) break;
      pos += 1;
    }
    return pos > at ? pos : broken();
  }

  node(at: number, depth: number): JsonNode {
    this.#nodes += 1;
    if (depth > DEPTH_MAX || this.#nodes > NODES_MAX) {
      throw invalidRequest('failed to parse JSON input: too complex', 'json-too-complex');
    }
    const first = this.#bytes[at];
    if (first === OBJECT) return this.#object(at, depth);
    if (first === ARRAY) return this.#array(at, depth);
    const isString = first === QUOTE;
    return {
      kind: isString ? 'string' : 'other',
      start: at,
      end: isString ? this.#stringEnd(at) : this.#otherEnd(at),
      members: NO_MEMBERS,
      items: NO_ITEMS,
    };
  }

  #object(start: number, depth: number): JsonNode {
    const members = new Map<string, JsonMember>();
    let pos = this.#space(start + 1);
    while (this.#bytes[pos] !== OBJECT_END) {
      if (this.#bytes[pos] !== QUOTE) broken();
      const keyStart = pos;
      const keyEnd = this.#stringEnd(pos);
      pos = this.#space(keyEnd);
      if (this.#bytes[pos] !== COLON) broken();
      const value = this.node(this.#space(pos + 1), depth + 1);
      members.set(decodeJsonText(this.#bytes, keyStart, keyEnd), { keyStart, keyEnd, value });
      pos = this.#space(value.end);
      if (this.#bytes[pos] === COMMA) pos = this.#space(pos + 1);
      else if (this.#bytes[pos] !== OBJECT_END) broken();
    }
    return { kind: 'object', start, end: pos + 1, members, items: NO_ITEMS };
  }

  #array(start: number, depth: number): JsonNode {
    const items: JsonNode[] = [];
    let pos = this.#space(start + 1);
    while (this.#bytes[pos] !== ARRAY_END) {
      const item = this.node(pos, depth + 1);
      items.push(item);
      pos = this.#space(item.end);
      if (this.#bytes[pos] === COMMA) pos = this.#space(pos + 1);
      else if (this.#bytes[pos] !== ARRAY_END) broken();
    }
    return { kind: 'array', start, end: pos + 1, members: NO_MEMBERS, items };
  }
}

/** Node tree of `raw`, which the scanner has validated. @throws ApiError json-malformed, json-too-complex */
export function parseJsonTree(raw: RawJson): JsonNode {
  return new TreeParser(raw.bytes).node(0, 0);
}

/** A value with the bytes it is a range of. */
interface Placed {
  readonly bytes: Buffer;
  readonly node: JsonNode;
}

function isNull(value: Placed): boolean {
  return value.node.kind === 'other' && value.bytes[value.node.start] === LETTER_N;
}

function writeMerged(out: ByteWriter, target: Placed | null, patch: Placed): void {
  if (patch.node.kind !== 'object') {
    out.range(patch.bytes, patch.node.start, patch.node.end);
    return;
  }
  const old = target?.node.kind === 'object' ? target.node.members : NO_MEMBERS;
  let separator = OBJECT;
  const member = (from: Buffer, at: JsonMember, write: () => void): void => {
    out.byte(separator);
    separator = COMMA;
    out.range(from, at.keyStart, at.keyEnd);
    out.byte(COLON);
    write();
  };
  for (const [name, kept] of old) {
    const changed = patch.node.members.get(name);
    const before = { bytes: (target ?? patch).bytes, node: kept.value };
    if (changed === undefined) {
      member(before.bytes, kept, () => out.range(before.bytes, kept.value.start, kept.value.end));
    } else {
      const after = { bytes: patch.bytes, node: changed.value };
      if (!isNull(after)) member(before.bytes, kept, () => writeMerged(out, before, after));
    }
  }
  for (const [name, added] of patch.node.members) {
    const value = { bytes: patch.bytes, node: added.value };
    if (old.has(name) || isNull(value)) continue;
    member(patch.bytes, added, () => writeMerged(out, null, value));
  }
  if (separator === OBJECT) out.byte(OBJECT);
  out.byte(OBJECT_END);
}

/**
 * JSON merge patch (RFC 7396 section 2) on bytes: what the patch does not name is copied as it stood. The result is a
 * new buffer that the caller owns and wipes.
 */
export function mergePatchJson(target: RawJson, patch: RawJson): RawJson {
  const out = new ByteWriter(target.bytes.length + patch.bytes.length);
  writeMerged(
    out,
    { bytes: target.bytes, node: parseJsonTree(target) },
    { bytes: patch.bytes, node: parseJsonTree(patch) },
  );
  return new RawJson(out.finish());
}

/**
 * The object's names without its values: every leaf, list and empty object becomes null. At `depthMax` levels (0:
 * no limit) what lies deeper is a leaf. A new buffer that the caller owns.
 */
export function subkeysJson(raw: RawJson, depthMax: number): RawJson {
  const out = new ByteWriter(raw.bytes.length);
  const write = (node: JsonNode, depth: number): void => {
    const isLeaf = node.members.size === 0 || (depthMax > 0 && depth > depthMax);
    if (isLeaf) {
      out.ascii(depth === 1 && node.kind === 'object' ? '{}' : 'null');
      return;
    }
    let separator = OBJECT;
    for (const member of node.members.values()) {
      out.byte(separator);
      separator = COMMA;
      out.range(raw.bytes, member.keyStart, member.keyEnd);
      out.byte(COLON);
      write(member.value, depth + 1);
    }
    out.byte(OBJECT_END);
  };
  write(parseJsonTree(raw), 1);
  return new RawJson(out.finish());
}

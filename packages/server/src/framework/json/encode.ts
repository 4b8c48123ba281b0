// From values to JSON bytes, raw members spliced in as they came. The result is one buffer the caller owns and wipes.
import { ByteWriter } from './byte-writer.js';
import { JsonText, type JsonValue, RawJson } from './value.js';

const BRACE = 0x7b;
const COLON = 0x3a;
const COMMA = 0x2c;
const USUAL_BYTES = 8192;

type Members = Readonly<Record<string, JsonValue>>;

/** Not in use: used again and again, wiped in between. As many as are ever used within one another. */
const spare: ByteWriter[] = [];

/** What `write` writes. @throws what it throws; nothing is left of what it wrote before */
export function makeJson(write: (out: ByteWriter) => void): Buffer {
  const out = spare.pop() ?? new ByteWriter(USUAL_BYTES);
  try {
    write(out);
    return Buffer.from(out.view());
  } finally {
    out.clear();
    spare.push(out);
  }
}

/** JSON text of `value`; members that are undefined are left out. Numbers must be finite. */
export function encodeJson(value: JsonValue): Buffer {
  return makeJson((out) => writeJson(out, value));
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** As encodeJson. */
export function writeJson(out: ByteWriter, value: JsonValue): void {
  if (typeof value === 'string') out.string(value);
  else if (value === null || typeof value !== 'object') out.ascii(String(value));
  else if (value instanceof RawJson || value instanceof JsonText) out.bytes(value.bytes);
  else if (isList(value)) writeItems(out, value, (item) => writeJson(out, item ?? null));
  else writeObject(out, value as Members, (member) => writeJson(out, member));
}

/** A JSON array; `write` writes each of its values. */
export function writeItems<T>(out: ByteWriter, items: Iterable<T>, write: (item: T) => void): void {
  let separator = '[';
  for (const item of items) {
    out.ascii(separator);
    separator = ',';
    write(item);
  }
  out.ascii(separator === '[' ? '[]' : ']');
}

/** A JSON object; `write` writes each of its values. Members that are undefined are left out. */
export function writeObject<T>(
  out: ByteWriter,
  members: Readonly<Record<string, T>>,
  write: (member: T, name: string) => void,
): void {
  writeNamed(out, Object.keys(members), (name) => members[name], write);
}

/** As writeObject. */
export function writeMap<T>(
  out: ByteWriter,
  members: ReadonlyMap<string, T>,
  write: (member: T, name: string) => void,
): void {
  writeNamed(out, members.keys(), (name) => members.get(name), write);
}

function writeNamed<T>(
  out: ByteWriter,
  names: Iterable<string>,
  find: (name: string) => T | undefined,
  write: (member: T, name: string) => void,
): void {
  let separator = BRACE;
  for (const name of names) {
    const member = find(name);
    if (member === undefined) continue;
    out.byte(separator);
    separator = COMMA;
    out.string(name);
    out.byte(COLON);
    write(member, name);
  }
  out.ascii(separator === BRACE ? '{}' : '}');
}

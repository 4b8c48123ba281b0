// From values to JSON bytes, raw members spliced in as they came. The result is one buffer the caller owns and wipes.
import { type JsonValue, RawJson } from './value.js';

/** Collects text and raw parts; text that stands together becomes one chunk. */
class Writer {
  readonly #parts: (string | Buffer)[] = [];
  #text = '';

  text(part: string): void {
    this.#text += part;
  }

  raw(part: Buffer): void {
    this.#parts.push(this.#text, part);
    this.#text = '';
  }

  finish(): Buffer {
    if (this.#parts.length === 0) return Buffer.from(this.#text, 'utf8');
    this.#parts.push(this.#text);
    let length = 0;
    for (const part of this.#parts) length += Buffer.byteLength(part);
    const out = Buffer.allocUnsafeSlow(length);
    let at = 0;
    for (const part of this.#parts) {
      at += typeof part === 'string' ? out.write(part, at, 'utf8') : part.copy(out, at);
    }
    return out;
  }
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** True when nothing inside is raw, so that JSON.stringify may do all the work. */
function isPlain(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (value instanceof RawJson) return false;
  if (isList(value)) return value.every(isPlain);
  for (const key in value) if (!isPlain(value[key] ?? null)) return false;
  return true;
}

function write(value: JsonValue, writer: Writer): void {
  if (value instanceof RawJson) {
    writer.raw(value.bytes);
  } else if (isPlain(value)) {
    writer.text(JSON.stringify(value));
  } else if (isList(value)) {
    writer.text('[');
    value.forEach((item, index) => {
      if (index > 0) writer.text(',');
      write(item, writer);
    });
    writer.text(']');
  } else if (typeof value === 'object' && value !== null) {
    let separator = '{';
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue;
      writer.text(`${separator}${JSON.stringify(key)}:`);
      write(member, writer);
      separator = ',';
    }
    writer.text(separator === '{' ? '{}' : '}');
  }
}

/** JSON text of `value`; members that are undefined are left out. */
export function encodeJson(value: JsonValue): Buffer {
  const writer = new Writer();
  write(value, writer);
  return writer.finish();
}

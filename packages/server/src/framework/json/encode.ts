// From values to JSON bytes, raw members spliced in as they came. The result is one buffer the caller owns and wipes.
import { JsonText, type JsonValue, RawJson } from './value.js';

/** Names come again and again; their JSON text is remembered, up to so many of them, and short ones only. */
const NAMES_MAX = 1024;
const NAME_LENGTH_MAX = 32;
const names = new Map<string, string>();

function nameText(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(name)}:`;
  if (names.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) names.set(name, text);
  return text;
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Collects text and raw parts; text that stands together becomes one chunk. */
export class JsonWriter {
  readonly #parts: (string | Buffer)[] = [];
  #text = '';

  /** JSON text, as it is. */
  text(json: string): void {
    this.#text += json;
  }

  value(value: JsonValue): void {
    if (typeof value === 'string') this.#text += JSON.stringify(value);
    else if (value === null || typeof value !== 'object') this.#text += String(value);
    else if (value instanceof RawJson) this.#raw(value.bytes);
    else if (value instanceof JsonText) this.#text += value.text;
    else if (isList(value)) this.#list(value);
    else this.#object(value);
  }

  #raw(part: Buffer): void {
    this.#parts.push(this.#text, part);
    this.#text = '';
  }

  #list(list: readonly JsonValue[]): void {
    if (list.every((item) => typeof item === 'string')) {
      this.#text += JSON.stringify(list);
      return;
    }
    this.#text += '[';
    for (let index = 0; index < list.length; index += 1) {
      if (index > 0) this.#text += ',';
      this.value(list[index] ?? null);
    }
    this.#text += ']';
  }

  #object(value: { readonly [key: string]: JsonValue }): void {
    let separator = '{';
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (member === undefined) continue;
      this.#text += separator + nameText(name);
      separator = ',';
      this.value(member);
    }
    this.#text += separator === '{' ? '{}' : '}';
  }

  /** One buffer that the caller owns and wipes. */
  finish(): Buffer {
    if (this.#parts.length === 0) return Buffer.from(this.#text, 'utf8');
    this.#parts.push(this.#text);
    let length = 0;
    for (const part of this.#parts) length += Buffer.byteLength(part);
    const out = Buffer.allocUnsafe(length);
    let at = 0;
    for (const part of this.#parts) {
      at += typeof part === 'string' ? out.write(part, at, 'utf8') : part.copy(out, at);
    }
    return out;
  }
}

/** JSON text of `value`; members that are undefined are left out. Numbers must be finite. */
export function encodeJson(value: JsonValue): Buffer {
  const writer = new JsonWriter();
  writer.value(value);
  return writer.finish();
}

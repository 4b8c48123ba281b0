// Named inputs of a path: how each is read and described. Values arrive as validated JSON bytes or as text; only
// what a handler really needs becomes a string. Error messages name the field, never its value.

import { parseDurationSeconds } from './duration.js';
import { ApiError, invalidRequest } from './errors.js';
import { decodeJsonString, parseRawJson } from './json/decode.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits, scanJsonObject } from './json/scan.js';
import type { RawJson } from './json/value.js';

/** One input as it came: a member of the JSON body, or text from the path, the query or a form. */
export type RawField =
  | { readonly kind: 'json'; readonly value: RawJson }
  | { readonly kind: 'text'; readonly value: string };

export interface Field<T> {
  /** OpenAPI-ish name: 'string', 'integer', 'number', 'boolean', 'duration', 'string-list', 'map', 'raw', 'bytes'. */
  readonly type: string;
  readonly description: string;
  /** `raw` is null when the request does not have the field. @throws ApiError invalid-request */
  parse(raw: RawField | null, name: string): T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

function fail(name: string, want: string): never {
  throw invalidRequest(`field "${name}" is not valid: want ${want}`, 'field-invalid');
}

/** The value as plain JSON data, text taken as it is. Not for secrets. */
function plain(raw: RawField): unknown {
  return raw.kind === 'text' ? raw.value : parseRawJson(raw.value);
}

function define<T>(
  type: string,
  description: string,
  absent: T,
  read: (value: unknown, name: string) => T,
): Field<T> {
  return {
    type,
    description,
    parse(raw, name) {
      if (raw === null) return absent;
      const value = plain(raw);
      return value === null ? absent : read(value, name);
    },
  };
}

function readString(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return fail(name, 'a string');
}

function readInteger(value: unknown, name: string): number {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  return fail(name, 'a whole number');
}

function readNumber(value: unknown, name: string): number {
  const isText = typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value);
  const number = isText ? Number(value) : value;
  if (typeof number === 'number' && Number.isFinite(number)) return number;
  return fail(name, 'a number');
}

function readBoolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value;
  if (
    value === 'true' ||
    value === '1' ||
    value === 't' ||
    value === 'T' ||
    value === 'True' ||
    value === 'TRUE' ||
    value === 1
  )
    return true;
  if (
    value === 'false' ||
    value === '0' ||
    value === 'f' ||
    value === 'F' ||
    value === 'False' ||
    value === 'FALSE' ||
    value === 0 ||
    value === ''
  )
    return false;
  return fail(name, 'true or false');
}

function readDuration(value: unknown, name: string): number {
  // Clients send what was not set as ''.
  if (value === '') return 0;
  if (typeof value === 'number' || typeof value === 'string') {
    const seconds = parseDurationSeconds(value);
    if (seconds !== null) return seconds;
  }
  return fail(name, 'a duration such as 90, "90s" or "1h30m"');
}

function readStringList(value: unknown, name: string): readonly string[] {
  if (typeof value === 'string') {
    return value === ''
      ? []
      : value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '');
  }
  if (Array.isArray(value)) return value.map((item) => readString(item, name).trim());
  return fail(name, 'a list, or a string with commas');
}

function readKeyValues(value: unknown, name: string): Readonly<Record<string, string>> {
  const out: Record<string, string> = Object.create(null) as Record<string, string>;
  const items = typeof value === 'string' ? [value] : value;
  if (Array.isArray(items)) {
    for (const item of items) {
      const text = readString(item, name);
      const cut = text.indexOf('=');
      if (cut < 1) fail(name, 'a map, or a list of "key=value"');
      out[text.slice(0, cut)] = text.slice(cut + 1);
    }
    return out;
  }
  if (typeof items === 'object' && items !== null) {
    for (const [key, item] of Object.entries(items)) out[key] = readString(item, name);
    return out;
  }
  return fail(name, 'a map, or a list of "key=value"');
}

/** Command lines send objects as text: NAME=@FILE. Held to the bounds of a body, and smaller. */
const MAP_TEXT_LIMITS: JsonLimits = { ...DEFAULT_JSON_LIMITS, bytesMax: 1024 * 1024 };

function readMapText(text: string, name: string): Readonly<Record<string, unknown>> {
  const bytes = Buffer.from(text, 'utf8');
  try {
    scanJsonObject(bytes, MAP_TEXT_LIMITS);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return fail(name, 'an object, or the JSON text of one');
  }
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

function readMap(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') return readMapText(value, name);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return fail(name, 'an object');
}

/** Constructors, one per kind of input. `optional*` give null when absent, so that "not given" can be told from "given as empty". */
export const field = {
  string: (description: string, absent = ''): Field<string> =>
    define('string', description, absent, readString),
  optionalString: (description: string): Field<string | null> =>
    define<string | null>('string', description, null, readString),
  integer: (description: string, absent = 0): Field<number> =>
    define('integer', description, absent, readInteger),
  optionalInteger: (description: string): Field<number | null> =>
    define<number | null>('integer', description, null, readInteger),
  optionalNumber: (description: string): Field<number | null> =>
    define<number | null>('number', description, null, readNumber),
  boolean: (description: string, absent = false): Field<boolean> =>
    define('boolean', description, absent, readBoolean),
  optionalBoolean: (description: string): Field<boolean | null> =>
    define<boolean | null>('boolean', description, null, readBoolean),
  /** Seconds; fractions of a second are cut off. */
  duration: (description: string, absent = 0): Field<number> =>
    define('duration', description, absent, readDuration),
  optionalDuration: (description: string): Field<number | null> =>
    define<number | null>('duration', description, null, readDuration),
  stringList: (description: string): Field<readonly string[]> =>
    define<readonly string[]>('string-list', description, [], readStringList),
  optionalStringList: (description: string): Field<readonly string[] | null> =>
    define<readonly string[] | null>('string-list', description, null, readStringList),
  integerList: (description: string): Field<readonly number[]> =>
    define<readonly number[]>('integer-list', description, [], (value, name) =>
      (Array.isArray(value) ? value : String(value).split(',')).map((item) =>
        readInteger(typeof item === 'string' ? item.trim() : item, name),
      ),
    ),
  keyValues: (description: string): Field<Readonly<Record<string, string>> | null> =>
    define<Readonly<Record<string, string>> | null>('map', description, null, readKeyValues),
  /** An object, or text that is the JSON of one. Not for secrets. */
  map: (description: string): Field<Readonly<Record<string, unknown>> | null> =>
    define<Readonly<Record<string, unknown>> | null>('map', description, null, readMap),
  /** The member as it came, by reference into the request's body; null when absent. For secret values. */
  raw: (description: string): Field<RawJson | null> => ({
    type: 'raw',
    description,
    parse: (raw, name) => {
      if (raw === null) return null;
      return raw.kind === 'json' ? raw.value : fail(name, 'a JSON value in the body');
    },
  }),
  /** The UTF-8 bytes of a string, never made a JavaScript string; null when absent. The handler gives them to `request.own`. */
  bytes: (description: string): Field<Buffer | null> => ({
    type: 'string',
    description,
    parse: (raw, name) => {
      if (raw === null) return null;
      if (raw.kind === 'text') return Buffer.from(raw.value, 'utf8');
      return decodeJsonString(raw.value) ?? fail(name, 'a string');
    },
  }),
};

// Collects a request's inputs: query parameters and body members, body wins. JSON values stay
// bytes.
import { isUtf8 } from 'node:buffer';
import { invalidRequest } from '../framework/errors.js';
import type { RawField } from '../framework/field.js';
import { type JsonLimits, scanJson, scanJsonObject } from '../framework/json/scan.js';
import { RawJson } from '../framework/json/value.js';
import { type Form, parseForm } from './form.js';

export type RawFields = ReadonlyMap<string, RawField>;

const NONE: RawFields = new Map();
const FORM_TYPE = /^application\/x-www-form-urlencoded[ \t]*(;|$)/i;
/** Bodies of these types are for the handler alone. */
const OPAQUE_TYPE = /^application\/(ocsp-request|octet-stream|gzip)[ \t]*(;|$)/i;
/** Vault's clients send snapshots without saying what they are. */
const OPAQUE_PATH = /^sys\/storage\/raft\/snapshot(-force)?$/;

function firstByte(body: Buffer): number {
  let at = 0;
  while (body[at] === 0x20 || body[at] === 0x09 || body[at] === 0x0a || body[at] === 0x0d) at += 1;
  return body[at] ?? 0;
}

function addForm(fields: Map<string, RawField>, form: Form, joined: boolean): void {
  for (const [name, values] of form) {
    const only = values.length === 1 ? values[0] : undefined;
    if (only !== undefined) fields.set(name, { kind: 'text', value: only });
    else if (joined) fields.set(name, { kind: 'text', value: values.join(',') });
    else {
      const list = new RawJson(Buffer.from(JSON.stringify(values), 'utf8'));
      fields.set(name, { kind: 'json', value: list });
    }
  }
}

function addBody(
  fields: Map<string, RawField>,
  body: Buffer,
  contentType: string | null,
  limits: JsonLimits,
): void {
  const first = firstByte(body);
  const isForm = FORM_TYPE.test(contentType ?? '') && first !== 0x7b && first !== 0x5b;
  if (isForm) {
    if (!isUtf8(body)) throw invalidRequest('form is not valid UTF-8', 'form-encoding');
    // Form values become strings: clients that care send JSON.
    addForm(fields, parseForm(body.toString('utf8')), true);
  } else if (first === 0x6e) {
    // `null` stands for no members; anything else that begins like it is malformed.
    scanJson(body, limits);
  } else {
    for (const [name, value] of scanJsonObject(body, limits)) {
      fields.set(name, { kind: 'json', value });
    }
  }
}

/**
 * `body` is empty where the operation takes none; its RawJson values point into it.
 * @throws ApiError json-*, form-*
 */
export function readFields(
  path: string,
  query: Form,
  body: Buffer,
  contentType: string | null,
  limits: JsonLimits,
): RawFields {
  if (query.size === 0 && body.length === 0) return NONE;
  const fields = new Map<string, RawField>();
  if (query.size > 0) {
    addForm(fields, query, false);
    fields.delete('help');
  }
  const isOpaque = OPAQUE_PATH.test(path) || OPAQUE_TYPE.test(contentType ?? '');
  if (body.length > 0 && !isOpaque) addBody(fields, body, contentType, limits);
  return fields;
}

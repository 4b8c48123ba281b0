// JSON objects that an engine keeps as the bytes they came as (KV v1, cubbyhole): checked, never understood.
import type { Request } from './backend.js';
import { invalidRequest } from './errors.js';
import { DEFAULT_JSON_LIMITS, scanJsonObject } from './json/scan.js';
import type { RawJson } from './json/value.js';

/**
 * The request's body, which must be a JSON object with at least one member; the bytes belong to the request.
 * @throws ApiError data-missing and those of scanJsonObject
 */
export function requireBodyObject(request: Request): Buffer {
  const body = request.body ?? Buffer.alloc(0);
  if (body.length === 0 || scanJsonObject(body, DEFAULT_JSON_LIMITS).size === 0) {
    throw invalidRequest('missing data fields', 'data-missing');
  }
  return body;
}

/** The members of a stored object, by reference into `stored`. Has no prototype: any name is only a name. */
export function storedMembers(stored: Buffer): Readonly<Record<string, RawJson>> {
  const members = Object.create(null) as Record<string, RawJson>;
  for (const [name, value] of scanJsonObject(stored, DEFAULT_JSON_LIMITS)) members[name] = value;
  return members;
}

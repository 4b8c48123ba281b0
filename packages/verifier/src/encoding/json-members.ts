// Reads typed members of JSON that carries evidence. Unlike signed documents, a container is ours to
// define: members that nobody asked for are refused.

import { EvidenceError } from '../errors.js';
import { decodeBase64Url } from './base64.js';
import { decodeHex } from './hex.js';
import type { Json, JsonObject } from './strict-json.js';

function malformed(path: string, why: string): EvidenceError {
  return new EvidenceError('malformed', `${path}: ${why}`);
}

/** An object with none but these members. @throws EvidenceError 'malformed' */
export function readObject(
  value: Json | undefined,
  path: string,
  members: readonly string[],
): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(path, 'want an object');
  }
  const object = value as JsonObject;
  for (const name of Object.keys(object)) {
    if (!members.includes(name)) throw malformed(path, 'has a member that it must not have');
  }
  return object;
}

/** @throws EvidenceError 'malformed' */
export function readList(
  value: Json | undefined,
  path: string,
  lengthMax: number,
): readonly Json[] {
  if (!Array.isArray(value)) throw malformed(path, 'want a list');
  if (value.length > lengthMax) throw malformed(path, `more than ${lengthMax} items`);
  return value;
}

/** @throws EvidenceError 'malformed' */
export function readString(value: Json | undefined, path: string): string {
  if (typeof value !== 'string') throw malformed(path, 'want a string');
  return value;
}

/** A whole number from 0 to `max`. @throws EvidenceError 'malformed' */
export function readCount(value: Json | undefined, path: string, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
    return value;
  }
  throw malformed(path, `want a whole number up to ${max}`);
}

/** @throws EvidenceError 'malformed' */
export function readHexBytes(value: Json | undefined, path: string): Uint8Array {
  return decodeHex(readString(value, path));
}

/** Base64 or base64url, padded or not: attesters write all four. @throws EvidenceError 'malformed' */
export function readBase64Bytes(value: Json | undefined, path: string): Uint8Array {
  const text = readString(value, path);
  const dense = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
  return decodeBase64Url(/[+/]/.test(dense) ? toUrlSafe(dense, path) : dense);
}

function toUrlSafe(text: string, path: string): string {
  if (/[-_]/.test(text)) throw malformed(path, 'two kinds of base64');
  return text.replace(/\+/g, '-').replace(/\//g, '_');
}

/** Bytes as a list of numbers, as serde writes them. @throws EvidenceError 'malformed' */
export function readByteList(value: Json | undefined, path: string, lengthMax: number): Uint8Array {
  return Uint8Array.from(
    readList(value, path, lengthMax).map((byte) => readCount(byte, path, 255)),
  );
}

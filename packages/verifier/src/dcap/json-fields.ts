// Reads typed members of Intel's signed JSON documents. Members that are not asked for are left
// alone: Intel adds some, and the signature covers them.

import { decodeHex } from '../encoding/hex.js';
import type { Json, JsonObject } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';

export function invalid(path: string, why: string): EvidenceError {
  return new EvidenceError('collateral-invalid', `${path}: ${why}`);
}

export function objectAt(value: Json | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(path, 'want an object');
  }
  return value as JsonObject;
}

export function listAt<T>(
  value: Json | undefined,
  path: string,
  lengthMax: number,
  read: (item: Json, path: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw invalid(path, 'want a list');
  if (value.length > lengthMax) throw invalid(path, `more than ${lengthMax} items`);
  return value.map((item: Json, index) => read(item, `${path}[${index}]`));
}

export function textAt(value: Json | undefined, path: string): string {
  if (typeof value !== 'string' || value.length > 256) throw invalid(path, 'want a short string');
  return value;
}

/** A whole number from 0 to `max`. */
export function countAt(value: Json | undefined, path: string, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    throw invalid(path, `want a whole number up to ${max}`);
  }
  return value;
}

/** Hex of exactly `length` bytes, in either case. */
export function bytesAt(value: Json | undefined, path: string, length: number): Uint8Array {
  const text = textAt(value, path);
  if (!new RegExp(`^[0-9a-fA-F]{${2 * length}}$`).test(text)) {
    throw invalid(path, `want ${length} bytes in hex`);
  }
  return decodeHex(text);
}

/** RFC 3339 in UTC with whole seconds, as Intel writes it; the date must be in the calendar. */
export function timeAt(value: Json | undefined, path: string): Date {
  const text = textAt(value, path);
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)
    ? new Date(text)
    : new Date(Number.NaN);
  if (Number.isNaN(time.getTime()) || `${time.toISOString().slice(0, 19)}Z` !== text) {
    throw invalid(path, 'want a time such as 2026-01-31T00:00:00Z');
  }
  return time;
}

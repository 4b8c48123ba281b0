// Typed access to parsed CBOR: each read says what it wants and within which bounds. Must never take
// one type for another, or a number that a double cannot hold.

import { EvidenceError } from '../errors.js';
import { type CborEntry, type CborItem, type CborType, describeCbor } from './cbor.js';

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

function wrong(field: string, why: string): EvidenceError {
  return new EvidenceError('malformed', `${field}: ${why}`);
}

function ofType<T extends CborType>(
  item: CborItem,
  type: T,
  field: string,
): Extract<CborItem, { readonly type: T }> {
  if (item.type === type) return item as Extract<CborItem, { readonly type: T }>;
  throw wrong(field, `want ${type}, found ${describeCbor(item)}`);
}

/** A whole number within the bounds. @throws EvidenceError 'malformed', as do all of these */
export function cborInteger(item: CborItem, field: string, bounds: Bounds): number {
  const value = Number(ofType(item, 'integer', field).value);
  if (Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw wrong(field, `want ${bounds.min} to ${bounds.max}`);
}

/** A byte string whose length is within the bounds. */
export function cborBytes(item: CborItem, field: string, length: Bounds): Uint8Array {
  const { value } = ofType(item, 'bytes', field);
  if (value.length >= length.min && value.length <= length.max) return value;
  throw wrong(field, `${value.length} bytes, want ${length.min} to ${length.max}`);
}

/** Text whose length in UTF-16 units is within the bounds. */
export function cborText(item: CborItem, field: string, length: Bounds): string {
  const { value } = ofType(item, 'text', field);
  if (value.length >= length.min && value.length <= length.max) return value;
  throw wrong(field, `${value.length} characters, want ${length.min} to ${length.max}`);
}

export function cborArray(item: CborItem, field: string, count: Bounds): readonly CborItem[] {
  const { items } = ofType(item, 'array', field);
  if (items.length >= count.min && items.length <= count.max) return items;
  throw wrong(field, `${items.length} items, want ${count.min} to ${count.max}`);
}

export function cborMap(item: CborItem, field: string, count: Bounds): readonly CborEntry[] {
  const { entries } = ofType(item, 'map', field);
  if (entries.length >= count.min && entries.length <= count.max) return entries;
  throw wrong(field, `${entries.length} entries, want ${count.min} to ${count.max}`);
}

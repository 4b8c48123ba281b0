// How CoRIM writes maps, identifiers and times in CBOR: integer keys, each of them known. What is not known is refused.

import type { CborEntry, CborItem } from '../encoding/cbor.js';
import { cborInteger, cborMap, cborText } from '../encoding/cbor-fields.js';
import { EvidenceError } from '../errors.js';

const entriesMax = 64;
const textMax = 256;
/** Arcs of an OID, and bits of each: ample for every registered one. */
const oidBytesMax = 64;

export function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `CoRIM: ${why}`);
}

/** It may be good CoRIM, but this package would not know what it asks for. */
export function unsupported(why: string): EvidenceError {
  return new EvidenceError('unsupported-format', `CoRIM: ${why}`);
}

export type Members = ReadonlyMap<number, CborItem>;

/** A map with some of these integer keys and no others. @throws EvidenceError 'malformed' | 'unsupported-format' */
export function readMembers(item: CborItem, field: string, known: readonly number[]): Members {
  const members = new Map<number, CborItem>();
  for (const { key, value } of cborMap(item, field, { min: 0, max: entriesMax })) {
    const number = typeof key === 'bigint' ? Number(key) : Number.NaN;
    if (!known.includes(number)) throw unsupported(`${field}: member ${String(key)}`);
    members.set(number, value);
  }
  return members;
}

export function requireMember(members: Members, key: number, field: string): CborItem {
  const found = members.get(key);
  if (found === undefined) throw malformed(`${field}: no member ${key}`);
  return found;
}

/** The contents of an item with this tag; null if it has none or another. */
export function findTagged(item: CborItem, tag: bigint): CborItem | null {
  return item.type === 'tag' && item.tag === tag ? item.content : null;
}

export function readText(item: CborItem, field: string): string {
  return cborText(item, field, { min: 1, max: textMax });
}

export function readCount(item: CborItem, field: string): number {
  return cborInteger(item, field, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

/** BER contents of an OID (RFC 9090) to dotted decimals. @throws EvidenceError 'malformed' */
export function oidText(contents: Uint8Array): string {
  if (contents.length === 0 || contents.length > oidBytesMax) throw malformed('OID: length');
  const arcs: bigint[] = [];
  let value = 0n;
  let isStart = true;
  for (const byte of contents) {
    if (isStart && byte === 0x80) throw malformed('OID: arc with leading zeros');
    value = (value << 7n) | BigInt(byte & 0x7f);
    isStart = (byte & 0x80) === 0;
    if (!isStart) continue;
    arcs.push(value);
    value = 0n;
  }
  if (!isStart) throw malformed('OID: cut short');
  const [first = 0n, ...rest] = arcs;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join('.');
}

/** #6.1 with whole seconds (RFC 8949, section 3.4.2). */
function readTime(item: CborItem, field: string): Date {
  const seconds = findTagged(item, 1n);
  if (seconds === null) throw malformed(`${field}: want a time`);
  return new Date(1000 * cborInteger(seconds, field, { min: 0, max: 253_402_300_799 }));
}

/** validity-map. @throws EvidenceError 'collateral-not-yet-valid' | 'collateral-expired' */
export function checkValidity(item: CborItem, field: string, now: Date): void {
  const members = readMembers(item, field, [0, 1]);
  const notBefore = members.get(0);
  if (notBefore !== undefined && now < readTime(notBefore, field)) {
    throw new EvidenceError('collateral-not-yet-valid', `CoRIM: ${field}`);
  }
  if (now > readTime(requireMember(members, 1, field), field)) {
    throw new EvidenceError('collateral-expired', `CoRIM: ${field}`);
  }
}

export function entryOf(entries: readonly CborEntry[], label: bigint): CborItem | undefined {
  return entries.find(({ key }) => key === label)?.value;
}

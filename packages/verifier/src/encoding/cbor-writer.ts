// Values to CBOR, in the one deterministic encoding of RFC 8949 section 4.2.1: shortest heads,
// definite lengths, keys in the order of their bytes. Must never write what cbor.ts would refuse.

import { concatBytes } from './bytes.js';
import { encodeHex } from './hex.js';

/** An item with a tag before it. */
export interface CborTagged {
  readonly tag: number;
  readonly content: CborValue;
}

/** Numbers are whole and safe. A Map is a map; there are no plain objects, whose keys are all text. */
export type CborValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<number | string, CborValue>
  | CborTagged;

/** Major type and its argument, in the shortest form. */
function head(major: number, argument: number | bigint): Uint8Array {
  const value = BigInt(argument);
  if (value < 24n) return Uint8Array.of((major << 5) | Number(value));
  const length = value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8;
  const bytes = new Uint8Array(1 + length);
  bytes[0] = (major << 5) | (24 + Math.log2(length));
  let rest = value;
  for (let at = length; at > 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function encodeInteger(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new TypeError('CBOR: not a whole number');
  }
  const whole = BigInt(value);
  if (BigInt.asUintN(64, whole < 0n ? -1n - whole : whole) !== (whole < 0n ? -1n - whole : whole)) {
    throw new TypeError('CBOR: number of more than 64 bits');
  }
  return whole < 0n ? head(1, -1n - whole) : head(0, whole);
}

function encodeMap(map: ReadonlyMap<number | string, CborValue>): Uint8Array {
  const entries = [...map].map(([key, value]) => ({ key: encodeCbor(key), value }));
  const sorted = entries
    .map((entry) => ({ ...entry, order: encodeHex(entry.key) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1));
  const parts = sorted.flatMap(({ key, value }) => [key, encodeCbor(value)]);
  return concatBytes(head(5, map.size), ...parts);
}

/** @throws TypeError for a number that is not whole or has more than 64 bits */
export function encodeCbor(value: CborValue): Uint8Array {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'number' || typeof value === 'bigint') return encodeInteger(value);
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return concatBytes(head(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return concatBytes(head(2, value.length), value);
  if (value instanceof Map) return encodeMap(value);
  if (Array.isArray(value)) return concatBytes(head(4, value.length), ...value.map(encodeCbor));
  const { tag, content } = value as CborTagged;
  return concatBytes(head(6, tag), encodeCbor(content));
}

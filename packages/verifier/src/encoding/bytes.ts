// Byte strings as values: compare, join, copy. Knows no format.

/**
 * Whether both are the same bytes. Takes the same time wherever they differ; only the lengths,
 * which are public in every format here, can be told from the time.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/**
 * A copy in memory of its own. Parsers take one first, so that what was checked cannot be changed
 * afterwards by whoever passed it. (`slice` will not do: on a Node Buffer it makes a view.)
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Not constant time: meant for public padding and reserved fields. */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

export function reverseBytes(bytes: Uint8Array): Uint8Array {
  return copyBytes(bytes).reverse();
}

// Spoils bytes in the ways the fuzz tests want. Holds no test of its own: the name keeps it, and
// fast-check, out of the published package.

import fc from 'fast-check';
import { EvidenceError } from '../errors.js';

/** `valid` with a few bytes changed, cut, doubled or inserted. */
export function mutationsOf(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    kind: fc.constantFrom('flip', 'set', 'cut', 'insert', 'repeat'),
    at: fc.nat(Math.max(0, valid.length - 1)),
    value: fc.nat(255),
    length: fc.integer({ min: 1, max: 8 }),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let bytes = [...valid];
    for (const { kind, at, value, length } of edits) {
      if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ (1 << (value & 7));
      else if (kind === 'set') bytes[at] = value;
      else if (kind === 'cut') bytes.splice(at, length);
      else if (kind === 'insert') bytes.splice(at, 0, value);
      else bytes.splice(at, 0, ...bytes.slice(at, at + length));
      bytes = bytes.map((byte) => byte ?? 0);
    }
    return Uint8Array.from(bytes);
  });
}

/** Fails unless `parse` returns, or throws an EvidenceError, for each of `inputs`. */
export function assertRefusesCleanly(
  inputs: fc.Arbitrary<Uint8Array>,
  parse: (bytes: Uint8Array) => unknown,
  runs = 10_000,
): void {
  const property = fc.property(inputs, (bytes) => {
    try {
      parse(bytes);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
    }
  });
  fc.assert(property, { numRuns: runs });
}

/** Random byte strings, and ones that begin like DER so that they get past the first byte. */
export const randomBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 100 }).map((tail) => Uint8Array.of(0x30, tail.length, ...tail)),
);

// Compares what evidence is bound to with what the session expects. One place for all formats, so
// that no format can compare fewer bytes or skip an empty expectation.

import { equalBytes } from './encoding/bytes.js';
import { EvidenceError } from './errors.js';
import type { ExpectedBinding } from './types.js';

/** REPORT_DATA and its like: 64 bytes in SGX, TDX and SEV-SNP. */
export const bindingBytes = 64;

/**
 * Compares all 64 bytes, in constant time. Says whether they were compared at all.
 * @throws EvidenceError 'binding-mismatch', or 'input-invalid' if the expectation is neither 64 bytes
 *   nor the literal that asks for no check
 */
export function checkBinding(
  seen: Uint8Array,
  expected: ExpectedBinding,
): 'checked' | 'not-checked' {
  if (expected instanceof Uint8Array) {
    if (expected.length !== bindingBytes) {
      throw new EvidenceError('input-invalid', `expected binding: want ${bindingBytes} bytes`);
    }
    if (equalBytes(seen, expected)) return 'checked';
    throw new EvidenceError('binding-mismatch', 'REPORT_DATA is not what this session expects');
  }
  // A caller without types may pass undefined or {}: that must not turn the check off.
  if (expected?.binding === 'not-checked') return 'not-checked';
  throw new EvidenceError('input-invalid', 'expected binding: missing');
}

// Compares what evidence is bound to with what the session expects. One place for all formats, so
// that no format can compare fewer bytes or skip an empty expectation.

import { concatBytes, equalBytes } from './encoding/bytes.js';
import { EvidenceError } from './errors.js';
import type { CryptoProvider } from './provider.js';
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

const nonceDomain = new TextEncoder().encode('vouchsafe nonce v1\0');

/**
 * The nonce of a session for evidence that has room for 32 bytes only: SHA-256 over a domain separator
 * and the 64 bytes of the binding.
 * @throws EvidenceError 'input-invalid' unless the binding is 64 bytes
 */
export async function sessionNonce(
  binding: Uint8Array,
  provider: CryptoProvider,
): Promise<Uint8Array> {
  if (binding.length !== bindingBytes) {
    throw new EvidenceError('input-invalid', `expected binding: want ${bindingBytes} bytes`);
  }
  return provider.digest('sha256', concatBytes(nonceDomain, binding));
}

/**
 * As checkBinding, for evidence that carries a session's 32-byte nonce.
 * @throws EvidenceError 'binding-mismatch' | 'input-invalid'
 */
export async function checkNonce(
  seen: Uint8Array,
  expected: ExpectedBinding,
  provider: CryptoProvider,
): Promise<'checked' | 'not-checked'> {
  if (!(expected instanceof Uint8Array)) return checkBinding(seen, expected);
  if (equalBytes(seen, await sessionNonce(expected, provider))) return 'checked';
  throw new EvidenceError('binding-mismatch', 'the nonce is not the one of this session');
}

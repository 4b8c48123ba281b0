// Which policy names have a meaning of their own, and which may be stored. Names are made canonical by framework.
import { invalidRequest } from '../framework/errors.js';
import { canonicalPolicyName } from '../framework/policy-name.js';

export const ROOT_POLICY = 'root';
export const DEFAULT_POLICY = 'default';
export const RESPONSE_WRAPPING_POLICY = 'response-wrapping';

const NAME_BYTES_MAX = 512;

/** A policy that nobody may write or delete, and that is not stored. */
export function isImmutablePolicy(name: string): boolean {
  const canonical = canonicalPolicyName(name);
  return canonical === ROOT_POLICY || canonical === RESPONSE_WRAPPING_POLICY;
}

/** False for what only the server itself may give to a token (response-wrapping). */
export function isAssignablePolicy(name: string): boolean {
  return canonicalPolicyName(name) !== RESPONSE_WRAPPING_POLICY;
}

/** Whether a canonical name can be stored: 1 to 512 bytes, printable, no empty, "." or ".." segment. */
export function isStorableName(canonical: string): boolean {
  if (Buffer.byteLength(canonical, 'utf8') > NAME_BYTES_MAX) return false;
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(canonical)) return false;
  return canonical.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** The canonical name, checked. @throws ApiError policy-name-invalid */
export function parsePolicyName(name: string): string {
  const canonical = canonicalPolicyName(name);
  if (isStorableName(canonical)) return canonical;
  throw invalidRequest('policy name is not valid', 'policy-name-invalid');
}

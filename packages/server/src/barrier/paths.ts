// Where the barrier and the seal keep what they need to open, and what a key of anybody else may look like.
import { invalidRequest } from '../framework/errors.js';

/** The keyring, under the root key. */
export const KEYRING_PATH = 'core/keyring';
/**
 * The root key, under the keyring's oldest term: for a process that has the database open while another one changes
 * the root key. However many terms it missed, it has the oldest.
 */
export const ROOT_KEY_PATH = 'core/root-key';
/** The root key, under the seal. */
export const WRAPPED_ROOT_KEY_PATH = 'core/hsm/barrier-unseal-keys';
/** Public: kind of seal, number of shares and threshold. */
export const SEAL_CONFIG_PATH = 'core/seal-config';

const PROTECTED = new Set([KEYRING_PATH, ROOT_KEY_PATH, WRAPPED_ROOT_KEY_PATH, SEAL_CONFIG_PATH]);

/** No view gives these out or changes them, not even the whole barrier's. */
export function isProtected(path: string): boolean {
  return PROTECTED.has(path);
}

const CANONICAL = /^[^/\p{Cc}\p{Surrogate}]+(?:\/[^/\p{Cc}\p{Surrogate}]+)*$/u;
const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/;

const SLASH = 0x2f;
const DOT = 0x2e;

/** Nearly every key: printable ASCII, no empty segment, none that begins with a dot. No need of the expressions then. */
function isPlainKey(key: string): boolean {
  let before = SLASH;
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
    if (before === SLASH && (code === SLASH || code === DOT)) return false;
    before = code;
  }
  return before !== SLASH;
}

/** @throws ApiError when `key` has empty, '.' or '..' segments, control characters, or is empty. Never echoes it. */
export function checkCanonicalKey(key: string): void {
  if (isPlainKey(key)) return;
  if (!CANONICAL.test(key) || DOTS.test(key)) {
    throw invalidRequest('storage key is not canonical', 'storage-key');
  }
}

/** As a key, but ending in '/'; or ''. */
export function checkCanonicalFolder(prefix: string): void {
  if (prefix === '') return;
  if (!prefix.endsWith('/')) throw invalidRequest('storage prefix is not a folder', 'storage-key');
  checkCanonicalKey(prefix.slice(0, -1));
}

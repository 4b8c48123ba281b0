// What counts as the name of a key, for every path that takes one.
import { invalidRequest } from '../../framework/errors.js';

/** False for what no key can be called: reading there finds nothing. */
export function isKey(name: string): boolean {
  return name !== '' && !name.endsWith('/');
}

/** For what changes something. @throws ApiError kv-path-missing with Vault's text */
export function requireKey(name: string): string {
  if (name === '') throw invalidRequest('missing path', 'kv-path-missing');
  if (name.endsWith('/')) throw invalidRequest("path cannot end in '/'", 'kv-path-folder');
  return name;
}

// Makes the one canonical path of a request, which is then authorised, audited and routed. Nobody
// below decodes or normalises again.
import { invalidRequest } from '../framework/errors.js';

/**
 * What a path can not hold as it is: escapes, backslashes, empty and dot segments, a leading slash.
 */
const NEEDS_CARE = /[%\\]|^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/;
const NOT_CANONICAL = /^\/|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/;
/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const NOT_PRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

function decode(path: string): string {
  try {
    // Refuses bad escapes, and bytes that are not UTF-8, overlong forms and surrogates included.
    return decodeURIComponent(path);
  } catch {
    throw invalidRequest('path is not valid: bad percent-encoding', 'path-encoding');
  }
}

/**
 * `path` is what stands behind '/v1/' in the request target, without the query; ASCII. Decoded
 * once; '%2F' is a slash.
 * @throws ApiError path-encoding, path-not-printable, path-not-canonical
 */
export function parseApiPath(path: string): string {
  if (!NEEDS_CARE.test(path)) return path;
  if (path.includes('\\')) {
    throw invalidRequest('path is not valid: backslash', 'path-not-canonical');
  }
  const decoded = decode(path);
  if (NOT_PRINTABLE.test(decoded)) {
    throw invalidRequest('path contains non-printable characters', 'path-not-printable');
  }
  if (NOT_CANONICAL.test(decoded)) {
    throw invalidRequest("path is not canonical: empty, '.' or '..' segment", 'path-not-canonical');
  }
  return decoded;
}

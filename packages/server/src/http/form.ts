// Reads application/x-www-form-urlencoded text: queries, and the rare form body. Strict: a pair
// that can not be decoded is refused, not skipped.
import { invalidRequest } from '../framework/errors.js';

const PAIRS_MAX = 512;

/** Values by name, in order. */
export type Form = ReadonlyMap<string, readonly string[]>;

export const EMPTY_FORM: Form = new Map();

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw invalidRequest('query or form is not valid: bad percent-encoding', 'form-encoding');
  }
}

/** @throws ApiError form-encoding, form-too-large */
export function parseForm(text: string): Form {
  if (text === '') return EMPTY_FORM;
  const pairs = text.split('&', PAIRS_MAX + 1);
  if (pairs.length > PAIRS_MAX) {
    throw invalidRequest('query or form has too many parameters', 'form-too-large');
  }
  const form = new Map<string, string[]>();
  for (const pair of pairs) {
    if (pair === '') continue;
    const cut = pair.indexOf('=');
    const name = decode(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? '' : decode(pair.slice(cut + 1));
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}

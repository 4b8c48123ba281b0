// Arguments of a read as query parameters.
import { type ExactJson, type Query, stringifyExactJson } from '@vouchsafe/client';

/** Texts as they are, everything else as JSON. */
export function queryOf(data: Readonly<Record<string, ExactJson>>): Query {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : stringifyExactJson(value),
    ]),
  );
}

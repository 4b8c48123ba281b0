// Headers that the operator adds to answers (custom_response_headers), by status. They never change
// what the answer says of itself: a header that the server sets stays as it is, except
// Strict-Transport-Security.
import type { Answer } from './engine/answer.js';
import { fieldLine } from './engine/answer.js';

/** 'default', a class such as '4xx', or a status → names and values. */
export type ResponseHeaders = ReadonlyMap<string, readonly (readonly [string, string])[]>;

/** The server sets it by default and leaves it to the operator, as Vault does. */
const REPLACEABLE = 'strict-transport-security';

/** Names in lower case → line. */
type Lines = ReadonlyMap<string, string>;

/**
 * Adds the headers for the answer's status: those of the status win over those of its class, and
 * these over the default.
 * @throws TypeError for values that could end a line
 */
export function createHeaderAdder(headers: ResponseHeaders): (answer: Answer) => Answer {
  const byStatus = new Map<number, Lines>();
  const read = (key: string): (readonly [string, string])[] =>
    (headers.get(key) ?? []).map(([name, value]) => [name.toLowerCase(), fieldLine(name, value)]);
  for (const key of headers.keys()) read(key);
  const linesFor = (status: number): Lines => {
    const known = byStatus.get(status);
    if (known !== undefined) return known;
    const found = new Map(
      ['default', `${Math.floor(status / 100)}xx`, String(status)].flatMap(read),
    );
    byStatus.set(status, found);
    return found;
  };
  return (answer) => {
    let { fields } = answer;
    for (const [name, line] of linesFor(answer.status)) {
      const at = findField(fields, name);
      if (at === null) fields += line;
      else if (name === REPLACEABLE) fields = fields.slice(0, at.from) + line + fields.slice(at.to);
    }
    return { ...answer, fields };
  };
}

/** Where the line of that name is; null when there is none. */
function findField(fields: string, name: string): { from: number; to: number } | null {
  for (let from = 0; from < fields.length; ) {
    const to = fields.indexOf('\n', from) + 1;
    if (fields.slice(from, from + name.length + 1).toLowerCase() === `${name}:`)
      return { from, to };
    from = to;
  }
  return null;
}

// Writes JSON data as YAML 1.2 that a YAML 1.1 reader understands the same way. Block style; a text is quoted whenever
// a reader could take it for something else.
import { type ExactJson, ExactNumber } from '@vouchsafe/client';

// Everything YAML 1.1 or 1.2 resolves to null, boolean, number, timestamp, merge key or value key.
const ambiguous =
  /^(?:~|null|true|false|yes|no|on|off|y|n|<<|=|[-+]?\.?(?:inf|nan)|[-+.]?[0-9][0-9a-fx_.,:eo+-]*(?:[tT ][0-9:.zZ+ -]*)?)$/i;
const plain = /^[A-Za-z0-9_./+=<~-](?:[A-Za-z0-9_./+=@~,()' -]|:(?=[^ ]))*$/;

/** Whether the text may stand unquoted as a key or a value. */
function isPlain(text: string): boolean {
  if (!plain.test(text) || ambiguous.test(text)) return false;
  if (/^(?:- |-$|---|\.\.\.)/.test(text) || /^[=<~]/.test(text)) return false;
  return !text.endsWith(' ') && !text.endsWith(':');
}

/** A double-quoted scalar is JSON, plus what YAML calls unprintable. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function formatText(text: string, indent: string): string {
  // A literal block keeps PEM and policies readable; only for texts it cannot distort.
  const asBlock = /^[\x21-\x7e][\x20-\x7e]*(?:\n[\x20-\x7e]*)*\n[\x20-\x7e]*$/.test(text);
  if (asBlock && !/\n\n$/.test(text) && !/ $/m.test(text) && text !== '\n') {
    const chomp = text.endsWith('\n') ? '|' : '|-';
    const lines = text.replace(/\n$/, '').split('\n');
    return `${chomp}\n${lines.map((line) => (line === '' ? '' : `${indent}${line}`)).join('\n')}`;
  }
  return isPlain(text) ? text : quote(text);
}

function formatScalar(value: ExactJson, indent: string): string | null {
  if (value === null) return 'null';
  if (typeof value === 'string') return formatText(value, indent);
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : null;
  if (typeof value === 'object') return Object.keys(value).length === 0 ? '{}' : null;
  return String(value);
}

function formatNested(value: ExactJson, level: number): string {
  const indent = '  '.repeat(level);
  if (Array.isArray(value)) {
    return value
      .map((item: ExactJson) => {
        const scalar = formatScalar(item, `${indent}  `);
        if (scalar !== null) return `${indent}- ${scalar}`;
        return `${indent}- ${formatNested(item, level + 1).trimStart()}`;
      })
      .join('\n');
  }
  const members = value as Readonly<Record<string, ExactJson>>;
  return Object.keys(members)
    .sort()
    .map((key) => {
      const member = members[key] ?? null;
      const name = isPlain(key) ? key : quote(key);
      const scalar = formatScalar(member, `${indent}  `);
      if (scalar !== null) return `${indent}${name}: ${scalar}`;
      const nested = formatNested(member, Array.isArray(member) ? level : level + 1);
      return `${indent}${name}:\n${nested}`;
    })
    .join('\n');
}

/** Members are sorted by name. The caller ends it with a newline, which a last literal block needs. */
export function formatYaml(value: ExactJson): string {
  return formatScalar(value, '  ') ?? formatNested(value, 0);
}

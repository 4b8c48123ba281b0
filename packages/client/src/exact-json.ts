// JSON whose numbers survive: an integer beyond 2^53 or 1.10 comes out as it went in. JSON.parse rounds them, and a
// secret that is read, changed and written back must not change in the places nobody touched.

/** A number that JavaScript cannot hold or would write differently. */
export class ExactNumber {
  /** As it stood in the text; always a valid JSON number. */
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type ExactJson =
  | null
  | boolean
  | number
  | string
  | ExactNumber
  | readonly ExactJson[]
  | { readonly [key: string]: ExactJson };

const depthMax = 512;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const spacePattern = /[ \t\r\n]*/y;

class Reader {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }

  fail(): never {
    // The text may be a secret: only the place is named.
    throw new SyntaxError(`not valid JSON at character ${this.at}`);
  }

  match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.at = pattern.lastIndex;
    return found[0];
  }

  /** Skips white space and says which character comes next, '' at the end. */
  peek(): string {
    this.match(spacePattern);
    return this.text.charAt(this.at);
  }

  take(literal: string): void {
    if (!this.text.startsWith(literal, this.at)) this.fail();
    this.at += literal.length;
  }

  value(depth: number): ExactJson {
    if (depth > depthMax) this.fail();
    switch (this.peek()) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        this.take('true');
        return true;
      case 'f':
        this.take('false');
        return false;
      case 'n':
        this.take('null');
        return null;
      default:
        return this.number();
    }
  }

  string(): string {
    let end = this.text.indexOf('"', this.at + 1);
    while (end > 0 && this.isEscaped(end)) end = this.text.indexOf('"', end + 1);
    if (end < 0) this.fail();
    try {
      // Escapes and control characters are JSON.parse's to judge; its message would quote the text.
      const value: unknown = JSON.parse(this.text.slice(this.at, end + 1));
      this.at = end + 1;
      return String(value);
    } catch {
      return this.fail();
    }
  }

  /** An odd number of backslashes before it. */
  isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.text.charAt(at - 1 - backslashes) === '\\') backslashes += 1;
    return backslashes % 2 === 1;
  }

  number(): number | ExactNumber {
    const token = this.match(numberPattern) ?? this.fail();
    const value = Number(token);
    return String(value) === token ? value : new ExactNumber(token);
  }

  array(depth: number): ExactJson[] {
    const items: ExactJson[] = [];
    this.take('[');
    if (this.peek() === ']') {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(this.value(depth + 1));
      if (this.peek() === ']') {
        this.at += 1;
        return items;
      }
      this.take(',');
    }
  }

  object(depth: number): { [key: string]: ExactJson } {
    const members: { [key: string]: ExactJson } = {};
    this.take('{');
    if (this.peek() === '}') {
      this.at += 1;
      return members;
    }
    for (;;) {
      if (this.peek() !== '"') this.fail();
      const key = this.string();
      this.peek();
      this.take(':');
      // A plain assignment to "__proto__" would set the prototype instead.
      const value = this.value(depth + 1);
      Object.defineProperty(members, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      if (this.peek() === '}') {
        this.at += 1;
        return members;
      }
      this.take(',');
    }
  }
}

/** Reads JSON (RFC 8259), numbers kept exact; of duplicate members the last wins. @throws SyntaxError */
export function parseExactJson(text: string): ExactJson {
  const reader = new Reader(text);
  const value = reader.value(0);
  if (reader.peek() !== '') reader.fail();
  return value;
}

function isArray(value: ExactJson): value is readonly ExactJson[] {
  return Array.isArray(value);
}

/** Whether the value is a JSON object, and not an array, null or an ExactNumber. */
export function isJsonObject(value: unknown): value is { readonly [key: string]: ExactJson } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof ExactNumber)
  );
}

/** Writes JSON; `indent` 0 is one line. Members keep their order, or are sorted by name. */
export function stringifyExactJson(
  value: ExactJson,
  options: { readonly indent?: number; readonly sortKeys?: boolean } = {},
): string {
  const indent = options.indent ?? 0;
  const write = (item: ExactJson, level: number): string => {
    if (item instanceof ExactNumber) return item.text;
    if (typeof item !== 'object' || item === null) return JSON.stringify(item);
    const array = isArray(item);
    const keys = array ? [] : Object.keys(item);
    if (options.sortKeys) keys.sort();
    const parts = array
      ? item.map((entry) => write(entry, level + 1))
      : keys.map((key) => {
          const member = write((item as Record<string, ExactJson>)[key] ?? null, level + 1);
          return `${JSON.stringify(key)}:${indent > 0 ? ' ' : ''}${member}`;
        });
    const [open, close] = array ? ['[', ']'] : ['{', '}'];
    if (parts.length === 0) return open + close;
    if (indent === 0) return open + parts.join(',') + close;
    const inner = `\n${' '.repeat(indent * (level + 1))}`;
    const end = `\n${' '.repeat(indent * level)}${close}`;
    return `${open}${inner}${parts.join(`,${inner}`)}${end}`;
  };
  return write(value, 0);
}

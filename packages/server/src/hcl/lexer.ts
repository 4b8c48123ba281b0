// Cuts HCL1 or JSON text into tokens. Bounded by the text alone: every token consumes at least one character.
import { HclError, type Position } from './tree.js';

export type Syntax = 'hcl' | 'json';

/** Punctuation is its own kind. */
export type TokenKind =
  | 'identifier'
  | 'string'
  | 'number'
  | 'end'
  | '{'
  | '}'
  | '['
  | ']'
  | '='
  | ':'
  | ',';

/** @property text unescaped for strings, as written for identifiers and numbers, '' otherwise. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: Position;
}

const PUNCTUATION: Readonly<Record<Syntax, string>> = { hcl: '{}[]=,', json: '{}[]:,' };
const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy;
const HCL_NUMBER = /-?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y;
const JSON_NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LEADING_ZERO = /^-?0\d/;
const WORD_CHARACTER = /[\p{L}\p{Nd}_.]/u;
const LONE_SURROGATE = /\p{Surrogate}/u;
const HEREDOC_MARK = /<<(-?)([\p{L}_][\p{L}\p{Nd}_.-]*)\r?\n/uy;

const SIMPLE_ESCAPES: Readonly<Record<Syntax, Readonly<Record<string, string>>>> = {
  hcl: {
    '"': '"',
    '\\': '\\',
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
  },
  json: { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' },
};
/** Digits and base of the numeric escapes; JSON has \u only. */
const NUMERIC_ESCAPES: Readonly<Record<string, { digits: number; hcl: boolean }>> = {
  x: { digits: 2, hcl: true },
  u: { digits: 4, hcl: false },
  U: { digits: 8, hcl: true },
};

export class Lexer {
  readonly #text: string;
  readonly #syntax: Syntax;
  #pos = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, syntax: Syntax) {
    this.#text = text;
    this.#syntax = syntax;
    if (text.startsWith('\ufeff')) this.#pos = 1;
  }

  /** The next token; 'end' for ever once the text is used up. @throws HclError hcl-malformed */
  next(): Token {
    this.#skipSpace();
    const at = this.#here();
    const character = this.#text[this.#pos];
    if (character === undefined) return { kind: 'end', text: '', at };
    if (PUNCTUATION[this.#syntax].includes(character)) {
      this.#pos += 1;
      return { kind: character as TokenKind, text: '', at };
    }
    if (character === '"') return { kind: 'string', text: this.#string(at), at };
    if (character === '<' && this.#syntax === 'hcl') {
      return { kind: 'string', text: this.#heredoc(at), at };
    }
    const identifier = this.#take(IDENTIFIER);
    if (identifier !== null) return { kind: 'identifier', text: identifier, at };
    return { kind: 'number', text: this.#number(at), at };
  }

  #here(): Position {
    return { line: this.#line, column: this.#pos - this.#lineStart + 1 };
  }

  #take(expression: RegExp): string | null {
    expression.lastIndex = this.#pos;
    const found = expression.exec(this.#text);
    if (found === null) return null;
    this.#pos += found[0].length;
    return found[0];
  }

  #newline(): void {
    this.#pos += 1;
    this.#line += 1;
    this.#lineStart = this.#pos;
  }

  #skipSpace(): void {
    for (;;) {
      const character = this.#text[this.#pos];
      if (character === '\n') this.#newline();
      else if (character === ' ' || character === '\t' || character === '\r') this.#pos += 1;
      else if (this.#syntax === 'json' || !this.#skipComment(character)) return;
    }
  }

  #skipComment(character: string | undefined): boolean {
    const following = this.#text[this.#pos + 1];
    if (character === '#' || (character === '/' && following === '/')) {
      const end = this.#text.indexOf('\n', this.#pos);
      this.#pos = end < 0 ? this.#text.length : end;
      return true;
    }
    if (character !== '/' || following !== '*') return false;
    const at = this.#here();
    const end = this.#text.indexOf('*/', this.#pos + 2);
    if (end < 0) throw new HclError('hcl-malformed', at, 'comment does not end: want "*/"');
    while (this.#pos < end + 2) {
      if (this.#text[this.#pos] === '\n') this.#newline();
      else this.#pos += 1;
    }
    return true;
  }

  #number(at: Position): string {
    const text = this.#take(this.#syntax === 'json' ? JSON_NUMBER : HCL_NUMBER);
    if (text === null) throw new HclError('hcl-malformed', at, 'unexpected character');
    const following = this.#text[this.#pos];
    const malformed = following !== undefined && WORD_CHARACTER.test(following);
    if (malformed || LEADING_ZERO.test(text)) {
      throw new HclError('hcl-malformed', at, 'not a number: want decimal digits or a string');
    }
    return text;
  }

  #string(at: Position): string {
    let out = '';
    this.#pos += 1;
    for (;;) {
      const character = this.#text[this.#pos];
      if (character === undefined || character === '\n' || character === '\r') {
        throw new HclError('hcl-malformed', at, "string does not end on its line: want '\"'");
      }
      if (character === '"') break;
      if (character === '\\') out += this.#escape();
      else {
        if (character === '\0' || (this.#syntax === 'json' && character < ' ')) {
          throw new HclError('hcl-malformed', this.#here(), 'control character in a string');
        }
        out += character;
        this.#pos += 1;
      }
    }
    this.#pos += 1;
    this.#refuseUnreadable(out, at);
    return out;
  }

  /** Lone surrogates have no UTF-8; an open "${" means that a quote inside it was taken for the end. */
  #refuseUnreadable(text: string, at: Position): void {
    if (LONE_SURROGATE.test(text)) {
      throw new HclError('hcl-malformed', at, 'string is not valid Unicode');
    }
    const open = this.#syntax === 'hcl' ? text.lastIndexOf('${') : -1;
    if (open >= 0 && text.indexOf('}', open) < 0) {
      throw new HclError('hcl-malformed', at, '"${" does not end: interpolation is not evaluated');
    }
  }

  #escape(): string {
    const at = this.#here();
    const letter = this.#text[this.#pos + 1] ?? '';
    const simple = SIMPLE_ESCAPES[this.#syntax][letter];
    if (simple !== undefined) {
      this.#pos += 2;
      return simple;
    }
    const numeric = NUMERIC_ESCAPES[letter];
    if (numeric === undefined || (numeric.hcl && this.#syntax === 'json')) {
      throw new HclError('hcl-malformed', at, 'unknown escape in a string');
    }
    const digits = this.#text.slice(this.#pos + 2, this.#pos + 2 + numeric.digits);
    const code = /^[0-9a-fA-F]+$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
    if (digits.length !== numeric.digits || !(code <= 0x10ffff) || code === 0) {
      throw new HclError(
        'hcl-malformed',
        at,
        `escape is not valid: want ${numeric.digits} hexadecimal digits of a character`,
      );
    }
    this.#pos += 2 + numeric.digits;
    return code <= 0xffff ? String.fromCharCode(code) : String.fromCodePoint(code);
  }

  /** `<<MARK` keeps its lines as they are; `<<-MARK` takes off the indentation that the closing mark has. */
  #heredoc(at: Position): string {
    HEREDOC_MARK.lastIndex = this.#pos;
    const opening = HEREDOC_MARK.exec(this.#text);
    if (opening === null) {
      throw new HclError('hcl-malformed', at, 'heredoc has no mark: want "<<MARK" and a new line');
    }
    const [whole, dash, mark] = opening;
    this.#pos += whole.length - 1;
    this.#newline();
    const lines: string[] = [];
    for (;;) {
      const end = this.#text.indexOf('\n', this.#pos);
      const line = this.#text.slice(this.#pos, end < 0 ? undefined : end);
      const indentation = closingIndentation(line, mark ?? '', dash === '-');
      if (indentation !== null) {
        this.#pos += line.length;
        return joinHeredoc(lines, indentation);
      }
      if (end < 0) throw new HclError('hcl-malformed', at, 'heredoc does not end: want its mark');
      lines.push(line);
      this.#pos = end;
      this.#newline();
    }
  }
}

/** White space before the mark when `line` closes the heredoc, else null. */
function closingIndentation(line: string, mark: string, mayIndent: boolean): string | null {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (!text.endsWith(mark)) return null;
  const indentation = text.slice(0, text.length - mark.length);
  if (indentation === '') return '';
  return mayIndent && /^[ \t]+$/.test(indentation) ? indentation : null;
}

function joinHeredoc(lines: readonly string[], indentation: string): string {
  const indented = lines.every((line) => line.startsWith(indentation) || line.trim() === '');
  const cut = indented ? indentation.length : 0;
  return lines.map((line) => `${line.slice(cut)}\n`).join('');
}

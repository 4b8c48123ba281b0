// Reads HCL1 (the subset that policies and configuration files use) or its JSON form into a tree.
// Must never evaluate anything, and never put a value of the text into an error.
import { Lexer, type Token, type TokenKind } from './lexer.js';
import {
  DEFAULT_HCL_LIMITS,
  HclError,
  type HclItem,
  type HclLimits,
  type HclValue,
  type Position,
} from './tree.js';

const START: Position = { line: 1, column: 1 };

/** Counts nodes and depth for both grammars. */
class Budget {
  readonly #limits: HclLimits;
  #nodes = 0;

  constructor(limits: HclLimits) {
    this.#limits = limits;
  }

  spend(at: Position, depth: number): void {
    this.#nodes += 1;
    if (this.#nodes > this.#limits.nodesMax) {
      throw new HclError('hcl-too-complex', at, `more than ${this.#limits.nodesMax} items`);
    }
    if (depth > this.#limits.depthMax) {
      throw new HclError('hcl-too-complex', at, `nested deeper than ${this.#limits.depthMax}`);
    }
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the text';
    case 'identifier':
      return 'a bare word';
    case 'string':
      return 'a string';
    case 'number':
      return 'a number';
    default:
      return `"${token.kind}"`;
  }
}

function unexpected(token: Token, want: string): HclError {
  return new HclError('hcl-malformed', token.at, `want ${want}, got ${describe(token)}`);
}

function numberValue(token: Token): HclValue {
  const negativeHex = token.text.startsWith('-0x') || token.text.startsWith('-0X');
  const value = negativeHex ? -Number(token.text.slice(1)) : Number(token.text);
  if (!Number.isFinite(value)) {
    throw new HclError('hcl-malformed', token.at, 'number is too large');
  }
  return { kind: 'number', value, text: token.text, at: token.at };
}

abstract class TreeReader {
  readonly #lexer: Lexer;
  protected readonly budget: Budget;
  protected token: Token;

  constructor(lexer: Lexer, limits: HclLimits) {
    this.#lexer = lexer;
    this.budget = new Budget(limits);
    this.token = lexer.next();
  }

  protected is(kind: TokenKind): boolean {
    return this.token.kind === kind;
  }

  protected advance(): Token {
    const taken = this.token;
    this.token = this.#lexer.next();
    return taken;
  }

  /** The token that opens is current; the one that closes is consumed. */
  protected list(depth: number): HclValue {
    const { at } = this.advance();
    const items: HclValue[] = [];
    while (!this.is(']')) {
      items.push(this.value(depth + 1));
      if (this.is(',')) {
        this.advance();
        this.#refuseTrailingComma();
      } else if (!this.is(']')) throw unexpected(this.token, '"," or "]"');
    }
    this.advance();
    return { kind: 'list', items, at };
  }

  #refuseTrailingComma(): void {
    if (this.is(']') && !this.allowsTrailingComma) {
      throw unexpected(this.token, 'a value');
    }
  }

  protected abstract readonly allowsTrailingComma: boolean;
  /** The opening brace is current; the closing one is consumed. */
  protected abstract object(depth: number): HclValue;

  protected value(depth: number): HclValue {
    const { token } = this;
    this.budget.spend(token.at, depth);
    switch (token.kind) {
      case 'string':
        this.advance();
        return { kind: 'string', value: token.text, at: token.at };
      case 'number':
        this.advance();
        return numberValue(token);
      case '[':
        return this.list(depth);
      case '{':
        return this.object(depth);
      case 'identifier':
        if (token.text !== 'true' && token.text !== 'false') {
          throw unexpected(token, 'a value (text goes in double quotes)');
        }
        this.advance();
        return { kind: 'boolean', value: token.text === 'true', at: token.at };
      default:
        throw unexpected(token, 'a value');
    }
  }
}

class HclReader extends TreeReader {
  protected override readonly allowsTrailingComma = true;

  /** Items up to `close`, which is not consumed. A comma after an item is allowed inside an object only. */
  items(close: 'end' | '}', depth: number): HclItem[] {
    const items: HclItem[] = [];
    while (!this.is(close)) {
      items.push(this.#item(depth));
      if (close === '}' && this.is(',')) this.advance();
    }
    return items;
  }

  #item(depth: number): HclItem {
    const { at } = this.token;
    this.budget.spend(at, depth);
    const keys: string[] = [];
    while (this.is('identifier') || this.is('string')) {
      keys.push(this.advance().text);
      this.budget.spend(at, depth);
    }
    const [key, ...labels] = keys;
    if (key === undefined) throw unexpected(this.token, 'a name');
    if (this.is('{')) return { key, labels, value: this.object(depth), at };
    if (!this.is('=')) throw unexpected(this.token, '"=" or "{"');
    if (labels.length > 0) throw unexpected(this.token, '"{" behind a label');
    this.advance();
    return { key, labels, value: this.value(depth), at };
  }

  protected override object(depth: number): HclValue {
    const { at } = this.advance();
    const items = this.items('}', depth + 1);
    this.advance();
    return { kind: 'object', items, at };
  }
}

class JsonReader extends TreeReader {
  protected override readonly allowsTrailingComma = false;

  document(): readonly HclItem[] {
    const { at } = this.token;
    const value = this.value(0);
    if (!this.is('end')) throw unexpected(this.token, 'the end of the text');
    if (value.kind !== 'object') throw new HclError('hcl-malformed', at, 'want an object');
    return value.items;
  }

  protected override object(depth: number): HclValue {
    const { at } = this.advance();
    const items: HclItem[] = [];
    while (!this.is('}')) {
      if (!this.is('string')) throw unexpected(this.token, 'a key in double quotes');
      const key = this.advance();
      this.budget.spend(key.at, depth);
      if (!this.is(':')) throw unexpected(this.token, '":"');
      this.advance();
      items.push({ key: key.text, labels: [], value: this.value(depth + 1), at: key.at });
      if (this.is(',')) {
        this.advance();
        if (!this.is('string')) throw unexpected(this.token, 'a key in double quotes');
      } else if (!this.is('}')) throw unexpected(this.token, '"," or "}"');
    }
    this.advance();
    return { kind: 'object', items, at };
  }
}

/**
 * The items of a text, in order, repetitions kept. A text whose first character is "{" is JSON. JSON's null is
 * refused: leave the key out instead.
 * @throws HclError hcl-malformed, hcl-too-large, hcl-too-complex
 */
export function parseHcl(text: string, limits: HclLimits = DEFAULT_HCL_LIMITS): readonly HclItem[] {
  if (Buffer.byteLength(text, 'utf8') > limits.bytesMax) {
    throw new HclError('hcl-too-large', START, `text is larger than ${limits.bytesMax} bytes`);
  }
  if (/^[\ufeff\s]*\{/.test(text))
    return new JsonReader(new Lexer(text, 'json'), limits).document();
  return new HclReader(new Lexer(text, 'hcl'), limits).items('end', 0);
}

// Text of a JSON object put together member by member. Members that say nothing are left out, as Vault does.

/** For what may be legible only; secrets go through the formatter's byte writer. */
export class MemberText {
  #text = '';

  /** @param json JSON text, as it is. */
  json(name: string, json: string): this {
    this.#text += `${this.#text === '' ? '' : ','}"${name}":${json}`;
    return this;
  }

  string(name: string, value: string): this {
    return value === '' ? this : this.json(name, JSON.stringify(value));
  }

  strings(name: string, values: readonly string[]): this {
    return values.length === 0 ? this : this.json(name, JSON.stringify(values));
  }

  number(name: string, value: number): this {
    return value === 0 ? this : this.json(name, String(value));
  }

  /** The members, without braces. */
  get members(): string {
    return this.#text;
  }

  /** The object. */
  get object(): string {
    return `{${this.#text}}`;
  }
}

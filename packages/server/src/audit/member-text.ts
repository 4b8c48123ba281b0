// Text of a JSON object put together member by member. Members that say nothing are left out, as Vault does.

/** For what may be legible only; secrets go through the formatter's byte writer. */
export class MemberText {
  #text = '';

  /** @param json JSON text, as it is. */
  json(name: string, json: string): this {
    this.#text += `${this.#text === '' ? '' : ','}"${name}":${json}`;
    return this;
  }

  /** @param members as `members` gives them; '' adds nothing. */
  all(members: string): this {
    if (members !== '') this.#text += this.#text === '' ? members : `,${members}`;
    return this;
  }

  /** For values of our own making: ids, hashes, names of operations. Nothing in them may need escaping. */
  plain(name: string, value: string): this {
    return value === '' ? this : this.json(name, `"${value}"`);
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

  /** The object up to where another member may follow. */
  get open(): string {
    return `{${this.#text}${this.#text === '' ? '' : ','}`;
  }
}

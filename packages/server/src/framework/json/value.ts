// JSON that is passed on rather than understood: secret values stay bytes from socket to storage and back.

/**
 * One validated JSON value, as it came, by reference into a buffer that somebody else owns and wipes.
 * `bytes` holds exactly the value: no white space around it.
 */
export class RawJson {
  readonly bytes: Buffer;
  /**
   * Names these very bytes: wherever the name is seen again, so are they. For who makes something of them and remembers
   * it (never them). Null when they have no name.
   */
  readonly name: string | null;

  constructor(bytes: Buffer, name: string | null = null) {
    this.bytes = bytes;
    this.name = name;
  }

  /** Never its content: a RawJson that strays into a log or a template says only that it is one. */
  toString(): string {
    return '[raw json]';
  }

  toJSON(): string {
    return '[raw json]';
  }
}

/** What a response is made of. Numbers must be finite. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | RawJson
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

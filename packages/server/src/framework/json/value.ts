// JSON that is passed on rather than understood: secret values stay bytes from socket to storage and back.

/** So many of those who remember something of the same bytes: audit devices. */
const OWNERS_MAX = 4;

/**
 * Stands for bytes that never change, while they themselves come and go: whoever made something of them can remember it
 * here, never the bytes. Keeps what the last one remembered, and for each of the others what they did: audit devices are few,
 * and mostly one. As many live as there are caches that hold one.
 */
export class Identity {
  #owner: object | null = null;
  #made: Buffer | null = null;
  #others: Identity | null = null;

  /** What `owner` remembered; null when it did not, or too many others did since. */
  find(owner: object): Buffer | null {
    if (this.#owner === owner) return this.#made;
    return this.#others?.find(owner) ?? null;
  }

  remember(owner: object, made: Buffer): void {
    this.#add(owner, made, OWNERS_MAX);
  }

  #add(owner: object, made: Buffer, ownersMax: number): void {
    if (ownersMax === 0) return;
    if (this.#owner !== null && this.#made !== null && this.#owner !== owner) {
      this.#others ??= new Identity();
      this.#others.#add(this.#owner, this.#made, ownersMax - 1);
    }
    this.#owner = owner;
    this.#made = made;
  }
}

/**
 * One validated JSON value, as it came, by reference into a buffer that somebody else owns and wipes.
 * `bytes` holds exactly the value: no white space around it.
 */
export class RawJson {
  readonly bytes: Buffer;
  /** Of these very bytes: where it is seen again, so are they. Null when they have none. */
  readonly identity: Identity | null;

  constructor(bytes: Buffer, identity: Identity | null = null) {
    this.bytes = bytes;
    this.identity = identity;
  }

  /** Never its content: a RawJson that strays into a log or a template says only that it is one. */
  toString(): string {
    return '[raw json]';
  }

  toJSON(): string {
    return '[raw json]';
  }
}

/** JSON made beforehand, because it is answered again and again. Nothing secret: nobody wipes it. */
export class JsonText {
  readonly bytes: Buffer;
  readonly identity: Identity = new Identity();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** What a response is made of. Numbers must be finite. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | RawJson
  | JsonText
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

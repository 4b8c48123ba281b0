// The header names the server acts on, found by their bytes without making a string. Other headers
// are checked and otherwise left as bytes.
import { TOKEN_LOWER } from './syntax.js';

/** The engine's own, at fixed positions. */
export const HOST = 0;
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const CONNECTION = 3;
export const EXPECT = 4;
const ENGINE_NAMES = ['host', 'content-length', 'transfer-encoding', 'connection', 'expect'];

/**
 * Position of the first watched header that is not the engine's own; the others follow in order.
 */
export const ENGINE_HEADERS: number = ENGINE_NAMES.length;

export interface WatchedHeader {
  /** Lower case. */
  readonly name: string;
  /** May stand in a head more than once; `find` then gives the last one. */
  readonly repeatable: boolean;
}

/** Same sum as the head parser makes while it checks a name: over lower-case token bytes. */
export function addToHash(hash: number, lowerByte: number): number {
  return (Math.imul(hash, 31) + lowerByte) | 0;
}

export class HeaderTable {
  readonly names: readonly string[];
  readonly #repeatable: readonly boolean[];
  readonly #byHash = new Map<number, number>();

  /** @throws TypeError when two names have the same hash: pick another multiplier then. */
  constructor(watched: readonly WatchedHeader[]) {
    this.names = [...ENGINE_NAMES, ...watched.map((header) => header.name)];
    this.#repeatable = this.names.map(
      (name, index) =>
        index === CONNECTION || watched.some((header) => header.name === name && header.repeatable),
    );
    this.names.forEach((name, index) => {
      let hash = 0;
      for (const byte of Buffer.from(name, 'latin1')) hash = addToHash(hash, byte);
      if (this.#byHash.has(hash)) throw new TypeError(`header table: "${name}" collides`);
      this.#byHash.set(hash, index);
    });
  }

  /** Position of a watched name. @throws TypeError when it is not watched */
  indexOf(name: string): number {
    const index = this.names.indexOf(name);
    if (index < 0) throw new TypeError(`header table: "${name}" is not watched`);
    return index;
  }

  isRepeatable(index: number): boolean {
    return this.#repeatable[index] ?? false;
  }

  /**
   * Position of the name in `bytes[start, end)`, whose hash is `hash`; -1 when it is not watched.
   */
  match(hash: number, bytes: Buffer, start: number, end: number): number {
    const index = this.#byHash.get(hash);
    if (index === undefined) return -1;
    const name = this.names[index] ?? '';
    if (name.length !== end - start) return -1;
    for (let i = 0; i < name.length; i += 1) {
      if (TOKEN_LOWER[bytes[start + i] as number] !== name.charCodeAt(i)) return -1;
    }
    return index;
  }
}

// A parsed request head: the few facts the engine needs as values, everything else as places in
// bytes that are wiped with the request. Header values become strings only when somebody asks for
// them.
import type { HeaderTable } from './header-table.js';
import type { Region } from './region.js';
import { COLON, CR, HTAB, SP } from './syntax.js';

export interface RequestLine {
  readonly method: string;
  /** As sent, ASCII; begins with '/', or is '*' for OPTIONS. */
  readonly target: string;
  readonly minorVersion: 0 | 1;
}

const NONE: ReadonlyMap<string, string> = new Map();

export class RequestHead {
  readonly method: string;
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly keepAlive: boolean;
  readonly #region: Region;
  readonly #table: HeaderTable;
  /** Start and end of each watched header's value, -1 when absent. */
  readonly #places: readonly number[];
  readonly #fieldsStart: number;
  readonly #fieldsEnd: number;
  #wiped = false;

  /**
   * Takes over one hold on `region`. Field lines lie in `[fieldsStart, fieldsEnd)`, already
   * validated.
   */
  constructor(
    line: RequestLine,
    keepAlive: boolean,
    region: Region,
    table: HeaderTable,
    places: readonly number[],
    fieldsStart: number,
    fieldsEnd: number,
  ) {
    this.method = line.method;
    this.target = line.target;
    this.minorVersion = line.minorVersion;
    this.keepAlive = keepAlive;
    this.#region = region;
    this.#table = table;
    this.#places = places;
    this.#fieldsStart = fieldsStart;
    this.#fieldsEnd = fieldsEnd;
  }

  /**
   * Bytes of a watched header, by its position in the table; null when absent. Wiped with the
   * request.
   */
  findBytes(index: number): Buffer | null {
    const start = this.#places[2 * index] ?? -1;
    if (start < 0 || this.#wiped) return null;
    return this.#region.bytes.subarray(start, this.#places[2 * index + 1]);
  }

  /** As text; for headers that hold no secret. */
  findText(index: number): string | null {
    const start = this.#places[2 * index] ?? -1;
    if (start < 0 || this.#wiped) return null;
    return this.#region.bytes.toString('latin1', start, this.#places[2 * index + 1]);
  }

  /**
   * All headers but those at `except`, names in lower case, repeated ones joined by ', '. Empty
   * once the request has been wiped.
   */
  readAll(except: readonly number[]): ReadonlyMap<string, string> {
    if (this.#wiped) return NONE;
    const secret = new Set(except.map((index) => this.#table.names[index]));
    const { bytes } = this.#region;
    const all = new Map<string, string>();
    for (let at = this.#fieldsStart; at < this.#fieldsEnd; ) {
      const colon = bytes.indexOf(COLON, at);
      const lineEnd = bytes.indexOf(CR, colon);
      const name = bytes.toString('latin1', at, colon).toLowerCase();
      if (!secret.has(name)) {
        const value = bytes.toString('latin1', colon + 1, lineEnd).replace(/^[ \t]+|[ \t]+$/g, '');
        const before = all.get(name);
        all.set(name, before === undefined ? value : `${before}, ${value}`);
      }
      at = lineEnd + 2;
    }
    return all;
  }

  /** Lets the bytes go; the last holder wipes them. */
  release(): void {
    if (this.#wiped) return;
    this.#wiped = true;
    this.#region.release();
  }
}

/** Moves `start` and `end` past optional white space (RFC 9110 section 5.6.3). */
export function trimStart(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
  return at;
}

export function trimEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === SP || bytes[at - 1] === HTAB)) at -= 1;
  return at;
}

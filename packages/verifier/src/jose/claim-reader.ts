// Typed members of a token's payload. Members that are not asked for are left alone: issuers add some,
// and the signature covers them. A member of another type than its issuer documents is a refusal, never
// a default.

import type { Json, JsonObject } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';

const textMax = 4096;
const listMax = 256;

function describe(path: string, want: string): EvidenceError {
  return new EvidenceError('claim-invalid', `${path}: want ${want}`);
}

/** `getX` refuses what is missing, `findX` returns null for it; both refuse another type. */
export class ClaimReader {
  readonly object: JsonObject;
  readonly #path: string;

  constructor(object: JsonObject, path: string) {
    this.object = object;
    this.#path = path;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.object, name);
  }

  get names(): readonly string[] {
    return Object.keys(this.object);
  }

  findText(name: string): string | null {
    const value = this.#find(name);
    if (value === null) return null;
    if (typeof value !== 'string' || value.length > textMax) throw this.invalid(name, 'a string');
    return value;
  }

  getText(name: string): string {
    return this.#present(name, this.findText(name), 'a string');
  }

  findFlag(name: string): boolean | null {
    const value = this.#find(name);
    if (value === null || typeof value === 'boolean') return value;
    throw this.invalid(name, 'true or false');
  }

  getFlag(name: string): boolean {
    return this.#present(name, this.findFlag(name), 'true or false');
  }

  /** A whole number from 0 up; times of RFC 7519 too, which RFC 9711 wants without fractions. */
  findCount(name: string): number | null {
    const value = this.#find(name);
    if (value === null) return null;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.invalid(name, 'a whole number');
    }
    return value;
  }

  getCount(name: string): number {
    return this.#present(name, this.findCount(name), 'a whole number');
  }

  /** Lower-case hex of exactly `length` bytes. */
  findHex(name: string, length: number): string | null {
    const value = this.findText(name);
    if (value === null) return null;
    if (value.length !== 2 * length || !/^[0-9a-fA-F]*$/.test(value)) {
      throw this.invalid(name, `${length} bytes in hex`);
    }
    return value.toLowerCase();
  }

  getHex(name: string, length: number): string {
    return this.#present(name, this.findHex(name, length), `${length} bytes in hex`);
  }

  findTexts(name: string): readonly string[] | null {
    const value = this.#find(name);
    if (value === null) return null;
    if (!Array.isArray(value) || value.length > listMax) throw this.invalid(name, 'a list');
    return value.map((item: Json) => {
      if (typeof item !== 'string' || item.length > textMax) throw this.invalid(name, 'strings');
      return item;
    });
  }

  findObject(name: string): ClaimReader | null {
    const value = this.#find(name);
    if (value === null) return null;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.invalid(name, 'an object');
    return new ClaimReader(value as JsonObject, `${this.#path}.${name}`);
  }

  getObject(name: string): ClaimReader {
    return this.#present(name, this.findObject(name), 'an object');
  }

  invalid(name: string, want: string): EvidenceError {
    return describe(`${this.#path}.${name}`, want);
  }

  /** null in JSON says the same as leaving it out. */
  #find(name: string): Exclude<Json, null> | null {
    return (Object.hasOwn(this.object, name) ? this.object[name] : null) ?? null;
  }

  #present<T>(name: string, value: T | null, want: string): T {
    if (value === null) throw this.invalid(name, want);
    return value;
  }
}

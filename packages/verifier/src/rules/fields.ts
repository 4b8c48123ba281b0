// Reads policy and reference documents strictly: every key is known, every value has its type, every
// list is bounded. A typing mistake in a policy must never weaken it silently.
import { EvidenceError } from '../errors.js';

const listMax = 4096;
const textMax = 4096;

export function refuse(path: string, why: string): EvidenceError {
  return new EvidenceError('input-invalid', `${path}: ${why}`);
}

/** A plain object with no keys but these (any keys if `known` is null). */
export function readObject(
  value: unknown,
  path: string,
  known: readonly string[] | null,
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(path, 'want an object');
  }
  const keys = Object.keys(value);
  if (keys.length > listMax) throw refuse(path, 'too many keys');
  for (const key of keys) {
    if (known !== null && !known.includes(key)) throw refuse(path, `unknown key "${key}"`);
  }
  return value as Readonly<Record<string, unknown>>;
}

export function readList<T>(
  value: unknown,
  path: string,
  read: (item: unknown, path: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw refuse(path, 'want a list');
  if (value.length > listMax) throw refuse(path, 'list is too long');
  return Object.freeze(value.map((item: unknown, index) => read(item, `${path}[${index}]`)));
}

export function readMap<T>(
  value: unknown,
  path: string,
  read: (item: unknown, path: string) => T,
): Readonly<Record<string, T>> {
  const out: Record<string, T> = {};
  for (const [key, item] of Object.entries(readObject(value, path, null))) {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(key)) throw refuse(path, 'key is not a name');
    out[key] = read(item, `${path}.${key}`);
  }
  return Object.freeze(out);
}

export function readText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw refuse(path, 'want a string');
  if (value === '' || value.length > textMax) throw refuse(path, 'string is empty or too long');
  return value;
}

/** A whole number from 0 up. */
export function readCount(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw refuse(path, 'want a whole number from 0 up');
  }
  return value;
}

export function readFlag(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw refuse(path, 'want true or false');
  return value;
}

export function readOneOf<T extends string>(
  value: unknown,
  path: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw refuse(path, `want one of ${choices.join(', ')}`);
  return found;
}

export function readHex(value: unknown, path: string): string {
  const text = readText(value, path);
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(text)) throw refuse(path, 'want hex');
  return text.toLowerCase();
}

export function readNullable<T>(
  value: unknown,
  path: string,
  read: (value: unknown, path: string) => T,
): T | null {
  return value === null ? null : read(value, path);
}

/** The member of a document by that name, or `missing`, frozen, if the document does not have it. */
export function readOr<T>(
  document: Readonly<Record<string, unknown>>,
  name: string,
  path: string,
  missing: T,
  read: (value: unknown, path: string) => T,
): T {
  const value = document[name];
  return value === undefined ? Object.freeze(missing) : read(value, `${path}.${name}`);
}

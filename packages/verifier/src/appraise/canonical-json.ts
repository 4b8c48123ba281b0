// One text for one value, so that policies and reference values can be addressed by their digest.
// RFC 8785: keys in UTF-16 order, no white space, numbers as ECMAScript prints them.
import { EvidenceError } from '../errors.js';
import type { CryptoProvider } from '../provider.js';

const depthMax = 32;

/** @throws EvidenceError 'input-invalid' for what JSON cannot carry unchanged: undefined, NaN, functions, class instances. */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > depthMax) throw unusable('too deep');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw unusable('lone surrogate in a string');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unusable('number is not finite');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(',')}]`;
  if (typeof value !== 'object') throw unusable(`cannot carry ${typeof value}`);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unusable('only plain objects');
  }
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([k, v]) => `${write(k, depth)}:${write(v, depth + 1)}`).join(',')}}`;
}

function unusable(why: string): EvidenceError {
  return new EvidenceError('input-invalid', `canonical JSON: ${why}`);
}

/** The address of a policy or of reference values: `sha256:` and 64 hex digits over its canonical JSON. */
export async function digestOf(value: unknown, provider: CryptoProvider): Promise<string> {
  const text = new TextEncoder().encode(canonicalJson(value));
  const digest = await provider.digest('sha256', text);
  return `sha256:${Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('')}`;
}

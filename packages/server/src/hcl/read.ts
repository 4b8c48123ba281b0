// Typed reading of a tree: blocks, attributes, scalars, unknown keys. Knows no particular file's keys.
// Errors name the key and its position, never a value.
import { parseDurationSeconds } from '../framework/duration.js';
import { HclError, type HclItem, type HclValue, type Position } from './tree.js';

/** One `key "label" { … }`, however it was written. */
export interface HclBlock {
  readonly labels: readonly string[];
  readonly items: readonly HclItem[];
  readonly at: Position;
}

const KIND_NAMES: Readonly<Record<HclValue['kind'], string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list',
  object: 'a block',
};
const NEAREST_LENGTH_MAX = 64;

/** `"key" is a number: want a list of strings`. For values whose kind is right and content is not: 'hcl-bad-value'. */
export function wrongType(item: HclItem, want: string, got: HclValue = item.value): HclError {
  return new HclError(
    'hcl-wrong-type',
    got.at,
    `"${printableKey(item.key)}" is ${KIND_NAMES[got.kind]}: want ${want}`,
  );
}

/** A key fit for a message: cut to 64 characters, '?' for what is not plain text. */
export function printableKey(key: string): string {
  return key.slice(0, NEAREST_LENGTH_MAX).replace(/[^A-Za-z0-9_.-]/g, '?');
}

/**
 * All blocks called `key` in order, with exactly `labelCount` labels. Nested objects give labels too, and lists
 * of objects repeat, as the JSON form needs. @throws HclError hcl-wrong-type
 */
export function readBlocks(
  items: readonly HclItem[],
  key: string,
  labelCount: number,
): readonly HclBlock[] {
  const blocks: HclBlock[] = [];
  const expand = (item: HclItem, labels: readonly string[], value: HclValue): void => {
    if (labels.length > labelCount) {
      throw new HclError('hcl-wrong-type', item.at, `"${key}" has too many labels`);
    }
    if (value.kind === 'list') {
      for (const element of value.items) expand(item, labels, element);
    } else if (value.kind !== 'object') {
      const want = labels.length < labelCount ? `${key} "name" { … }` : 'a block in braces';
      throw new HclError('hcl-wrong-type', item.at, `"${key}" is not a block: want ${want}`);
    } else if (labels.length === labelCount) {
      blocks.push({ labels, items: value.items, at: item.at });
    } else {
      for (const inner of value.items) {
        expand(inner, [...labels, inner.key, ...inner.labels], inner.value);
      }
    }
  };
  for (const item of items) if (item.key === key) expand(item, item.labels, item.value);
  return blocks;
}

/** The attribute called `key`, or null. @throws HclError hcl-duplicate-key, hcl-wrong-type */
export function findAttribute(items: readonly HclItem[], key: string): HclItem | null {
  let found: HclItem | null = null;
  for (const item of items) {
    if (item.key !== key) continue;
    if (found !== null) {
      const detail = `"${key}" is set twice, first on line ${found.at.line}`;
      throw new HclError('hcl-duplicate-key', item.at, detail);
    }
    if (item.labels.length > 0) {
      throw new HclError('hcl-wrong-type', item.at, `"${key}" takes no label`);
    }
    found = item;
  }
  return found;
}

/** Text; a number or a boolean counts as its spelling, as HCL1 decoders do. @throws HclError hcl-wrong-type */
export function readString(item: HclItem): string {
  return scalarText(item.value) ?? raise(wrongType(item, 'a string'));
}

/** A list of texts; one text alone counts as a list of one. @throws HclError hcl-wrong-type */
export function readStringList(item: HclItem): readonly string[] {
  const values = item.value.kind === 'list' ? item.value.items : [item.value];
  return values.map(
    (value) => scalarText(value) ?? raise(wrongType(item, 'a list of strings', value)),
  );
}

/** true, false, 1, 0, and the same as text. @throws HclError hcl-wrong-type, hcl-bad-value */
export function readBoolean(item: HclItem): boolean {
  const text = scalarText(item.value)?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  throw badValue(item, 'want true or false');
}

/** A whole number from `min` to `max`. @throws HclError hcl-bad-value */
export function readInteger(item: HclItem, min: number, max: number): number {
  const text = scalarText(item.value) ?? '';
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw badValue(item, `want a whole number from ${min} to ${max}`);
}

/** Seconds. @throws HclError hcl-bad-value */
export function readDurationSeconds(item: HclItem): number {
  const text = scalarText(item.value) ?? '';
  const seconds = parseDurationSeconds(text);
  if (seconds !== null) return seconds;
  throw badValue(item, 'want a duration such as 90, "90s" or "1h30m"');
}

/** Members of an object, or of the objects of a list (the JSON form). @throws HclError hcl-wrong-type */
export function readMembers(item: HclItem): readonly HclItem[] {
  if (item.value.kind === 'object') return item.value.items;
  if (item.value.kind !== 'list') throw wrongType(item, 'a block');
  return item.value.items.flatMap((value) => {
    if (value.kind !== 'object') throw wrongType(item, 'a block', value);
    return value.items;
  });
}

/** A map of texts. @throws HclError hcl-wrong-type, hcl-duplicate-key */
export function readStringMap(item: HclItem): Readonly<Record<string, string>> {
  const out = Object.create(null) as Record<string, string>;
  for (const member of readMembers(item)) {
    if (member.key in out) {
      throw new HclError(
        'hcl-duplicate-key',
        member.at,
        `"${printableKey(member.key)}" is set twice`,
      );
    }
    out[member.key] = readString(member);
  }
  return out;
}

/** `"key" is not valid: want …` */
export function badValue(item: HclItem, want: string): HclError {
  const detail = `"${printableKey(item.key)}" is not valid: ${want}`;
  return new HclError('hcl-bad-value', item.value.at, detail);
}

/** Says which key the author may have meant. */
export function unknownKey(item: HclItem, known: Iterable<string>): HclError {
  const nearest = findNearest(item.key, known);
  const hint = nearest === null ? '' : `: did you mean "${nearest}"?`;
  const detail = `unknown key "${printableKey(item.key)}"${hint}`;
  return new HclError('hcl-unknown-key', item.at, detail);
}

/** @throws HclError hcl-unknown-key for the first item whose key is not among `known` */
export function refuseUnknownKeys(items: readonly HclItem[], known: ReadonlySet<string>): void {
  for (const item of items) if (!known.has(item.key)) throw unknownKey(item, known);
}

/** The known word that is at most a third of its letters (and at most 3) away, or null. */
export function findNearest(word: string, known: Iterable<string>): string | null {
  if (word.length > NEAREST_LENGTH_MAX) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate);
    const limit = Math.min(3, Math.max(1, Math.floor(candidate.length / 3)));
    if (distance <= limit && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Letters to insert, drop, change or swap with their neighbour. Both words are bounded by the callers. */
function editDistance(left: string, right: string): number {
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1;
      const swapped = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      row.push(
        Math.min(
          (previous[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (previous[j - 1] ?? 0) + change,
          swapped && i > 1 && j > 1 ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = previous;
    previous = row;
  }
  return previous[right.length] ?? 0;
}

function scalarText(value: HclValue): string | null {
  switch (value.kind) {
    case 'string':
      return value.value;
    case 'number':
      return value.text;
    case 'boolean':
      return String(value.value);
    default:
      return null;
  }
}

function raise(error: HclError): never {
  throw error;
}

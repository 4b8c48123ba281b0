// Where a token lies in the store's view, and what points at it. Entry and indexes are written in one commit, so
// that an index never points at nothing and nothing is ever unreachable.
import { expiryKey } from '../framework/expiry-index.js';
import type { Write } from '../framework/storage.js';
import { encodeEntry, type TokenEntry } from './entry.js';
import type { SaltedNames } from './token-format.js';

export const ID_PREFIX = 'id/';
export const ACCESSOR_PREFIX = 'accessor/';
export const PARENT_PREFIX = 'parent/';
export const EXPIRE_PREFIX = 'expire/';
export const PATH_PREFIX = 'path/';

/** An index key says all there is to say; stores want a value. */
const MARK = Buffer.from('1');

export function idKey(id: string): string {
  return ID_PREFIX + id;
}

/** Accessors are salted too, so that whoever reads the disk can not name a token to the API. */
export function accessorKey(names: SaltedNames, accessor: string): string {
  return ACCESSOR_PREFIX + names.of(accessor);
}

export function childKey(parentId: string, childId: string): string {
  return `${PARENT_PREFIX}${parentId}/${childId}`;
}

function markKeys(entry: TokenEntry): readonly string[] {
  const keys = [`${PATH_PREFIX}${entry.path}/${entry.id}`];
  if (entry.parentId !== '') keys.push(childKey(entry.parentId, entry.id));
  if (entry.expiresAt !== null) keys.push(expiryKey(EXPIRE_PREFIX, entry.expiresAt, entry.id));
  return keys;
}

/** What an accessor leads to. */
export interface AccessorRecord {
  readonly accessor: string;
  readonly tokenId: string;
}

export function createWrites(names: SaltedNames, entry: TokenEntry): readonly Write[] {
  const record: AccessorRecord = { accessor: entry.accessor, tokenId: entry.id };
  return [
    { put: idKey(entry.id), value: encodeEntry(entry) },
    { put: accessorKey(names, entry.accessor), value: Buffer.from(JSON.stringify(record)) },
    ...markKeys(entry).map((key) => ({ put: key, value: MARK })),
  ];
}

/** The entry and those index keys that moved. */
export function changeWrites(before: TokenEntry, after: TokenEntry): readonly Write[] {
  const old = markKeys(before);
  const fresh = markKeys(after);
  return [
    { put: idKey(after.id), value: encodeEntry(after) },
    ...old.filter((key) => !fresh.includes(key)).map((key) => ({ delete: key })),
    ...fresh.filter((key) => !old.includes(key)).map((key) => ({ put: key, value: MARK })),
  ];
}

export function removeWrites(names: SaltedNames, entry: TokenEntry): readonly Write[] {
  return [
    { delete: idKey(entry.id) },
    { delete: accessorKey(names, entry.accessor) },
    ...markKeys(entry).map((key) => ({ delete: key })),
  ];
}

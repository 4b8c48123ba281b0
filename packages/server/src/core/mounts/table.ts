// The mount table: stored as one entry, changed only by a commit that expects the version it was read at, and cached
// for exactly that version. Every request asks storage whether it moved.
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import { ApiError, invalidRequest } from '../../framework/errors.js';
import {
  type Entry,
  type Place,
  retryOnConflict,
  type Storage,
  type Version,
} from '../../framework/storage.js';
import { defaultMounts, isProtectedMount, type MountEntry } from './entry.js';

const KEY = 'mounts';
const MOUNTS_MAX = 10_000;
const PATH_BYTES_MAX = 512;

/** One consistent state of the table. Replaced as a whole, never changed. */
export interface MountSnapshot {
  readonly version: Version;
  readonly entries: readonly MountEntry[];
  readonly byPath: ReadonlyMap<string, MountEntry>;
}

function snapshotOf(version: Version, entries: readonly MountEntry[]): MountSnapshot {
  return { version, entries, byPath: new Map(entries.map((entry) => [entry.path, entry])) };
}

/** Canonical mount path: one trailing slash, none in front. @throws ApiError naming what is wrong with it. */
export function canonicalMountPath(path: string): string {
  // Before anything looks for slashes in it: that work grows with the square of their number.
  const isLong = path.length > PATH_BYTES_MAX;
  const trimmed = isLong ? path : path.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') throw invalidRequest('path must be specified', 'mount-path-empty');
  if (isLong || Buffer.byteLength(trimmed) > PATH_BYTES_MAX) {
    throw invalidRequest(`path is longer than ${PATH_BYTES_MAX} bytes`, 'mount-path-too-long');
  }
  if (!/^[\x21-\x7e]+$/.test(trimmed) || /[*+%?#\\]/.test(trimmed)) {
    throw invalidRequest('path holds a character that a mount cannot have', 'mount-path-invalid');
  }
  if (trimmed.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw invalidRequest('path holds an empty or relative segment', 'mount-path-invalid');
  }
  return `${trimmed}/`;
}

export class MountTable {
  readonly #storage: Storage;
  readonly #place: Place;
  /** Replaced, never mutated; valid for its own version only. */
  #snapshot: MountSnapshot | null = null;

  /** `storage` is the core view. */
  constructor(storage: Storage) {
    this.#storage = storage;
    this.#place = storage.locate(KEY);
  }

  /** Writes the table of a new server, with `extra` mounts beside the default ones. Does nothing when one exists. */
  async create(extra: readonly MountEntry[]): Promise<void> {
    if ((await this.#storage.get(KEY)) !== null) return;
    const value = Buffer.from(JSON.stringify([...defaultMounts(), ...extra]));
    await this.#storage.commit([{ put: KEY, value }], [{ key: KEY, version: null }]);
  }

  /** The table as storage has it now. */
  current(): Awaitable<MountSnapshot> {
    const known = this.#snapshot;
    if (known === null)
      return andThen(this.#storage.get(this.#place), (found) => this.#adopt(found));
    return andThen(this.#storage.getUnless(this.#place, known.version), (found) =>
      found === 'unchanged' ? known : this.#adopt(found),
    );
  }

  #adopt(found: Entry | null): MountSnapshot {
    if (found === null) {
      throw new ApiError('internal', 'mount table is missing', { code: 'mount-table-missing' });
    }
    const entries = JSON.parse(found.value.toString('utf8')) as MountEntry[];
    this.#snapshot = snapshotOf(found.version, entries);
    return this.#snapshot;
  }

  /** Whether a mount has that UUID, wherever it is by now, and is not on its way out. */
  async isServing(uuid: string): Promise<boolean> {
    const { entries } = await this.current();
    return entries.some((entry) => entry.uuid === uuid && !entry.tainted);
  }

  /** Read, change, write; again when somebody else was faster. `change` throws ApiError to refuse. */
  async change(
    change: (entries: readonly MountEntry[]) => readonly MountEntry[],
  ): Promise<MountSnapshot> {
    return await retryOnConflict(async () => {
      const snapshot = await this.current();
      const entries = change(snapshot.entries);
      await this.#storage.commit(
        [{ put: KEY, value: Buffer.from(JSON.stringify(entries)) }],
        [{ key: KEY, version: snapshot.version }],
      );
      return await this.current();
    });
  }

  async add(entry: MountEntry): Promise<void> {
    await this.change((entries) => {
      if (entries.length >= MOUNTS_MAX) {
        throw invalidRequest(`more than ${MOUNTS_MAX} mounts`, 'mounts-too-many');
      }
      refuseOverlap(entries, entry.path);
      return [...entries, entry];
    });
  }

  async replace(path: string, update: (entry: MountEntry) => MountEntry): Promise<MountEntry> {
    const snapshot = await this.change((entries) => {
      if (!entries.some((entry) => entry.path === path && !entry.tainted)) throw noMount(path);
      return entries.map((entry) => (entry.path === path ? update(entry) : entry));
    });
    const entry = snapshot.byPath.get(path);
    if (entry === undefined) throw noMount(path);
    return entry;
  }

  /** Marks the mount as on its way out, so that it routes nowhere. Idempotent. */
  async taint(path: string): Promise<MountEntry> {
    refuseProtected(path, 'unmount');
    const snapshot = await this.change((entries) => {
      if (!entries.some((entry) => entry.path === path)) throw noMount(path);
      return entries.map((entry) => (entry.path === path ? { ...entry, tainted: true } : entry));
    });
    const entry = snapshot.byPath.get(path);
    if (entry === undefined) throw noMount(path);
    return entry;
  }

  async remove(uuid: string): Promise<void> {
    await this.change((entries) => entries.filter((entry) => entry.uuid !== uuid));
  }

  /** @throws ApiError when move() would be refused as the table is now. For what has to happen before a move. */
  async checkMove(from: string, to: string): Promise<void> {
    withMoved((await this.current()).entries, from, to);
  }

  async move(from: string, to: string): Promise<void> {
    await this.change((entries) => withMoved(entries, from, to));
  }
}

function withMoved(
  entries: readonly MountEntry[],
  from: string,
  to: string,
): readonly MountEntry[] {
  refuseProtected(from, 'remount');
  const moved = entries.find((entry) => entry.path === from && !entry.tainted);
  if (moved === undefined) {
    throw invalidRequest(`no matching mount at "${from}"`, 'mount-not-found');
  }
  if (moved.path.startsWith('auth/') !== to.startsWith('auth/')) {
    throw invalidRequest('cannot move between secrets engines and auth methods', 'mount-kind');
  }
  const others = entries.filter((entry) => entry !== moved);
  refuseOverlap(others, to, `path already in use at "${to}"`);
  return [...others, { ...moved, path: to }];
}

function refuseProtected(path: string, verb: 'unmount' | 'remount'): void {
  if (!isProtectedMount(path)) return;
  const text =
    path === 'auth/token/' && verb === 'unmount'
      ? 'token credential backend cannot be disabled'
      : `cannot ${verb} "${path}"`;
  throw invalidRequest(text, 'mount-protected');
}

/** A mount may be neither another's prefix nor below one: routing would depend on order. */
function refuseOverlap(entries: readonly MountEntry[], path: string, text?: string): void {
  const isReserved =
    /^(auth\/)?(sys|auth|audit|root)\/$/.test(path) || /^(sys|cubbyhole|identity)\//.test(path);
  if (isReserved) throw invalidRequest(`cannot mount "${path}"`, 'mount-path-reserved');
  for (const entry of entries) {
    if (entry.path === path) {
      const shown = path.replace(/^auth\//, '');
      throw invalidRequest(text ?? `path is already in use at ${shown}`, 'mount-path-in-use');
    }
    if (entry.path.startsWith(path) || path.startsWith(entry.path)) {
      throw invalidRequest(`existing mount at ${entry.path}`, 'mount-path-overlaps');
    }
  }
}

function noMount(path: string): ApiError {
  const text = path.startsWith('auth/')
    ? `No auth engine at ${path.slice('auth/'.length)}`
    : `No secret engine mount at ${path}`;
  return invalidRequest(text, 'mount-not-found');
}

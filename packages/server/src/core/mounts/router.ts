// From a canonical path to the mount and the declared path that answer it. Holds one backend per mount uuid,
// made when the table first shows it and closed when it is gone.

import { type Awaitable, andThen } from '../../framework/awaitable.js';
import type { Backend, MountInfo, Path } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import type { MountEntry } from './entry.js';
import type { MountSnapshot, MountTable } from './table.js';

/** A mounted backend with its declared paths indexed by their first literal segment. */
export interface Mounted {
  readonly entry: MountEntry;
  readonly info: MountInfo;
  readonly backend: Backend;
}

export interface Route {
  readonly mounted: Mounted;
  /** Below the mount. */
  readonly path: string;
  /** Null when the mount declares no such path. */
  readonly declared: Path | null;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Live extends Mounted {
  readonly index: ReadonlyMap<string, readonly Path[]>;
  readonly open: readonly Path[];
}

const NO_PARAMETERS: Readonly<Record<string, string>> = Object.freeze({});

function indexPaths(paths: readonly Path[]): Pick<Live, 'index' | 'open'> {
  const index = new Map<string, Path[]>();
  const open: Path[] = [];
  for (const path of paths) {
    const first = /^([^:/(]+)/.exec(path.pattern)?.[1];
    const whole = first !== undefined && /^[^:/(]+(\/|\(\/\)|$)/.test(path.pattern);
    if (first === undefined || !whole) {
      open.push(path);
      continue;
    }
    const list = index.get(first) ?? [];
    list.push(path);
    index.set(first, list);
  }
  return { index, open };
}

/** Makes the backend of one mount; given by core, which knows the factories and the views. */
export type MountOpener = (entry: MountEntry) => Promise<{ info: MountInfo; backend: Backend }>;

export class Router {
  readonly #table: MountTable;
  readonly #open: MountOpener;
  readonly #live = new Map<string, Promise<Live>>();
  /** Short cut for the hot path: entries of one snapshot are the same objects for every request. */
  readonly #opened = new WeakMap<MountEntry, Live>();
  /** The table state that `#live` was last swept for. */
  #swept: MountSnapshot | null = null;

  constructor(table: MountTable, open: MountOpener) {
    this.#table = table;
    this.#open = open;
  }

  /** Null when no mount covers the path, or the one that does is being removed. */
  find(path: string): Awaitable<Route | null> {
    return andThen(this.#table.current(), (snapshot) => {
      const entry = this.#entryFor(path, snapshot);
      if (entry === null) return null;
      const rest = path.slice(entry.path.length);
      return andThen(this.#mounted(entry), (live) => match(live, rest));
    });
  }

  #entryFor(path: string, snapshot: MountSnapshot): MountEntry | null {
    if (snapshot !== this.#swept) this.#sweep(snapshot);
    let entry: MountEntry | undefined;
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      entry = snapshot.byPath.get(path.slice(0, slash + 1));
      if (entry !== undefined) break;
    }
    entry ??= snapshot.byPath.get(`${path}/`);
    return entry === undefined || entry.tainted ? null : entry;
  }

  /** The backend of an entry; used for lease and token events too. */
  async mounted(entry: MountEntry): Promise<Mounted> {
    return await this.#mounted(entry);
  }

  async close(): Promise<void> {
    const all = [...this.#live.values()];
    this.#live.clear();
    for (const live of all) await (await live).backend.close?.();
  }

  #mounted(entry: MountEntry): Awaitable<Live> {
    return this.#opened.get(entry) ?? this.#openEntry(entry);
  }

  async #openEntry(entry: MountEntry): Promise<Live> {
    const key = identity(entry);
    const known = this.#live.get(key);
    if (known !== undefined) return this.#remember(entry, await known);
    const opening = this.#open(entry).then(({ info, backend }) => ({
      entry,
      info,
      backend,
      ...indexPaths(backend.paths),
    }));
    this.#live.set(key, opening);
    opening.catch(() => this.#live.delete(key));
    return this.#remember(entry, await opening);
  }

  #remember(entry: MountEntry, live: Live): Live {
    const current = { ...live, entry };
    this.#opened.set(entry, current);
    return current;
  }

  /** Drops what the table no longer shows, or shows differently. */
  #sweep(snapshot: MountSnapshot): void {
    this.#swept = snapshot;
    const wanted = new Set(snapshot.entries.map(identity));
    for (const [key, live] of this.#live) {
      if (wanted.has(key)) continue;
      this.#live.delete(key);
      live.then((mounted) => mounted.backend.close?.()).catch(() => undefined);
    }
  }
}

/** A backend lives as long as everything it was made from stays the same. */
function identity(entry: MountEntry): string {
  return JSON.stringify([entry.uuid, entry.path, entry.type, entry.options, entry.config]);
}

function match(live: Live, path: string): Route {
  const slash = path.indexOf('/');
  const first = slash === -1 ? path : path.slice(0, slash);
  for (const list of [live.index.get(first), live.open]) {
    for (const declared of list ?? []) {
      const parameters = declared.match(path);
      if (parameters !== null) return { mounted: live, path, declared, parameters };
    }
  }
  return { mounted: live, path, declared: null, parameters: NO_PARAMETERS };
}

/** 404 with Vault's text; told only to callers who may use that path. */
export function noHandler(path: string): ApiError {
  return new ApiError(
    'unsupported-path',
    `no handler for route "${path}". route entry not found.`,
    {
      code: 'no-mount',
    },
  );
}

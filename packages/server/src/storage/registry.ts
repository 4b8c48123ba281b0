// The storage engines by the name of their configuration stanza. Read by main.ts alone.
import type { StorageEngine } from './engine.js';
import { LevelDbEngine } from './leveldb.js';
import { MemoryEngine } from './memory.js';

/** Settings of the stanza `storage "NAME" { … }`, as text. */
export type StorageSettings = Readonly<Record<string, string>>;

export interface StorageFactory {
  /** Said once at start; null when there is nothing to say. */
  readonly warning: string | null;
  /** @throws StorageOpenError; TypeError when a setting is missing. */
  open(settings: StorageSettings): Promise<StorageEngine>;
}

async function openFile(settings: StorageSettings): Promise<StorageEngine> {
  const directory = settings.path;
  if (directory === undefined || directory === '')
    throw new TypeError('storage: "path" must be set');
  return await LevelDbEngine.open({ directory });
}

export const storageEngines: ReadonlyMap<string, StorageFactory> = new Map([
  ['file', { warning: null, open: openFile }],
  [
    'raft',
    {
      warning:
        'storage "raft" is served by the "file" engine: one node, no cluster; snapshots and joins of raft do not apply',
      open: openFile,
    },
  ],
  [
    'inmem',
    {
      warning: 'storage "inmem" forgets everything when the server stops',
      open: async () => new MemoryEngine(),
    },
  ],
]);

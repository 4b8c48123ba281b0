// sys/storage/raft: what clients of a raft cluster ask. The storage is never a cluster here, also where the configuration
// calls it raft, so each of these is refused as Vault refuses it on any other storage.
import type { Operation, Path } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { path } from '../framework/path.js';

const PATHS: readonly (readonly [string, readonly Operation[]])[] = [
  ['storage/raft/configuration', ['read']],
  ['storage/raft/join', ['update']],
  ['storage/raft/remove-peer', ['update']],
  ['storage/raft/promote', ['update']],
  ['storage/raft/demote', ['update']],
  ['storage/raft/snapshot', ['read', 'update']],
  ['storage/raft/snapshot-force', ['update']],
  ['storage/raft/autopilot/state', ['read']],
  ['storage/raft/autopilot/configuration', ['read', 'update']],
];

async function refuse(): Promise<never> {
  throw invalidRequest('raft storage is not in use', 'raft-not-in-use');
}

export function raftPaths(): readonly Path[] {
  return PATHS.map(([pattern, operations]) =>
    path({
      pattern,
      help: { synopsis: 'Refused: the storage is no raft cluster.', description: '' },
      fields: {},
      operations: Object.fromEntries(operations.map((operation) => [operation, refuse])),
    }),
  );
}

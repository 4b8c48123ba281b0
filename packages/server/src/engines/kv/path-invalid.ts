// What KV v2 answers on paths that only a KV v1 client would use: nothing, with a warning that says what to do.
import type { Operation, Path, Response } from '../../framework/backend.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';

const COMMANDS: Readonly<Record<Operation, string>> = {
  read: 'vault kv get',
  create: 'vault kv put',
  update: 'vault kv put',
  patch: 'vault kv patch',
  delete: 'vault kv delete',
  list: 'vault kv list',
  scan: 'vault kv scan',
};

/** The folders themselves, which Vault calls roots here; the root of the mount is a v1 path like any other. */
const FOLDERS: ReadonlySet<string> = new Set(['data', 'metadata', 'delete', 'undelete', 'destroy']);

async function answer(operation: Operation, path: string): Promise<Response> {
  const isFolder = FOLDERS.has(path) && operation !== 'list' && operation !== 'scan';
  const warning = isFolder
    ? 'Non-listing operations on the root of a K/V v2 mount are not supported.'
    : 'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. ' +
      `If using the Vault CLI, use '${COMMANDS[operation]}' for this operation.`;
  return { outcome: 'missing', warnings: [warning] };
}

export function invalidPath(): Path {
  return path({
    pattern: ':path*',
    help: {
      synopsis: 'Not a path of this mount.',
      description: 'Values are below data/, what is known about keys below metadata/.',
    },
    fields: { path: field.string('Any path.') },
    operations: {
      read: (_, values) => answer('read', values.path),
      create: (_, values) => answer('create', values.path),
      update: (_, values) => answer('update', values.path),
      patch: (_, values) => answer('patch', values.path),
      delete: (_, values) => answer('delete', values.path),
      list: (_, values) => answer('list', values.path),
      scan: (_, values) => answer('scan', values.path),
    },
  });
}

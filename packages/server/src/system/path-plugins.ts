// sys/plugins/catalog, to read: every backend is built in, and nothing can be added to a running server.
import type { Path } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import { builtinVersion } from './mount-view.js';
import type { SystemParts } from './parts.js';

const HELP = { synopsis: 'Backends that can be mounted.', description: 'All of them built in.' };
const KINDS: ReadonlyMap<string, 'secret' | 'auth' | null> = new Map([
  ['secret', 'secret'],
  ['auth', 'auth'],
  ['database', null],
]);

export function pluginPaths(parts: SystemParts): readonly Path[] {
  const names = (type: string): readonly string[] => {
    const kind = KINDS.get(type);
    if (kind === undefined) throw invalidRequest('unsupported plugin type', 'plugin-type');
    return kind === null ? [] : parts.core.active.mounts.types(kind);
  };
  const version = builtinVersion(parts.facts);
  const describe = (type: string, name: string) => ({
    name,
    type,
    builtin: true,
    version,
    deprecation_status: 'supported',
  });
  return [
    path({
      pattern: 'plugins/catalog(/)',
      help: HELP,
      sudo: true,
      fields: {},
      operations: {
        read: async () => ({
          data: {
            auth: names('auth'),
            database: [],
            secret: names('secret'),
            detailed: ['auth', 'secret'].flatMap((type) =>
              names(type).map((name) => describe(type, name)),
            ),
          },
        }),
      },
    }),
    path({
      pattern: 'plugins/catalog/:type(/)',
      help: HELP,
      sudo: true,
      fields: { type: field.string('"secret", "auth" or "database"') },
      operations: { list: async (_, { type }) => ({ data: { keys: names(type) } }) },
    }),
    path({
      pattern: 'plugins/catalog/:type/:name',
      help: HELP,
      sudo: true,
      fields: {
        type: field.string('"secret", "auth" or "database"'),
        name: field.string('type of the backend'),
      },
      operations: {
        read: async (_, { type, name }) => {
          if (!names(type).includes(name)) return null;
          return { data: { ...describe(type, name), args: null, command: '', sha256: '' } };
        },
      },
    }),
    path({
      pattern: 'plugins/pins(/)',
      help: { synopsis: 'Pinned versions: there are none.', description: '' },
      sudo: true,
      fields: {},
      operations: { read: async () => ({ data: { pinned_versions: [] } }) },
    }),
  ];
}

// sys/remount: moves a mount with its data. The move has happened when the call answers.
import type { Path } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';

export function remountPaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'remount',
      help: {
        synopsis: 'Moves a mount to another path.',
        description: 'Leases and tokens that the mount gave out are revoked.',
      },
      sudo: true,
      fields: {
        from: field.string('path of the mount'),
        to: field.string('where it answers from then on'),
      },
      operations: {
        update: async (_, { from, to }) => {
          if (from === '' || to === '') {
            const text = "both 'from' and 'to' path must be specified as a string";
            throw invalidRequest(text, 'mount-path-empty');
          }
          const { id } = await parts.core.active.mounts.move(from, to);
          return { data: { migration_id: id }, legacyTopLevel: true };
        },
      },
    }),
    path({
      pattern: 'remount/status/:migration_id',
      help: { synopsis: 'Shows how a move went.', description: '' },
      fields: { migration_id: field.string('as the move answered it') },
      operations: {
        read: async (_, { migration_id: id }) => {
          const found = parts.core.active.mounts.findMigration(id);
          if (found === null) return null;
          const { sourceMount, targetMount, status } = found;
          return {
            data: {
              migration_id: id,
              migration_info: { source_mount: sourceMount, target_mount: targetMount, status },
            },
            legacyTopLevel: true,
          };
        },
      },
    }),
  ];
}

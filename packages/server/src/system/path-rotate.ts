// The keyring: how much the newest key has encrypted, and when the next one begins.
import type { Path } from '../framework/backend.js';
import { formatDuration } from '../framework/duration.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';
import { timestamp } from './timestamp.js';

export function rotatePaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'key-status',
      help: { synopsis: 'Shows the newest key of the barrier.', description: '' },
      fields: {},
      operations: {
        read: async () => {
          const { term, installedAt, encryptions } = await parts.barrier.keyStatus();
          const data = { term, install_time: timestamp(installedAt), encryptions };
          return { data, legacyTopLevel: true };
        },
      },
    }),
    ...['rotate/config', 'rotate/keyring/config'].map((pattern) => configPath(parts, pattern)),
    ...['rotate', 'rotate/keyring'].map((pattern) =>
      path({
        pattern,
        help: { synopsis: 'Begins a new key of the barrier.', description: '' },
        sudo: true,
        fields: {},
        operations: {
          update: async () => {
            await parts.barrier.rotate();
            return null;
          },
        },
      }),
    ),
  ];
}

function configPath(parts: SystemParts, pattern: string): Path {
  return path({
    pattern,
    help: { synopsis: 'When a new key of the barrier begins by itself.', description: '' },
    fields: {
      enabled: field.optionalBoolean('whether it does'),
      max_operations: field.optionalInteger('encryptions under one key'),
      interval: field.optionalDuration('age of a key; 0: no bound'),
    },
    operations: {
      read: async () => {
        const { enabled, maxOperations, intervalSeconds } = await parts.barrier.rotationConfig();
        return {
          data: {
            enabled,
            max_operations: maxOperations,
            interval: intervalSeconds === 0 ? 0 : formatDuration(intervalSeconds),
          },
          legacyTopLevel: true,
        };
      },
      update: async (_, { enabled, max_operations: maxOperations, interval }) => {
        const current = await parts.barrier.rotationConfig();
        await parts.barrier.setRotationConfig({
          enabled: enabled ?? current.enabled,
          maxOperations: maxOperations ?? current.maxOperations,
          intervalSeconds: interval ?? current.intervalSeconds,
        });
        return null;
      },
    },
  });
}

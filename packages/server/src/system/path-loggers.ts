// sys/loggers: how much the server's own log tells, until it is changed again or the process ends. There is one logger.
import type { Path } from '../framework/backend.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import type { SystemParts } from './parts.js';

const LOGGER = 'vouchsafe';
const LEVEL = field.string('trace, debug, info (notice), warn (warning) or error (err)');

export function loggerPaths(parts: SystemParts): readonly Path[] {
  const { logLevel } = parts;
  const set = (level: string): null => {
    if (level === '') throw invalidRequest('level is empty', 'log-level-missing');
    if (!logLevel.set(level)) throw invalidRequest('unknown log level', 'log-level-unknown');
    return null;
  };
  const requireLogger = (name: string): void => {
    if (name === LOGGER) return;
    throw new ApiError('not-found', 'logger not found', { code: 'logger-unknown' });
  };
  const show = () => ({ data: { [LOGGER]: logLevel.current() } });
  return [
    path({
      pattern: 'loggers(/)',
      help: { synopsis: 'How much the log tells.', description: '' },
      fields: { level: LEVEL },
      operations: {
        read: async () => show(),
        update: async (_, { level }) => set(level),
        delete: async () => {
          logLevel.reset();
          return null;
        },
      },
    }),
    path({
      pattern: 'loggers/:name',
      help: { synopsis: 'How much the log tells.', description: 'The logger is "vouchsafe".' },
      fields: { name: field.string('name of the logger'), level: LEVEL },
      operations: {
        read: async (_, { name }) => {
          requireLogger(name);
          return show();
        },
        update: async (_, { name, level }) => {
          requireLogger(name);
          return set(level);
        },
        delete: async (_, { name }) => {
          requireLogger(name);
          logLevel.reset();
          return null;
        },
      },
    }),
  ];
}

// `kv rollback`: writes an old version again as the newest.
import type { KvRead, KvVersion } from '@vouchsafe/client';
import { integerFlag, UsageError } from '../../arguments/flag.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';
import { showWritten } from './show.js';

export const kvRollback = command({
  usage: 'kv rollback [options] KEY',
  summary: 'Write an old version again',
  details:
    'Writes the content of an old version as a new one. It fails, and changes nothing, if somebody else writes at the same moment. Needs a version 2 engine.',
  examples: [['', 'kv rollback -mount=secret -version=3 app/db']],
  flags: {
    mount: mountFlag,
    version: integerFlag('Version to go back to. Must be given.'),
  },
  arguments: [1, 1],
  field: true,
  async run(context, flags, args) {
    const { version } = flags;
    if (version === null || version < 1)
      throw new UsageError('-version: want a version, 1 or more');
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv rollback');
    const path = target.path('data');
    const read = async (query: Readonly<Record<string, number>>) =>
      requireFound(
        await during(
          `reading ${path}`,
          context.sendingClient.read<KvRead>(path, { query, wrapTtl: null }),
        ),
        path,
      ).data;
    const newest = await read({});
    const old = await read({ version });
    if (!old?.data) {
      throw new CommandError(
        `Cannot roll back to version ${version}: it is deleted or destroyed`,
        2,
      );
    }
    const body = { data: old.data, options: { cas: newest?.metadata.version ?? 0 } };
    const call = context.client.write<KvVersion>(path, body);
    const answer = await during(`writing data to ${path}`, call);
    if (answer !== null) showWritten(context, answer, path);
    return 0;
  },
});

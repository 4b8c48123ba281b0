// `kv patch`: changes some members of a secret and leaves the others.
import {
  ApiResponseError,
  type Envelope,
  type ExactJson,
  type KvRead,
  type KvVersion,
} from '@vouchsafe/client';
import { choiceFlag, integerFlag, listFlag, UsageError } from '../../arguments/flag.js';
import { parseKeyValues } from '../../arguments/key-values.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import { type Context, requireFound } from '../context.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';
import { showWritten } from './show.js';

type Data = Readonly<Record<string, ExactJson | null>>;

/** Reads, merges here and writes if nobody else wrote in between. */
async function patchByRewriting(
  context: Context,
  path: string,
  changes: Data,
  cas: number | null,
): Promise<Envelope<KvVersion> | null> {
  const { client, sendingClient } = context;
  const old = requireFound(
    await during(`reading ${path}`, sendingClient.read<KvRead<Data>>(path, { wrapTtl: null })),
    path,
  );
  const content = old.data?.data ?? null;
  const version = old.data?.metadata.version ?? 0;
  if (content === null) throw new CommandError(`No data found at ${path}`, 2);
  const merged = Object.fromEntries(
    Object.entries({ ...content, ...changes }).filter(([, value]) => value !== null),
  );
  const body = { data: merged, options: { cas: cas ?? version } };
  return during(`writing data to ${path}`, client.write<KvVersion>(path, body));
}

export const kvPatch = command({
  usage: 'kv patch [options] KEY [KEY=VALUE...]',
  summary: 'Change part of a secret',
  details:
    'Writes a new version in which the named members are changed and the others kept. Needs a version 2 engine. Data is given as for kv put. Where the token may not patch, the secret is read and written back, unless somebody else wrote in between.',
  examples: [
    ['', 'kv patch -mount=secret app/db password=-'],
    ['Take a member out:', 'kv patch -mount=secret -remove-data=old app/db'],
  ],
  flags: {
    mount: mountFlag,
    cas: integerFlag('Write only if this is the newest version.'),
    method: choiceFlag(
      'How: patch on the server, or rw to read and write back. Without it, rw only if patch is refused.',
      ['auto', 'patch', 'rw'],
      'auto',
    ),
    'remove-data': listFlag('Member to take out.', { valueName: 'KEY' }),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  field: true,
  async run(context, flags, args) {
    const removed = flags['remove-data'].map((key) => [key, null] as const);
    if (args.length === 1 && removed.length === 0) throw new UsageError('Must supply data');
    const given = await parseKeyValues(args.slice(1), () => context.io.readInput());
    const changes = { ...given, ...Object.fromEntries(removed) };
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv patch');
    const path = target.path('data');
    let answer: Envelope<KvVersion> | null;
    if (flags.method === 'rw') {
      answer = await patchByRewriting(context, path, changes, flags.cas);
    } else {
      const options = flags.cas === null ? {} : { cas: flags.cas };
      const call = context.client.patch<KvVersion>(path, { data: changes, options });
      answer = await during(
        `writing data to ${path}`,
        call.catch((error: unknown) => {
          if (flags.method === 'patch' || !(error instanceof ApiResponseError)) throw error;
          if (error.status === 404) requireFound(null, path);
          if (error.status !== 405 && error.status !== 403) throw error;
          return patchByRewriting(context, path, changes, flags.cas);
        }),
      );
    }
    if (answer !== null) showWritten(context, answer, path);
    return 0;
  },
});

// `kv put`: a new version of a secret, in place of the old one.
import type { KvVersion } from '@vouchsafe/client';
import { integerFlag, UsageError } from '../../arguments/flag.js';
import { parseKeyValues } from '../../arguments/key-values.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';
import { showWritten } from './show.js';

export const kvPut = command({
  usage: 'kv put [options] KEY [KEY=VALUE...]',
  summary: 'Write a secret',
  details:
    'Writes a secret. Its old content is replaced as a whole; to change part of it use kv patch. A value that begins with @ is read from the file it names, a value of - from standard input; @FILE or - alone is a whole JSON object.',
  examples: [
    ['', 'kv put -mount=secret app/db user=app password=-'],
    ['A whole JSON file:', 'kv put -mount=secret app/db @db.json'],
    ['Only if nobody wrote since version 3:', 'kv put -mount=secret -cas=3 app/db password=@file'],
  ],
  flags: {
    mount: mountFlag,
    cas: integerFlag('Write only if this is the newest version; 0: only if there is none.'),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  field: true,
  async run(context, flags, args) {
    if (args.length === 1) throw new UsageError('Must supply data');
    const data = await parseKeyValues(args.slice(1), () => context.io.readInput());
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    const path = target.path('data');
    const { client } = context;
    if (target.version === 1) {
      if (flags.cas !== null) requireVersion2(target, '-cas');
      const answer = await during(`writing data to ${path}`, client.write(path, data));
      if (answer !== null) context.showAnswer(answer);
      else context.line(`Success! Data written to: ${path}`);
      return 0;
    }
    const options = flags.cas === null ? {} : { cas: flags.cas };
    const call = client.write<KvVersion>(path, { data, options });
    const answer = await during(`writing data to ${path}`, call);
    if (answer !== null) showWritten(context, answer, path);
    return 0;
  },
});

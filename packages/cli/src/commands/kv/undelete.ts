// `kv undelete`: bring deleted versions back.
import { listFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';

export const kvUndelete = command({
  usage: 'kv undelete [options] KEY',
  summary: 'Bring deleted versions back',
  details:
    'Brings deleted versions of a secret back, as long as they were not destroyed. Needs a version 2 engine.',
  examples: [['', 'kv undelete -mount=secret -versions=3 app/db']],
  flags: {
    mount: mountFlag,
    versions: listFlag('Version to undelete. Must be given.', { valueName: 'NUMBER' }),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const { versions } = flags;
    if (versions.length === 0) throw new UsageError('-versions must be given');
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv undelete');
    const path = target.path('undelete');
    const answer = await during(`undeleting ${path}`, context.client.write(path, { versions }));
    if (answer !== null) context.showAnswer(answer);
    else context.line(`Success! Data written to: ${path}`);
    return 0;
  },
});

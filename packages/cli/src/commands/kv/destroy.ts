// `kv destroy`: destroy versions for good.
import { listFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';

export const kvDestroy = command({
  usage: 'kv destroy [options] KEY',
  summary: 'Destroy versions for good',
  details:
    'Removes the content of versions of a secret for good. What is known about them stays. Needs a version 2 engine.',
  examples: [['', 'kv destroy -mount=secret -versions=3 app/db']],
  flags: {
    mount: mountFlag,
    versions: listFlag('Version to destroy. Must be given.', { valueName: 'NUMBER' }),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const { versions } = flags;
    if (versions.length === 0) throw new UsageError('-versions must be given');
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv destroy');
    const path = target.path('destroy');
    const answer = await during(`destroying ${path}`, context.client.write(path, { versions }));
    if (answer !== null) context.showAnswer(answer);
    else context.line(`Success! Data written to: ${path}`);
    return 0;
  },
});

// `kv delete`: hides the newest or named versions; on version 1 the secret is gone.
import { listFlag } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';

export const kvDelete = command({
  usage: 'kv delete [options] KEY',
  summary: 'Delete versions of a secret',
  details:
    'Deletes the newest version of a secret, or the named ones. On a version 2 engine kv undelete brings them back; kv destroy and kv metadata delete are final. On a version 1 engine the secret is gone.',
  examples: [
    ['', 'kv delete -mount=secret app/db'],
    ['', 'kv delete -mount=secret -versions=3,4 app/db'],
  ],
  flags: {
    mount: mountFlag,
    versions: listFlag('Version to delete.', { valueName: 'NUMBER' }),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    const { client } = context;
    if (flags.versions.length > 0) {
      requireVersion2(target, '-versions');
      const path = target.path('delete');
      await during(`deleting ${path}`, client.write(path, { versions: flags.versions }));
    } else {
      const path = target.path('data');
      await during(`deleting ${path}`, client.delete(path));
    }
    context.line(`Success! Data deleted (if it existed) at: ${target.path('data')}`);
    return 0;
  },
});

// `kv metadata delete`: a secret with all its versions, for good.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { findKvTarget, mountFlag, requireVersion2 } from './mount.js';

export const kvMetadataDelete = command({
  usage: 'kv metadata delete [options] KEY',
  summary: 'Delete a secret for good',
  details:
    'Deletes all versions of a secret and everything known about it. There is no way back. Needs a version 2 engine.',
  examples: [['', 'kv metadata delete -mount=secret app/db']],
  flags: { mount: mountFlag },
  arguments: [1, 1],
  async run(context, flags, args) {
    const target = await findKvTarget(context, args[0] ?? '', flags.mount);
    requireVersion2(target, 'kv metadata delete');
    const path = target.path('metadata');
    await during(`deleting ${path}`, context.client.delete(path));
    context.line(`Success! Data deleted (if it existed) at: ${path}`);
    return 0;
  },
});

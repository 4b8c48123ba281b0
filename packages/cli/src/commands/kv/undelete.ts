// `kv undelete`: bring deleted versions back.
import { listFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { changeVersions } from './change-versions.js';
import { mountFlag } from './mount.js';

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
    await changeVersions(context, 'undelete', args[0] ?? '', flags);
    return 0;
  },
});

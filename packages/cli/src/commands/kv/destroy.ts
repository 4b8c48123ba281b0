// `kv destroy`: destroy versions for good.
import { listFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { changeVersions } from './change-versions.js';
import { mountFlag } from './mount.js';

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
    await changeVersions(context, 'destroy', args[0] ?? '', flags);
    return 0;
  },
});

// `auth list`: what is mounted.
import { booleanFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { listMounts } from '../mount-table.js';

export const authList = command({
  usage: 'auth list [options]',
  summary: 'List auth methods',
  details: 'Lists the auth methods that are mounted, and where.',
  examples: [
    ['', 'auth list'],
    ['', 'auth list -detailed'],
  ],
  flags: { detailed: booleanFlag('Show everything about each.') },
  arguments: [0, 0],
  async run(context, flags) {
    await listMounts(context, 'auth methods', flags.detailed);
    return 0;
  },
});

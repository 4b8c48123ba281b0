// `secrets list`: what is mounted.
import { booleanFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { listMounts } from '../mount-table.js';

export const secretsList = command({
  usage: 'secrets list [options]',
  summary: 'List secrets engines',
  details: 'Lists the secrets engines that are mounted, and where.',
  examples: [
    ['', 'secrets list'],
    ['', 'secrets list -detailed'],
  ],
  flags: { detailed: booleanFlag('Show everything about each.') },
  arguments: [0, 0],
  async run(context, flags) {
    await listMounts(context, 'secrets engines', flags.detailed);
    return 0;
  },
});

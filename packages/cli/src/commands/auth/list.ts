// `auth list`: what is mounted.
import { booleanFlag } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { formatMounts, formatMountsDetailed, type Mounts } from '../mount-table.js';

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
    const answer = await during('listing auth methods', context.client.read<Mounts>('sys/auth'));
    const mounts = answer?.data ?? {};
    context.showSorted(mounts, () =>
      flags.detailed ? formatMountsDetailed(mounts, true) : formatMounts(mounts),
    );
    return 0;
  },
});

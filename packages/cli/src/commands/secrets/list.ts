// `secrets list`: what is mounted.
import { booleanFlag } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { formatMounts, formatMountsDetailed, type Mounts } from '../mount-table.js';

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
    const answer = await during(
      'listing secrets engines',
      context.client.read<Mounts>('sys/mounts'),
    );
    const mounts = answer?.data ?? {};
    context.showSorted(mounts, () =>
      flags.detailed ? formatMountsDetailed(mounts, false) : formatMounts(mounts),
    );
    return 0;
  },
});

// `lease lookup`: what a lease is.
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';

export const leaseLookup = command({
  usage: 'lease lookup [options] ID',
  summary: 'Show what a lease is',
  details: 'Shows when a lease was given, when it ends and whether it can be renewed.',
  examples: [['', 'lease lookup database/creds/app/2f6a614c']],
  flags: {},
  arguments: [1, 1],
  field: true,
  async run(context, _flags, args) {
    const lease_id = (args[0] ?? '').trim();
    const call = context.client.write('sys/leases/lookup', { lease_id });
    context.showAnswer(requireFound(await during('looking up lease', call), lease_id));
    return 0;
  },
});

// `lease renew`: more time for a lease.
import { durationFlag } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';

export const leaseRenew = command({
  usage: 'lease renew [options] ID',
  summary: 'Give a lease more time',
  details: 'Renews a lease. The server may give less time than asked for.',
  examples: [['', 'lease renew -increment=1h database/creds/app/2f6a614c']],
  flags: { increment: durationFlag('How much time, from now.', { aliases: ['i'] }) },
  arguments: [1, 1],
  field: true,
  async run(context, flags, args) {
    const lease_id = (args[0] ?? '').trim();
    const increment = flags.increment === null ? {} : { increment: flags.increment };
    const call = context.client.write('sys/leases/renew', { lease_id, ...increment });
    context.showAnswer(requireFound(await during(`renewing ${lease_id}`, call), lease_id));
    return 0;
  },
});

// `lease revoke`: ends a lease, or all below a path.
import { booleanFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { cleanPath } from '../context.js';

export const leaseRevoke = command({
  usage: 'lease revoke [options] ID',
  summary: 'End a lease',
  details:
    'Ends a lease, and with it the credentials that were given. With -prefix the argument is a path and all leases below it end.',
  examples: [
    ['', 'lease revoke database/creds/app/2f6a614c'],
    ['All of a role:', 'lease revoke -prefix database/creds/app'],
  ],
  flags: {
    prefix: booleanFlag('The argument is a path; end all leases below it.'),
    force: booleanFlag(
      'With -prefix: forget leases even if the credentials cannot be taken back. They may stay valid.',
      false,
      { aliases: ['f'] },
    ),
    sync: booleanFlag('Wait until it is done.'),
  },
  arguments: [1, 1],
  async run(context, flags, args) {
    if (flags.force && !flags.prefix) {
      throw new UsageError('-force goes with -prefix only');
    }
    const id = cleanPath(args[0] ?? '');
    const { client } = context;
    if (flags.prefix) {
      const step = flags.force ? 'revoke-force' : 'revoke-prefix';
      const data = flags.force ? {} : { sync: flags.sync };
      await during(
        `revoking leases with prefix ${id}`,
        client.write(`sys/leases/${step}/${id}`, data),
      );
      context.line(
        flags.force || flags.sync
          ? `Success! Revoked any leases with prefix: ${id}`
          : 'All revocation operations queued successfully!',
      );
      return 0;
    }
    const data = { lease_id: id, sync: flags.sync };
    await during(`revoking lease ${id}`, client.write('sys/leases/revoke', data));
    context.line(
      flags.sync
        ? `Success! Revoked lease: ${id}`
        : 'All revocation operations queued successfully!',
    );
    return 0;
  },
});

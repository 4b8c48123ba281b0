// `operator unseal`: hands one key in. Must never print it.
import type { SealStatus } from '@vouchsafe/client';
import { booleanFlag } from '../../arguments/flag.js';
import { alignRows } from '../../output/table.js';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import { sealRows } from './seal-rows.js';

export const operatorUnseal = command({
  usage: 'operator unseal [options] [KEY]',
  summary: 'Hand in an unseal key',
  details:
    'Hands one unseal key in; once enough are in, the server is unsealed. Without an argument the key is asked for, which keeps it out of the shell’s history; - reads it from standard input. A wrong key is only noticed when the last one is in.',
  examples: [['', 'operator unseal']],
  flags: {
    reset: booleanFlag('Forget the keys handed in so far.'),
    migrate: booleanFlag('Unseal to move to another seal.'),
  },
  arguments: [0, 1],
  async run(context, flags, args) {
    const given = args[0] === '-' ? await context.io.readLine() : args[0];
    const key = flags.reset ? null : (given ?? (await context.ask('Unseal Key')));
    const data =
      key === null ? { reset: true } : { key: key.trim(), reset: false, migrate: flags.migrate };
    const status = await during(
      'unsealing',
      context.client.call<SealStatus>('PUT', 'sys/unseal', { token: null, wrapTtl: null, data }),
    );
    if (status === null) throw new CommandError('Error unsealing: empty answer', 2);
    context.showSorted(status, () =>
      alignRows([['Key', 'Value'], ['---', '-----'], ...sealRows(status)]),
    );
    return 0;
  },
});

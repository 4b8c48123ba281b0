// `token renew`: more time for a token.
import { booleanFlag, durationFlag } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';
import { readTarget } from './target.js';

export const tokenRenew = command({
  usage: 'token renew [options] [TOKEN | ACCESSOR]',
  summary: 'Give a token more time',
  details:
    'Renews a token: the current one without an argument. The server may give less time than asked for. - reads the token from standard input.',
  examples: [
    ['', 'token renew'],
    ['For half an hour:', 'token renew -increment=30m'],
  ],
  flags: {
    accessor: booleanFlag('The argument is an accessor.'),
    increment: durationFlag('How much time, from now.', { aliases: ['i'] }),
  },
  arguments: [0, 1],
  field: true,
  async run(context, flags, args) {
    const { client } = context;
    const target = await readTarget(context, args, flags.accessor);
    const increment = flags.increment === null ? {} : { increment: flags.increment };
    const call =
      target === null
        ? client.write('auth/token/renew-self', increment)
        : flags.accessor
          ? client.call<object>('POST', 'auth/token/renew-accessor', {
              data: { accessor: target, ...increment },
            })
          : client.write('auth/token/renew', { token: target, ...increment });
    context.showAnswer(requireFound(await during('renewing token', call), 'token'));
    return 0;
  },
});

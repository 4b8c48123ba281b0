// `token lookup`: what a token is.
import { booleanFlag } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';
import { requireFound } from '../context.js';
import { readTarget } from './target.js';

export const tokenLookup = command({
  usage: 'token lookup [options] [TOKEN | ACCESSOR]',
  summary: 'Show what a token is',
  details:
    'Shows policies, age and end of a token: the current one without an argument. - reads it from standard input.',
  examples: [
    ['', 'token lookup'],
    ['By accessor:', 'token lookup -accessor ACCESSOR'],
  ],
  flags: { accessor: booleanFlag('The argument is an accessor.') },
  arguments: [0, 1],
  field: true,
  async run(context, flags, args) {
    const { client } = context;
    const target = await readTarget(context, args, flags.accessor);
    const call =
      target === null
        ? client.read('auth/token/lookup-self')
        : flags.accessor
          ? client.call<object>('POST', 'auth/token/lookup-accessor', {
              data: { accessor: target },
            })
          : client.call<object>('POST', 'auth/token/lookup', { data: { token: target } });
    context.showAnswer(requireFound(await during('looking up token', call), 'token'));
    return 0;
  },
});

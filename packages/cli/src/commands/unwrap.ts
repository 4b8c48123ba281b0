// `unwrap`: exchanges a wrapping token for what it wraps.
import { during } from '../session/explain.js';
import { command } from './command.js';
import { requireFound } from './context.js';

export const unwrap = command({
  usage: 'unwrap [options] [TOKEN]',
  summary: 'Open a wrapped answer',
  details:
    'Opens the answer behind a wrapping token and prints it. It works once: if it fails because the token was used before, somebody else has read the answer. Without an argument the current token is opened; - reads the token from standard input.',
  examples: [['Open what a colleague sent:', 'unwrap -']],
  flags: {},
  arguments: [0, 1],
  field: true,
  async run(context, _flags, args) {
    const given = args[0] === '-' ? await context.io.readLine() : (args[0] ?? null);
    const { client } = context;
    const own = client.token;
    // Without a token of our own the wrapping token itself authorises its opening.
    const call =
      given === null || own === null || own === given
        ? client.call<object>('PUT', 'sys/wrapping/unwrap', { token: given ?? own, wrapTtl: null })
        : client.call<object>('PUT', 'sys/wrapping/unwrap', {
            data: { token: given },
            wrapTtl: null,
          });
    const answer = await during('unwrapping', call);
    context.showAnswer(requireFound(answer, 'wrapped answer'));
    return 0;
  },
});

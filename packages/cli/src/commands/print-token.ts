// `print token`: the token other commands would use. The one command whose purpose is to print a token.
import { findVariable } from '@vouchsafe/client/node';
import { CommandError } from '../session/explain.js';
import { findStoredToken } from '../session/token-file.js';
import { command } from './command.js';

export const printToken = command({
  usage: 'print token',
  summary: 'Print the token in use',
  details:
    'Prints the token other commands use: from VOUCHSAFE_TOKEN, VAULT_TOKEN or the token file, in this order.',
  examples: [['Hand the token to another program:', 'print token']],
  flags: {},
  arguments: [0, 0],
  server: false,
  async run(context) {
    const token = findVariable(context.io.env, 'TOKEN') ?? findStoredToken(context.io.env);
    if (token === null) {
      throw new CommandError('no token', 1, `log in with "${context.io.name} login"`);
    }
    context.line(token);
    return 0;
  },
});

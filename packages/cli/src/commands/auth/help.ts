// `auth help`: how to log in with a method.
import type { PathHelp } from '@vouchsafe/client';
import { CommandError, during } from '../../session/explain.js';
import { command } from '../command.js';
import { mountPath } from '../context.js';

export const authHelp = command({
  usage: 'auth help [options] PATH',
  summary: 'Show how to log in with a method',
  details: 'Shows what the server says about logging in with the method at a path.',
  examples: [['', 'auth help userpass']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = `auth/${mountPath((args[0] ?? '').replace(/^auth\//, ''))}login`;
    const call = context.client.call<PathHelp>('GET', path, { query: { help: '1' } });
    const answer = await during(`retrieving help for ${path}`, call);
    if (answer === null) throw new CommandError(`No help found at ${path}`, 2);
    context.show(answer, () => answer.help.trimEnd());
    return 0;
  },
});

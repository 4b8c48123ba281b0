// `path-help`: what the server says a path is for.
import type { PathHelp } from '@vouchsafe/client';
import { CommandError, during } from '../session/explain.js';
import { command } from './command.js';
import { cleanPath } from './context.js';

export const pathHelp = command({
  usage: 'path-help [options] PATH',
  summary: 'Show what a path is for',
  details: 'Shows what the server knows about a path: what it does and which fields it takes.',
  examples: [['Everything a mount offers:', 'path-help transit']],
  flags: {},
  arguments: [1, 1],
  async run(context, _flags, args) {
    const path = cleanPath(args[0] ?? '');
    const call = context.client.call<PathHelp>('GET', path, { query: { help: '1' } });
    const answer = await during(`retrieving help for ${path}`, call);
    if (answer === null) throw new CommandError(`No help found at ${path}`, 2);
    context.show(answer, () => answer.help.trimEnd());
    return 0;
  },
});

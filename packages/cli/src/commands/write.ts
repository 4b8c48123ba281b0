// `write`: PUT on any path.
import { booleanFlag, UsageError } from '../arguments/flag.js';
import { parseKeyValues } from '../arguments/key-values.js';
import { during } from '../session/explain.js';
import { command } from './command.js';
import { cleanPath } from './context.js';

export const write = command({
  usage: 'write [options] PATH [KEY=VALUE...]',
  summary: 'Write data',
  details:
    'Writes data to a path. A value that begins with @ is read from the file it names, a value of - from standard input; @FILE or - alone is a whole JSON object. Put \\ before an @ that is meant.',
  examples: [
    ['Make an encryption key, which needs no data:', 'write -force transit/keys/app'],
    ['Keep a value out of the shell’s history:', 'write auth/userpass/users/ana password=@file'],
    ['Data from a program:', 'write cubbyhole/git -'],
  ],
  flags: {
    force: booleanFlag('Write without any data.', false, { aliases: ['f'] }),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  field: true,
  async run(context, flags, args) {
    const path = cleanPath(args[0] ?? '');
    if (args.length === 1 && !flags.force) throw new UsageError('Must supply data or use -force');
    const data = await parseKeyValues(args.slice(1), () => context.io.readInput());
    const answer = await during(`writing data to ${path}`, context.client.write(path, data));
    if (answer !== null) context.showAnswer(answer);
    else if (context.field === null) context.line(`Success! Data written to: ${path}`);
    return 0;
  },
});

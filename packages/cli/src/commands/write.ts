// `write`: PUT on any path.
import { booleanFlag } from '../arguments/flag.js';
import { command } from './command.js';
import { sendData } from './send-data.js';

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
  run: (context, flags, args) => sendData(context, 'write', flags.force, args),
});

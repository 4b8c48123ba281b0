// `patch`: a JSON merge patch on any path.
import { booleanFlag } from '../arguments/flag.js';
import { command } from './command.js';
import { sendData } from './send-data.js';

export const patch = command({
  usage: 'patch [options] PATH [KEY=VALUE...]',
  summary: 'Change part of what is written',
  details:
    'Changes the named members of what is at a path and leaves the others (RFC 7396). Not every path can be patched. Data is given as for write.',
  examples: [['Change one setting of a role:', 'patch pki/roles/web allow_localhost=false']],
  flags: {
    force: booleanFlag('Send the patch without any data.', false, { aliases: ['f'] }),
  },
  arguments: [1, Number.POSITIVE_INFINITY],
  field: true,
  run: (context, flags, args) => sendData(context, 'patch', flags.force, args),
});

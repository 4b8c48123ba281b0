// `patch`: a JSON merge patch on any path.
import { booleanFlag, UsageError } from '../arguments/flag.js';
import { parseKeyValues } from '../arguments/key-values.js';
import { during } from '../session/explain.js';
import { command } from './command.js';
import { cleanPath } from './context.js';

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
  async run(context, flags, args) {
    const path = cleanPath(args[0] ?? '');
    if (args.length === 1 && !flags.force) throw new UsageError('Must supply data or use -force');
    const data = await parseKeyValues(args.slice(1), () => context.io.readInput());
    const answer = await during(`writing data to ${path}`, context.client.patch(path, data));
    if (answer !== null) context.showAnswer(answer);
    else if (context.field === null) context.line(`Success! Data written to: ${path}`);
    return 0;
  },
});

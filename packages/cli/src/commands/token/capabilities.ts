// `token capabilities`: what a token may do at a path.
import { booleanFlag, UsageError } from '../../arguments/flag.js';
import { during } from '../../session/explain.js';
import { command } from '../command.js';

interface Capabilities {
  readonly capabilities?: readonly string[];
  readonly data?: Readonly<Record<string, readonly string[]>> | null;
}

export const tokenCapabilities = command({
  usage: 'token capabilities [options] [TOKEN | ACCESSOR] PATH',
  summary: 'Show what a token may do at a path',
  details:
    'Shows what a token may do at a path: the current one when only a path is given. deny is nothing, root is everything.',
  examples: [['', 'token capabilities secret/data/app']],
  flags: { accessor: booleanFlag('The first argument is an accessor.') },
  arguments: [1, 2],
  async run(context, flags, args) {
    const [first = '', second] = args;
    const path = second ?? first;
    if (flags.accessor && second === undefined) {
      throw new UsageError('Not enough arguments (expected 2, got 1)');
    }
    const data =
      second === undefined
        ? { paths: [path] }
        : { paths: [path], [flags.accessor ? 'accessor' : 'token']: first };
    const suffix = second === undefined ? '-self' : flags.accessor ? '-accessor' : '';
    const call = context.client.call<Capabilities>('POST', `sys/capabilities${suffix}`, { data });
    const answer = await during('listing capabilities', call);
    const found = [...(answer?.data?.[path] ?? answer?.capabilities ?? [])].sort();
    context.show(found, () => found.join(', '));
    return 0;
  },
});

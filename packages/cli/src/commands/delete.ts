// `delete`: DELETE on any path.
import { parseKeyValues } from '../arguments/key-values.js';
import { during } from '../session/explain.js';
import { command } from './command.js';
import { cleanPath } from './context.js';
import { queryOf } from './query.js';

export const deletePath = command({
  usage: 'delete [options] PATH [KEY=VALUE...]',
  summary: 'Delete what is at a path',
  details:
    'Deletes what is at a path. What that means is up to the engine: data may be gone, or a configuration reset. Further arguments become query parameters.',
  examples: [['Remove a login name:', 'delete auth/userpass/users/ana']],
  flags: {},
  arguments: [1, Number.POSITIVE_INFINITY],
  async run(context, _flags, args) {
    const path = cleanPath(args[0] ?? '');
    const query = queryOf(await parseKeyValues(args.slice(1), () => context.io.readInput()));
    const answer = await during(`deleting ${path}`, context.client.delete(path, { query }));
    if (answer !== null) context.showAnswer(answer);
    context.line(`Success! Data deleted (if it existed) at: ${path}`);
    return 0;
  },
});

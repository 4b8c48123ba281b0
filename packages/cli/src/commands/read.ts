// `read`: GET on any path.
import { parseKeyValues } from '../arguments/key-values.js';
import { during } from '../session/explain.js';
import { command } from './command.js';
import { cleanPath, requireFound } from './context.js';
import { queryOf } from './query.js';

export const read = command({
  usage: 'read [options] PATH [KEY=VALUE...]',
  summary: 'Read data',
  details:
    'Reads what is at a path: a secret, a configuration, newly made credentials. Further arguments become query parameters. With -format=raw the answer is printed as the server sent it.',
  examples: [
    ['Details of your own token:', 'read auth/token/lookup-self'],
    ['One field of a transit key:', 'read -field=latest_version transit/keys/app'],
  ],
  flags: {},
  arguments: [1, Number.POSITIVE_INFINITY],
  field: true,
  async run(context, _flags, args) {
    const path = cleanPath(args[0] ?? '');
    const query = queryOf(await parseKeyValues(args.slice(1), () => context.io.readInput()));
    if (context.format === 'raw') {
      const response = await during(`reading ${path}`, context.client.send('GET', path, { query }));
      context.io.write(Buffer.from(response.body).toString('utf8'));
      return 0;
    }
    const answer = await during(`reading ${path}`, context.client.read(path, { query }));
    context.showAnswer(requireFound(answer, path));
    return 0;
  },
});

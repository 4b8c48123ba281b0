// What `write` and `patch` share: data from the command line, sent to a path, and what is said of the answer.
import { UsageError } from '../arguments/flag.js';
import { parseKeyValues } from '../arguments/key-values.js';
import { during } from '../session/explain.js';
import { type Context, cleanPath } from './context.js';

/** `args` are the path and then KEY=VALUE pairs. @throws UsageError when there is no data and `force` is not given */
export async function sendData(
  context: Context,
  method: 'write' | 'patch',
  force: boolean,
  args: readonly string[],
): Promise<number> {
  const path = cleanPath(args[0] ?? '');
  if (args.length === 1 && !force) throw new UsageError('Must supply data or use -force');
  const data = await parseKeyValues(args.slice(1), () => context.io.readInput());
  const answer = await during(`writing data to ${path}`, context.client[method](path, data));
  if (answer !== null) context.showAnswer(answer);
  else if (context.field === null) context.line(`Success! Data written to: ${path}`);
  return 0;
}

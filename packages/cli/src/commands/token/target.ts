// Which token a command is about: an argument, standard input, an accessor, or the current one.
import { UsageError } from '../../arguments/flag.js';
import type { Context } from '../context.js';

/** Null is the current token. @throws UsageError */
export async function readTarget(
  context: Context,
  args: readonly string[],
  byAccessor: boolean,
): Promise<string | null> {
  const [given] = args;
  if (given === undefined) {
    if (byAccessor) throw new UsageError('Not enough arguments: an accessor must be given');
    return null;
  }
  const text = (given === '-' ? await context.io.readLine() : given).trim();
  if (text === '') throw new UsageError('the token or accessor must not be empty');
  return text;
}

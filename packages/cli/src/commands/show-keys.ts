// Prints a list of names, or that there is none.
import type { Envelope } from '@vouchsafe/client';
import { formatTable } from '../output/table.js';
import { CommandError } from '../session/explain.js';
import type { Context } from './context.js';

/** Exit code 2 when there is nothing, as Vault's command has it; JSON readers still get an empty object. */
export function showKeys(
  context: Context,
  answer: Envelope<{ keys?: readonly string[] }> | null,
  path: string,
): number {
  context.showWarnings(answer);
  if (answer?.wrap_info) {
    context.showAnswer({ ...answer, data: null });
    return 0;
  }
  const keys = answer?.data?.keys;
  if (keys === undefined || keys.length === 0) {
    if (context.format === 'json') {
      context.line('{}');
      return 2;
    }
    throw new CommandError(`No value found at ${path}`, 2);
  }
  context.show(keys, () =>
    formatTable(
      ['Keys'],
      keys.map((key) => [key]),
    ),
  );
  return 0;
}

// `policy fmt`: lays a policy file out the usual way.
import { writeFileSync } from 'node:fs';
import { readTextFile } from '../../arguments/key-values.js';
import { CommandError } from '../../session/explain.js';
import { command } from '../command.js';
import { formatHcl } from './format-hcl.js';

export const policyFmt = command({
  usage: 'policy fmt FILE',
  summary: 'Lay a policy file out the usual way',
  details:
    'Indents a policy file, lines its equals signs up and writes it back. Words and comments stay. - reads standard input and prints the result.',
  examples: [['', 'policy fmt app.hcl']],
  flags: {},
  arguments: [1, 1],
  server: false,
  async run(context, _flags, args) {
    const file = args[0] ?? '';
    const text = file === '-' ? await context.io.readInput() : readTextFile(file);
    let formatted: string;
    try {
      formatted = formatHcl(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new CommandError(`Error parsing policy: ${error.message}`, 1);
    }
    if (file === '-') {
      context.io.write(formatted);
      return 0;
    }
    if (formatted !== text) writeFileSync(file, formatted);
    context.line(`Success! Formatted policy: ${file}`);
    return 0;
  },
});

// Help texts, made from the commands' own declarations so that they cannot fall behind.
import type { Flag } from './arguments/flag.js';
import type { Command } from './commands/command.js';
import { alignRows } from './output/table.js';
import { connectionFlags, fieldFlag, formatFlag } from './session/options.js';

const columns = 80;

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, indent + line].join('\n');
}

function formatFlagHelp(name: string, flag: Flag<unknown>): string {
  const spelled = [name, ...flag.aliases]
    .map((word) => `-${word}${flag.takesValue ? `=<${flag.valueName.toLowerCase()}>` : ''}`)
    .join(', ');
  const fallback = flag.defaultText === '' ? '' : ` The default is ${flag.defaultText}.`;
  return `  ${spelled}\n${wrap(flag.help + fallback, '      ')}`;
}

function formatFlags(title: string, flags: Readonly<Record<string, Flag<unknown>>>): string[] {
  const shown = Object.entries(flags).filter(([, flag]) => !flag.hidden);
  if (shown.length === 0) return [];
  const parts = shown.sort(([a], [b]) => (a < b ? -1 : 1)).map(([n, f]) => formatFlagHelp(n, f));
  return [`${title}:\n\n${parts.join('\n\n')}`];
}

/** Everything about one command. */
export function formatCommandHelp(programName: string, command: Command): string {
  const server = command.server ?? true;
  const output = {
    ...(command.field ? { field: fieldFlag } : {}),
    ...((command.format ?? server) ? { format: formatFlag } : {}),
  };
  const examples = command.examples.map(([what, line]) => {
    const typed = `      $ ${programName} ${line}`;
    return what === '' ? typed : `${wrap(what, '  ')}\n\n${typed}`;
  });
  return [
    `Usage: ${programName} ${command.usage}`,
    ...command.details.split('\n\n').map((paragraph) => wrap(paragraph, '  ')),
    ...examples,
    ...formatFlags('Command options', command.flags),
    ...formatFlags('Output options', output),
    ...(server ? formatFlags('Connection options', connectionFlags) : []),
  ].join('\n\n');
}

/** A list of commands below `words`, or of all. */
export function formatGroupHelp(
  programName: string,
  words: readonly string[],
  summary: string,
  entries: readonly (readonly [string, string])[],
): string {
  const prefix = [programName, ...words].join(' ');
  const rows = entries.map(([name, text]) => [`    ${name}`, text]);
  return [
    `Usage: ${prefix} <command> [options] [args]`,
    wrap(summary, '  '),
    `Commands:\n\n${alignRows(rows)}`,
    wrap(`"${prefix} <command> -help" says more about a command.`, '  '),
  ].join('\n\n');
}

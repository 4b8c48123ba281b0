// From argv to an exit code: finds the command, parses its flags, runs it, and explains what went wrong. The only place
// that turns errors into text.
import { booleanFlag, type Flags, UsageError } from './arguments/flag.js';
import { findNearest } from './arguments/nearest.js';
import { expectArguments, parseArguments } from './arguments/parse-arguments.js';
import type { Command } from './commands/command.js';
import { Context } from './commands/context.js';
import { commands, groups } from './commands/registry.js';
import { formatCommandHelp, formatGroupHelp } from './help.js';
import { explain, hintFor } from './session/explain.js';
import { chooseFormat, connectionFlags, fieldFlag, formatFlag } from './session/options.js';
import { Preview } from './session/preview.js';
import type { Io } from './terminal/io.js';

const helpFlag = booleanFlag('Show this help.', false, { aliases: ['h'], hidden: true });
const commandWordsMax = 3;

type Loader = () => Promise<Command>;

/** First words of every command below `words`, once each. */
function wordsBelow(words: readonly string[]): string[] {
  const prefix = words.length === 0 ? '' : `${words.join(' ')} `;
  const names = commands.map(([name]) => name).filter((name) => name.startsWith(prefix));
  return [...new Set(names.map((name) => name.slice(prefix.length).split(' ')[0] ?? ''))];
}

function findCommand(argv: readonly string[]): { words: number; load: Loader } | null {
  for (let words = Math.min(commandWordsMax, argv.length); words > 0; words -= 1) {
    const name = argv.slice(0, words).join(' ');
    const found = commands.find(([candidate]) => candidate === name);
    if (found !== undefined) return { words, load: found[1] };
  }
  return null;
}

async function groupHelp(io: Io, words: readonly string[]): Promise<string> {
  const entries: [string, string][] = [];
  for (const word of wordsBelow(words)) {
    const name = [...words, word].join(' ');
    const found = commands.find(([candidate]) => candidate === name);
    entries.push([word, groups[name] ?? (found === undefined ? '' : (await found[1]()).summary)]);
  }
  return formatGroupHelp(io.name, words, groups[words.join(' ')] ?? '', entries);
}

/** Flags before the command: those of a connection are moved behind it. @throws UsageError */
function leadingFlags(argv: readonly string[]): { flags: string[]; rest: string[] } {
  const flags: string[] = [];
  let at = 0;
  while ((argv[at] ?? '').startsWith('-')) {
    const word = argv[at] ?? '';
    const [name = ''] = word.replace(/^--?/, '').split('=', 1);
    const known = { ...connectionFlags, format: formatFlag, field: fieldFlag, help: helpFlag };
    const flag = (known as Flags)[name === 'h' ? 'help' : name];
    if (flag === undefined) {
      throw new UsageError(`unknown flag before the command: -${name}`, 'put flags after it');
    }
    flags.push(word);
    at += 1;
    if (flag.takesValue && !word.includes('=')) {
      flags.push(argv[at] ?? '');
      at += 1;
    }
  }
  return { flags, rest: argv.slice(at) };
}

function report(io: Io, error: unknown, context: Context | null, usage: string): number {
  const explained = explain(error);
  if (explained === null) {
    // A fault of ours. The stack names code, and no value that was handled.
    const stack = error instanceof Error ? (error.stack ?? error.message) : 'unknown error';
    io.note(io.env.VOUCHSAFE_DEBUG ? stack : 'Error: this is a fault of the program itself');
    if (!io.env.VOUCHSAFE_DEBUG) io.note('hint: set VOUCHSAFE_DEBUG=1 to see where it happened');
    return 1;
  }
  io.note(explained.text);
  const situation = context?.situation ?? { name: io.name, address: '', hasToken: false };
  const hint = hintFor(error, situation);
  if (hint !== '') io.note(`\nhint: ${hint}`);
  if (error instanceof UsageError) io.note(`\nUsage: ${io.name} ${usage}`);
  return explained.code;
}

async function runCommand(io: Io, command: Command, argv: readonly string[]): Promise<number> {
  let context: Context | null = null;
  try {
    const server = command.server ?? true;
    const all: Flags = {
      ...(server ? connectionFlags : {}),
      ...((command.format ?? server) ? { format: formatFlag } : {}),
      ...(command.field ? { field: fieldFlag } : {}),
      ...command.flags,
      help: helpFlag,
    };
    const { stopAtFirstArgument = false } = command;
    const { values, args } = parseArguments(all, argv, { stopAtFirstArgument });
    if (values.help === true) {
      io.write(`${formatCommandHelp(io.name, command)}\n`);
      return 0;
    }
    const common = { ...parseArguments(connectionFlags, []).values, ...values };
    const field = command.field && typeof values.field === 'string' ? values.field : null;
    const format = chooseFormat(typeof values.format === 'string' ? values.format : null, io.env);
    context = new Context(io, format, field, common);
    expectArguments(args, ...command.arguments);
    return await command.run(context, values, args);
  } catch (error) {
    if (error instanceof Preview) {
      io.write(`${error.text}\n`);
      return 0;
    }
    const code = report(io, error, context, command.usage);
    return error instanceof UsageError ? (command.usageExitCode ?? code) : code;
  } finally {
    context?.close();
  }
}

async function unknownCommand(io: Io, argv: readonly string[]): Promise<number> {
  const words: string[] = [];
  while (wordsBelow([...words, argv[words.length] ?? '']).length > 0 && words.length < 3) {
    words.push(argv[words.length] ?? '');
  }
  const wrong = argv[words.length];
  if (wrong === undefined || wrong.startsWith('-')) {
    const help = await groupHelp(io, words);
    if (wrong !== undefined && /^--?h(elp)?$/.test(wrong)) {
      io.write(`${help}\n`);
      return 0;
    }
    io.note(help);
    return words.length === 0 ? 127 : 1;
  }
  const nearest = findNearest(wrong, wordsBelow(words));
  io.note(`unknown command: ${[io.name, ...words, wrong].join(' ')}`);
  const below = [io.name, ...words].join(' ');
  const meant = `did you mean "${below} ${nearest}"?`;
  io.note(`hint: ${nearest === null ? `"${below} -help" lists the commands` : meant}`);
  // As Vault has it: a group answers for what is said behind it.
  return words.length === 0 ? 127 : 1;
}

/** `argv` without interpreter and program. Never throws. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  try {
    const first = argv[0] ?? '';
    if (/^--?v(ersion)?$/.test(first)) return await runProgram(['version'], io);
    if (first === 'help') {
      return await runProgram([...argv.slice(1), '-help'], io);
    }
    const { flags, rest } = leadingFlags(argv);
    const found = findCommand(rest);
    if (found === null) {
      const help = flags.some((flag) => /^--?h(elp)?$/.test(flag));
      return await unknownCommand(io, help ? [...rest, '-help'] : rest);
    }
    return await runCommand(io, await found.load(), [...flags, ...rest.slice(found.words)]);
  } catch (error) {
    return report(io, error, null, '<command> [options] [args]');
  }
}

// Reads argv the way Go's flag package does (-flag and --flag alike), and a little more kindly: known flags may also
// stand after the arguments. Must never echo a flag's value, which may be a secret.
import { type Flag, type Flags, UsageError, type Values } from './flag.js';
import { findNearest } from './nearest.js';

export interface Parsed<F extends Flags> {
  readonly values: Values<F>;
  readonly args: readonly string[];
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
}

export interface ParseOptions {
  /** The first argument ends the flags: for commands that take another command line. */
  readonly stopAtFirstArgument?: boolean;
}

function findFlag(flags: Flags, word: string): [string, Flag<unknown>] | null {
  const own = Object.hasOwn(flags, word) ? flags[word] : undefined;
  if (own !== undefined) return [word, own];
  return Object.entries(flags).find(([, flag]) => flag.aliases.includes(word)) ?? null;
}

function unknownFlag(flags: Flags, word: string, afterArgument: boolean): UsageError {
  const known = Object.entries(flags).flatMap(([name, flag]) => [name, ...flag.aliases]);
  const nearest = findNearest(word, known);
  const hint =
    nearest !== null
      ? `did you mean -${nearest}?`
      : afterArgument
        ? 'put "--" before arguments that begin with a dash'
        : '';
  return new UsageError(`unknown flag: -${word}`, hint);
}

/** `argv` without program and command. @throws UsageError, InvalidRequestError */
export function parseArguments<F extends Flags>(
  flags: F,
  argv: readonly string[],
  options: ParseOptions = {},
): Parsed<F> {
  const texts = new Map<string, string[]>();
  const args: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (word === '--') {
      args.push(...argv.slice(at + 1));
      break;
    }
    if (word === '-' || !word.startsWith('-')) {
      if (options.stopAtFirstArgument) {
        args.push(...argv.slice(at));
        break;
      }
      args.push(word);
      continue;
    }
    const body = word.replace(/^--?/, '');
    const equals = body.indexOf('=');
    const spelled = equals < 0 ? body : body.slice(0, equals);
    const found = findFlag(flags, spelled);
    if (found === null) throw unknownFlag(flags, spelled, args.length > 0);
    const [name, flag] = found;
    let text = equals < 0 ? null : body.slice(equals + 1);
    if (text === null && flag.takesValue) {
      at += 1;
      text = argv[at] ?? null;
      if (text === null) throw new UsageError(`flag needs a value: -${name}`);
    }
    texts.set(name, [...(texts.get(name) ?? []), text ?? 'true']);
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const given = texts.get(name);
    values[name] = given === undefined ? flag.fallback : flag.parse(given, name);
  }
  return { values: values as Values<F>, args, given: new Set(texts.keys()) };
}

/** @throws UsageError in Vault's words */
export function expectArguments(args: readonly string[], least: number, most: number): void {
  if (args.length < least) {
    const want = least === most ? String(least) : `at least ${least}`;
    throw new UsageError(`Not enough arguments (expected ${want}, got ${args.length})`);
  }
  if (args.length > most) {
    const want = least === most ? String(most) : `at most ${most}`;
    throw new UsageError(`Too many arguments (expected ${want}, got ${args.length})`);
  }
}

// What a command is: its help, its flags and what it does. Holds no behaviour of its own; program.ts runs commands.
import type { Flags, Values } from '../arguments/flag.js';
import type { Context } from './context.js';

export interface CommandSpec<F extends Flags> {
  /** After the program's name: 'kv get [options] KEY'. */
  readonly usage: string;
  /** One line, for lists of commands. */
  readonly summary: string;
  /** Paragraphs, separated by blank lines. */
  readonly details: string;
  /** What it does, and the line to type after the program's name. */
  readonly examples: readonly (readonly [string, string])[];
  readonly flags: F;
  /** Fewest and most arguments. */
  readonly arguments: readonly [number, number];
  /** Talks to a server, so the connection's flags apply. Default true. */
  readonly server?: boolean;
  /** Prints something that -format shapes. Default: as `server`. */
  readonly format?: boolean;
  /** Prints something with fields that -field picks from. Default false. */
  readonly field?: boolean;
  /** The first argument ends the flags: for commands that take another command line. */
  readonly stopAtFirstArgument?: boolean;
  /** Exit code for flags and arguments that cannot be meant. Default 1. */
  readonly usageExitCode?: number;
  /** Exit code: 0 done. @throws whatever explain() knows */
  run(context: Context, flags: Values<F>, args: readonly string[]): Promise<number>;
}

/** A command whose flags' types are out of sight. */
export type Command = Omit<CommandSpec<Flags>, 'run'> & {
  run(
    context: Context,
    flags: Readonly<Record<string, unknown>>,
    args: readonly string[],
  ): Promise<number>;
};

/** Ties a command's flags to the values its `run` gets. */
export function command<const F extends Flags>(spec: CommandSpec<F>): Command {
  return {
    ...spec,
    // The values were parsed with this spec's own flags, see parseArguments.
    run: (context, flags, args) => spec.run(context, flags as Values<F>, args),
  };
}

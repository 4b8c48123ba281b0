// Declares a command's flags: their types, defaults and help. Parsing is parse-arguments.ts; nothing here reads argv.
import { parseBoolean, parseDurationMs } from '@vouchsafe/client/node';

/** One flag. `fallback` is its value when it is not given. */
export interface Flag<T> {
  readonly takesValue: boolean;
  readonly help: string;
  /** What help shows for the value. */
  readonly valueName: string;
  /** What help shows as the default, '' for none. */
  readonly defaultText: string;
  readonly fallback: T;
  /** Other spellings. */
  readonly aliases: readonly string[];
  /** Left out of help: accepted for compatibility only. */
  readonly hidden: boolean;
  /** @param texts what was given, in order, at least one. @throws UsageError, InvalidRequestError */
  parse(texts: readonly string[], name: string): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type Values<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never;
};

interface Extras {
  readonly aliases?: readonly string[];
  readonly hidden?: boolean;
  readonly valueName?: string;
}

/** The user typed something that cannot be meant: exit code 1, and the usage is shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to do instead, '' for nothing better than the usage. */
  readonly hint: string;
  constructor(message: string, hint = '') {
    super(message);
    this.hint = hint;
  }
}

function last(texts: readonly string[]): string {
  return texts[texts.length - 1] ?? '';
}

function extrasOf(extras: Extras) {
  return { aliases: extras.aliases ?? [], hidden: extras.hidden ?? false };
}

export function booleanFlag(help: string, fallback = false, extras: Extras = {}): Flag<boolean> {
  return {
    ...extrasOf(extras),
    takesValue: false,
    help,
    valueName: '',
    defaultText: fallback ? 'true' : '',
    fallback,
    parse: (texts, name) => parseBoolean(last(texts), `-${name}`),
  };
}

/** Null when not given. */
export function textFlag(help: string, extras: Extras = {}): Flag<string | null> {
  return {
    ...extrasOf(extras),
    takesValue: true,
    help,
    valueName: extras.valueName ?? 'STRING',
    defaultText: '',
    fallback: null,
    parse: last,
  };
}

/** A text that always has a value. */
export function defaultedFlag(help: string, fallback: string, extras: Extras = {}): Flag<string> {
  return { ...textFlag(help, extras), defaultText: fallback, fallback, parse: last };
}

/** Null when not given. */
export function integerFlag(help: string, extras: Extras = {}): Flag<number | null> {
  return {
    ...textFlag(help, extras),
    valueName: extras.valueName ?? 'NUMBER',
    fallback: null,
    parse: (texts, name) => {
      const text = last(texts);
      if (!/^-?[0-9]{1,15}$/.test(text)) throw new UsageError(`-${name}: want a whole number`);
      return Number(text);
    },
  };
}

/** A duration as the server takes it: seconds, or '1h30m'. Checked here, sent as written; null when not given. */
export function durationFlag(help: string, extras: Extras = {}): Flag<string | null> {
  return {
    ...textFlag(help, extras),
    valueName: extras.valueName ?? 'DURATION',
    parse: (texts, name) => {
      parseDurationMs(last(texts), `-${name}`);
      return last(texts);
    },
  };
}

/** Repeatable; a comma separates too. */
export function listFlag(help: string, extras: Extras = {}): Flag<readonly string[]> {
  return {
    ...extrasOf(extras),
    takesValue: true,
    help: `${help} Can be given several times.`,
    valueName: extras.valueName ?? 'STRING',
    defaultText: '',
    fallback: [],
    parse: (texts) =>
      texts.flatMap((text) => text.split(',').map((part) => part.trim())).filter((t) => t !== ''),
  };
}

/** Repeatable, whole values: nothing is split. */
export function repeatedFlag(help: string, extras: Extras = {}): Flag<readonly string[]> {
  return { ...listFlag(help, extras), parse: (texts) => [...texts] };
}

/** Repeatable KEY=VALUE. */
export function pairsFlag(
  help: string,
  extras: Extras = {},
): Flag<Readonly<Record<string, string>>> {
  return {
    ...listFlag(help, extras),
    valueName: extras.valueName ?? 'KEY=VALUE',
    fallback: {},
    parse: (texts, name) => {
      const pairs: [string, string][] = texts.map((text) => {
        const at = text.indexOf('=');
        if (at < 1) throw new UsageError(`-${name}: want KEY=VALUE`);
        return [text.slice(0, at), text.slice(at + 1)];
      });
      return Object.fromEntries(pairs);
    },
  };
}

/** One of a few words. */
export function choiceFlag<const T extends string>(
  help: string,
  choices: readonly T[],
  fallback: T,
  extras: Extras = {},
): Flag<T> {
  return {
    ...extrasOf(extras),
    takesValue: true,
    help: `${help} One of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}.`,
    valueName: extras.valueName ?? 'WORD',
    defaultText: fallback,
    fallback,
    parse: (texts, name) => {
      const text = last(texts).toLowerCase();
      const found = choices.find((choice) => choice === text);
      if (found === undefined) {
        throw new UsageError(`-${name}: want one of ${choices.join(', ')}`);
      }
      return found;
    },
  };
}

/** The value of a flag that a command cannot do without. @throws UsageError if it was not given */
export function required<T>(value: T | null, flag: string): T {
  if (value === null) throw new UsageError(`-${flag}: must be given`);
  return value;
}

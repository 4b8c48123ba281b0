// The server's own log: lines for the operator on standard error. Never a secret, token, key or request body.
import { LOG_LEVELS, type LogLevel } from '../config/server-config.js';

const ORDER: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

export type Log = (level: LogLevel, message: string) => void;

/** What sys/loggers changes. */
export class LogThreshold {
  readonly #configured: LogLevel;
  #level: LogLevel;

  constructor(configured: LogLevel) {
    this.#configured = configured;
    this.#level = configured;
  }

  current(): LogLevel {
    return this.#level;
  }

  /** By the words that the configuration takes. */
  set(word: string): boolean {
    const level = new Map(Object.entries(LOG_LEVELS)).get(word.toLowerCase());
    if (level === undefined) return false;
    this.#level = level;
    return true;
  }

  reset(): void {
    this.#level = this.#configured;
  }
}

/** `write` gets whole lines, line feed included. Messages are single lines: control characters are escaped. */
export function createLog(options: {
  readonly threshold: LogThreshold;
  readonly format: 'standard' | 'json';
  readonly write: (line: string) => void;
  readonly clock: () => number;
}): Log {
  return (level, message) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(options.threshold.current())) return;
    const time = new Date(options.clock()).toISOString();
    const text = message.replace(
      /\p{Cc}/gu,
      (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    options.write(
      options.format === 'json'
        ? `${JSON.stringify({ '@level': level, '@message': text, '@timestamp': time })}\n`
        : `${time} [${level.toUpperCase()}]  ${text}\n`,
    );
  };
}

/** What an unexpected error is called in the log: class, stable code and place, never its message, which may quote input. */
export function describeFault(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown fault';
  const { code } = error as { code?: unknown };
  const place = /\n\s+at (.*)/.exec(error.stack ?? '')?.[1] ?? '';
  const file = place.replace(/file:\/\/.*\/(packages|node_modules)\//, '$1/');
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''} at ${file}`;
}

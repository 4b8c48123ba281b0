// The server's own log: lines for the operator on standard error. Never a secret, token, key or request body.

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
const ORDER: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

export type Log = (level: LogLevel, message: string) => void;

/** `write` gets whole lines, line feed included. Messages are single lines: control characters are escaped. */
export function createLog(options: {
  readonly level: LogLevel;
  readonly format: 'standard' | 'json';
  readonly write: (line: string) => void;
  readonly clock: () => number;
}): Log {
  const least = ORDER.indexOf(options.level);
  return (level, message) => {
    if (ORDER.indexOf(level) < least) return;
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

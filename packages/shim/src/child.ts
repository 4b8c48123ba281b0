// The workload as a child process: same terminal, same files, signals passed on, its end passed back. The only file of
// the shim that starts a process.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { exitCodes, ShimError, systemCodeOf } from './errors.js';

/** Passed on to the workload. Everything else keeps its default meaning for the shim. */
export const forwardedSignals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
] as const;
export type ForwardedSignal = (typeof forwardedSignals)[number];

/** A terminal sends these to the whole foreground group itself; twice would mean something else to many programs. */
const SENT_BY_TERMINALS: readonly ForwardedSignal[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH'];
/** Their default is to be ignored. */
const HARMLESS: readonly ForwardedSignal[] = ['SIGWINCH'];

export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

/** What to start. `env` holds secrets: it is used once and let go. */
export interface ChildSettings {
  readonly executable: string;
  /** argv, its first word as the user gave it. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A signal came before there was a workload to take it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly signal: ForwardedSignal;
  readonly exitCode: number;
  constructor(signal: ForwardedSignal) {
    super(`${signal}: stopped before the command was started`);
    this.signal = signal;
    this.exitCode = exitCodeOfSignal(signal);
  }
}

/**
 * Holds the signals of this process. Before a child runs, the first signal that would end a program ends the shim;
 * afterwards they are the child's.
 */
export class Signals {
  #toChild: ((signal: ForwardedSignal) => void) | null = null;
  #pending: ForwardedSignal | null = null;
  #interrupt: (error: InterruptedError) => void = () => undefined;
  readonly #handlers: readonly (readonly [ForwardedSignal, () => void])[];

  constructor() {
    // Also keeps SIGUSR1 from opening Node's inspector.
    this.#handlers = forwardedSignals.map((signal) => [signal, () => this.#receive(signal)]);
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  /** Work before there is a child, given up at the first signal. @throws InterruptedError */
  async orInterrupted<T>(work: Promise<T>): Promise<T> {
    this.check();
    const interrupted = new Promise<never>((_resolve, reject) => {
      this.#interrupt = reject;
    });
    return await Promise.race([work, interrupted]);
  }

  /** @throws InterruptedError when a signal has come before there was a child */
  check(): void {
    if (this.#pending !== null) throw new InterruptedError(this.#pending);
  }

  forwardTo(receiver: ((signal: ForwardedSignal) => void) | null): void {
    this.#toChild = receiver;
  }

  release(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }

  /** Dies of a signal as any program would, also when a connection is still being tried. Returns only as process 1. */
  static dieOf(signal: ForwardedSignal): void {
    process.kill(process.pid, signal);
  }

  #receive(signal: ForwardedSignal): void {
    if (this.#toChild !== null) {
      this.#toChild(signal);
    } else if (!HARMLESS.includes(signal)) {
      this.#pending ??= signal;
      this.#interrupt(new InterruptedError(this.#pending));
    }
  }
}

function startFailure(error: unknown, name: string): ShimError {
  const code = systemCodeOf(error);
  const isMissing = code === 'ENOENT';
  // Node's own error carries argv and environment: it must not travel on as a cause.
  return new ShimError(
    'command-failed',
    `${name}: cannot be started (${code || 'unknown fault'})`,
    {
      exitCode: isMissing ? exitCodes.notFound : exitCodes.notExecutable,
    },
  );
}

/** Starts the workload and waits for its end; resolves with its exit code, 128 + n for a death by signal n. */
export function runChild(settings: ChildSettings, signals: Signals): Promise<number> {
  const [name = '', ...args] = settings.command;
  return new Promise((resolve, reject) => {
    let child: ReturnType<typeof spawn>;
    try {
      child = spawn(settings.executable, args, {
        argv0: name,
        env: settings.env as NodeJS.ProcessEnv,
        stdio: 'inherit',
      });
    } catch (error) {
      reject(startFailure(error, name));
      return;
    }
    signals.forwardTo((signal) => {
      if (process.stdin.isTTY === true && SENT_BY_TERMINALS.includes(signal)) return;
      child.kill(signal);
    });
    child.once('error', (error) => {
      signals.forwardTo(null);
      reject(startFailure(error, name));
    });
    child.once('exit', (code, signal) => {
      signals.forwardTo(null);
      resolve(signal === null ? (code ?? exitCodes.shimFailed) : exitCodeOfSignal(signal));
    });
  });
}

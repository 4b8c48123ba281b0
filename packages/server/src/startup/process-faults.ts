// Faults that nobody caught. Node would print their message, which may quote input, and end the process for a promise
// that nobody waits for: anybody who found such a request could stop the server with it.
import type { EventEmitter } from 'node:events';
import { describeFault, type Log } from './log.js';

/** EX_SOFTWARE of sysexits.h. */
const EXIT_SOFTWARE = 70;

/**
 * A rejection that nobody waits for is logged: the request it belonged to has had its answer or will time out. After an
 * exception that nobody caught no state can be trusted: it is logged and the process ends, its keys with it.
 * @returns what undoes it
 */
export function watchProcess(
  source: EventEmitter,
  log: Log,
  exit: (code: number) => void,
): () => void {
  const onRejection = (error: unknown): void =>
    log('error', `rejection that nobody waits for: ${describeFault(error)}`);
  const onException = (error: unknown): void => {
    log('error', `exception that nobody caught: ${describeFault(error)}`);
    exit(EXIT_SOFTWARE);
  };
  source.on('unhandledRejection', onRejection);
  source.on('uncaughtException', onException);
  return () => {
    source.off('unhandledRejection', onRejection);
    source.off('uncaughtException', onException);
  };
}

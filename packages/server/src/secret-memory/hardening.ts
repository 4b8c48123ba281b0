// Closes the doors through which a process gives its memory away: core dumps, ptrace by others, the inspector, swap.
// Each is best effort and reported; none may stop the server, since Gramine answers ENOSYS to some.
import { readFileSync } from 'node:fs';
import type { Libc } from './libc.js';
import { loadLibc } from './libc.js';

/** @property detail for the operator: why it did not work, or '' */
export interface HardeningStep {
  readonly name: 'core-dumps-off' | 'not-dumpable' | 'inspector-signal-off' | 'swap-off';
  readonly ok: boolean;
  readonly detail: string;
}

export interface HardeningSources {
  readonly load: () => Libc;
  /** Text of /proc/swaps. */
  readonly readSwaps: () => string;
}

const REAL: HardeningSources = {
  load: loadLibc,
  readSwaps: () => readFileSync('/proc/swaps', 'utf8'),
};

function attempt(name: HardeningStep['name'], work: () => void): HardeningStep {
  try {
    work();
    return { name, ok: true, detail: '' };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : 'unknown' };
  }
}

/** Call once, first thing in main. Never throws. */
export function hardenProcess(sources: HardeningSources = REAL): readonly HardeningStep[] {
  return [
    attempt('core-dumps-off', () => sources.load().forbidCoreDumps()),
    attempt('not-dumpable', () => sources.load().setNotDumpable()),
    // With a listener of our own Node does not start the inspector when somebody sends SIGUSR1.
    attempt('inspector-signal-off', () => {
      process.on('SIGUSR1', () => {});
    }),
    attempt('swap-off', () => {
      const areas = sources.readSwaps().trim().split('\n').slice(1);
      if (areas.length > 0) throw new Error('swap is on: memory may be written to its disk');
    }),
  ];
}

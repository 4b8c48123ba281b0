// Looks at the clock: revokes what has expired and does chores that are due. Several workers may run one each; what must
// be done once is claimed by a commit below.
import type { Revocation } from './revocation.js';

export interface ExpirerParts {
  readonly revocation: Revocation;
  /** Small periodic work (keyring rotation, forgetting old challenges); must be safe to run anywhere, any time. */
  readonly chores: readonly ((now: number) => Promise<void>)[];
  readonly clock: () => number;
  readonly intervalMs: number;
  /** Told of each part of a pass that fails; the next pass tries again. */
  readonly onFault: (error: unknown) => void;
}

export class Expirer {
  readonly #parts: ExpirerParts;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ExpirerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.pass().finally(() => {
        if (!this.#stopped) this.start();
      });
    }, this.#parts.intervalMs);
    this.#timer.unref();
  }

  /** One round: everything that is due now, whatever else of it fails. Never rejects. */
  async pass(): Promise<void> {
    const { revocation, chores, clock, onFault } = this.#parts;
    const expire = async (now: number): Promise<void> => {
      for (const fault of await revocation.expire(now)) onFault(fault);
    };
    for (const work of [expire, ...chores]) {
      try {
        await work(clock());
      } catch (error) {
        if (!this.#stopped) onFault(error);
      }
    }
  }

  /** Resolves when a running pass has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }
}

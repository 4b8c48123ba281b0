// Keeps a workload's login alive: renews at two thirds of its time, attests anew when the server wants that, and says
// so when neither works. Never stops the workload: that is its owner's decision.
import { AttestationRefusedError, ShimError } from './errors.js';
import { ServerRefusalError } from './server-api.js';
import type { Lease } from './session.js';

/** What the loop needs of a login. */
export interface KeptSession {
  readonly lease: Lease;
  renew(): Promise<Lease>;
  revoke(timeoutMs: number): Promise<void>;
  wipe(): void;
}

export interface SupplySettings<S extends KeptSession> {
  /** A new login with fresh evidence. */
  readonly logIn: () => Promise<S>;
  /** One line for the operator. */
  readonly note: (text: string) => void;
  /** Runs `work` once, later; the result cancels it. */
  readonly schedule: (delayMs: number, work: () => void) => () => void;
  readonly clock: () => number;
}

const RENEW_AT = 2 / 3;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;
/** setTimeout takes no more than 2^31 - 1. */
const DELAY_MS_MAX = 24 * 3600 * 1000;
export const REVOKE_TIMEOUT_MS = 5_000;

export class Supply<S extends KeptSession> {
  readonly #settings: SupplySettings<S>;
  #session: S;
  /** Seconds that the login was first given: much less than that after a renewal means that its end is near. */
  #fullTtlSeconds: number;
  #expiresAt: number;
  #failures = 0;
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(session: S, settings: SupplySettings<S>) {
    this.#settings = settings;
    this.#session = session;
    this.#fullTtlSeconds = session.lease.ttlSeconds;
    this.#expiresAt = this.#expiryOf(session.lease);
  }

  get session(): S {
    return this.#session;
  }

  start(): void {
    const { ttlSeconds } = this.#session.lease;
    if (ttlSeconds > 0) this.#after(ttlSeconds * 1000 * RENEW_AT);
  }

  /** No more renewals; resolves when none is under way. The session stays the caller's. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  #expiryOf(lease: Lease): number {
    return this.#settings.clock() + lease.ttlSeconds * 1000;
  }

  #after(delayMs: number): void {
    if (this.#isStopped) return;
    const delay = Math.min(Math.max(delayMs, RETRY_MS_MIN), DELAY_MS_MAX);
    this.#cancel = this.#settings.schedule(delay, () => {
      this.#running = this.#turn();
    });
  }

  async #turn(): Promise<void> {
    try {
      if (!(await this.#renewed())) await this.#attestAnew();
      this.#failures = 0;
      this.start();
    } catch (error) {
      this.#failures += 1;
      this.#report(error);
      this.#after(Math.min(RETRY_MS_MIN * 2 ** Math.min(this.#failures, 10), RETRY_MS_MAX));
    }
  }

  /** False when only a new login helps. @throws when the server could not be asked */
  async #renewed(): Promise<boolean> {
    const session = this.#session;
    if (!session.lease.isRenewable || this.#settings.clock() >= this.#expiresAt) return false;
    try {
      const lease = await session.renew();
      this.#expiresAt = this.#expiryOf(lease);
      return lease.ttlSeconds === 0 || lease.ttlSeconds * 3 > this.#fullTtlSeconds;
    } catch (error) {
      // A 4xx is the server's last word on this token; anything else may pass.
      const isFinal = error instanceof ServerRefusalError && error.status < 500;
      if (isFinal && error.status !== 429) return false;
      throw error;
    }
  }

  async #attestAnew(): Promise<void> {
    const session = await this.#settings.logIn();
    const before = this.#session;
    this.#session = session;
    this.#fullTtlSeconds = session.lease.ttlSeconds;
    this.#expiresAt = this.#expiryOf(session.lease);
    this.#settings.note('attested anew');
    // The old token may be gone already.
    await before.revoke(REVOKE_TIMEOUT_MS).catch(() => undefined);
    before.wipe();
  }

  #report(error: unknown): void {
    const { note, clock } = this.#settings;
    const why = error instanceof ShimError ? error.message : 'unknown fault';
    const left = Math.max(0, Math.round((this.#expiresAt - clock()) / 1000));
    const state = left > 0 ? `the token lives ${left} s more` : 'the token has expired';
    note(`error: login not kept alive: ${why}; ${state}`);
    if (error instanceof AttestationRefusedError && error.hint !== '') note(`hint: ${error.hint}`);
  }
}

// Slows guessing down: counts failed logins per name in storage, so that every process sees them. Unknown names are
// counted like known ones, else the answer would tell which exist. For auth methods with guessable secrets.
import { badToken, StorageConflict } from './errors.js';
import { expiryKey, findDue } from './expiry-index.js';
import { type Entry, retryOnConflict, type Storage, type Write } from './storage.js';

export interface LockoutConfig {
  readonly failuresMax: number;
  readonly lockoutSeconds: number;
  /** A name that did not fail for so long begins at zero. */
  readonly resetSeconds: number;
}

export const DEFAULT_LOCKOUT: LockoutConfig = {
  failuresMax: 5,
  lockoutSeconds: 900,
  resetSeconds: 900,
};

/** What an operator said of it; null: nothing, 0: as if nothing had been said. */
export interface LockoutTuning {
  readonly failuresMax: number | null;
  readonly lockoutSeconds: number | null;
  readonly resetSeconds: number | null;
  readonly disabled: boolean | null;
}

/** `given` over `before`, where something was given. */
export function mergeLockout(
  before: LockoutTuning | undefined,
  given: LockoutTuning,
): LockoutTuning {
  return {
    failuresMax: given.failuresMax ?? before?.failuresMax ?? null,
    lockoutSeconds: given.lockoutSeconds ?? before?.lockoutSeconds ?? null,
    resetSeconds: given.resetSeconds ?? before?.resetSeconds ?? null,
    disabled: given.disabled ?? before?.disabled ?? null,
  };
}

/** What applies where later tunings win. Where it is disabled no number of failures locks. */
export function effectiveLockout(tunings: readonly LockoutTuning[]): LockoutConfig {
  const last = <K extends keyof LockoutTuning>(key: K): LockoutTuning[K] =>
    tunings.findLast((tuning) => tuning[key] !== null && tuning[key] !== 0)?.[key] ?? null;
  const isDisabled = last('disabled') === true;
  return {
    failuresMax: isDisabled
      ? Number.POSITIVE_INFINITY
      : (last('failuresMax') ?? DEFAULT_LOCKOUT.failuresMax),
    lockoutSeconds: last('lockoutSeconds') ?? DEFAULT_LOCKOUT.lockoutSeconds,
    resetSeconds: last('resetSeconds') ?? DEFAULT_LOCKOUT.resetSeconds,
  };
}

interface Failures {
  readonly count: number;
  readonly lastAt: number;
  /** When the record means nothing any more; its place in the index of what to forget. */
  readonly endsAt: number;
}

const PREFIX = 'lockout/';
const ENDS_PREFIX = 'lockout-ends/';
/** Records forgotten with each failure noted: more than one, so that the store shrinks to the recent failures. */
const FORGET_PER_FAILURE = 4;
/** Read at a time. */
const PAGE_NAMES = 500;
const MARK = Buffer.from('1');

function decode(entry: Entry): Failures {
  return JSON.parse(entry.value.toString('utf8')) as Failures;
}

/**
 * Over a mount's view. Names are canonical (one spelling per user, the alias name) and one path segment; callers bound
 * their length.
 */
export class LoginLockout {
  readonly #storage: Storage;
  readonly #config: LockoutConfig;

  constructor(storage: Storage, config: LockoutConfig) {
    this.#storage = storage;
    this.#config = config;
  }

  /** @throws ApiError permission-denied while the name is locked. Check before and after the secret is compared. */
  async check(name: string, now: number): Promise<void> {
    const found = await this.#storage.get(PREFIX + name);
    if (found === null) return;
    const failures = decode(found);
    if (this.#isLocked(failures, now)) throw badToken('locked-out');
  }

  /** Counts one failure, in one commit with its place in the index. */
  async noteFailure(name: string, now: number): Promise<void> {
    await retryOnConflict(async () => {
      const key = PREFIX + name;
      const found = await this.#storage.get(key);
      const before = found === null ? null : decode(found);
      const isLive = before !== null && before.endsAt > now;
      const lastsSeconds = Math.max(this.#config.lockoutSeconds, this.#config.resetSeconds);
      const after: Failures = {
        count: (isLive && this.#countsOn(before, now) ? before.count : 0) + 1,
        lastAt: now,
        endsAt: now + lastsSeconds * 1000,
      };
      const oldMark = before === null ? null : expiryKey(ENDS_PREFIX, before.endsAt, name);
      const mark = expiryKey(ENDS_PREFIX, after.endsAt, name);
      const writes: Write[] = [
        { put: key, value: Buffer.from(JSON.stringify(after)) },
        { put: mark, value: MARK },
      ];
      if (oldMark !== null && oldMark !== mark) writes.push({ delete: oldMark });
      await this.#storage.commit(writes, [{ key, version: found?.version ?? null }]);
    });
    await this.#forgetSome(now);
  }

  /** After a successful login, or when an operator unlocks the name. False when there was nothing to clear. */
  async clear(name: string): Promise<boolean> {
    return await retryOnConflict(async () => {
      const key = PREFIX + name;
      const found = await this.#storage.get(key);
      if (found === null) return false;
      const writes = [
        { delete: key },
        { delete: expiryKey(ENDS_PREFIX, decode(found).endsAt, name) },
      ];
      await this.#storage.commit(writes, [{ key, version: found.version }]);
      return true;
    });
  }

  /** Names that are locked now, sorted, among the first `namesMax` that failed lately. */
  async locked(now: number, namesMax: number): Promise<readonly string[]> {
    const locked: string[] = [];
    let after = '';
    for (let seen = 0; seen < namesMax; ) {
      const limit = Math.min(PAGE_NAMES, namesMax - seen);
      const names = await this.#storage.list(PREFIX, { after, limit });
      const found = await this.#storage.getMany(names.map((name) => PREFIX + name));
      names.forEach((name, at) => {
        const entry = found[at] ?? null;
        if (entry !== null && this.#isLocked(decode(entry), now)) locked.push(name);
      });
      if (names.length < limit) break;
      seen += names.length;
      after = names.at(-1) ?? '';
    }
    return locked;
  }

  #isLocked(failures: Failures, now: number): boolean {
    if (failures.count < this.#config.failuresMax) return false;
    return now < failures.lastAt + this.#config.lockoutSeconds * 1000;
  }

  /** Whether an older count still counts: not after a lock was served, nor after a quiet time. */
  #countsOn(before: Failures, now: number): boolean {
    if (before.count >= this.#config.failuresMax) return this.#isLocked(before, now);
    return now < before.lastAt + this.#config.resetSeconds * 1000;
  }

  async #forgetSome(now: number): Promise<void> {
    const page = { after: '', limit: FORGET_PER_FAILURE };
    for (const { key, name } of await findDue(this.#storage, ENDS_PREFIX, now, page)) {
      const found = await this.#storage.get(PREFIX + name);
      const isOver = found !== null && decode(found).endsAt <= now;
      const record = isOver ? [{ delete: PREFIX + name }] : [];
      const expected = isOver ? [{ key: PREFIX + name, version: found.version }] : [];
      try {
        await this.#storage.commit([{ delete: key }, ...record], expected);
      } catch (error) {
        // It has just failed again and is not old any more.
        if (!(error instanceof StorageConflict)) throw error;
      }
    }
  }
}

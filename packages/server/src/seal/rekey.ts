// Other shares, another key behind them and another root key, for those who hold enough of the present shares. Must
// never put a root key in place whose shares nobody was given: what is stored decides, not what a commit reported.
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { WRAPPED_ROOT_KEY_PATH } from '../barrier/paths.js';
import { KEY_BYTES } from '../barrier/record.js';
import { ApiError, invalidRequest, StorageConflict } from '../framework/errors.js';
import type { SecretBuffer } from '../secret-memory/secret-memory.js';
import type { StoredWrite } from '../storage/engine.js';
import type { SealParts } from './root-key-store.js';
import { findSealConfig, getWrappedRootKey, provesRootKey, sealWrites } from './root-key-store.js';
import type { ShareCounts } from './seal-config.js';
import { checkShareCounts } from './seal-config.js';
import { splitSecret } from './shamir.js';
import { ShamirSeal } from './shamir-seal.js';
import { isSameNonce, ShareCollection } from './share-collection.js';

const COMMIT_ATTEMPTS = 3;

export interface RekeyRequest extends ShareCounts {
  /** The new shares take effect only after enough of them have been given back. */
  readonly requireVerification: boolean;
}

/** As sys/rekey/init shows it. */
export interface RekeyStatus {
  readonly nonce: string;
  readonly started: boolean;
  /** Of the shares to be: threshold and number. */
  readonly t: number;
  readonly n: number;
  readonly progress: number;
  /** Threshold of the present shares. */
  readonly required: number;
  readonly verificationRequired: boolean;
  readonly verificationNonce: string;
}

/** @property shares the new ones; the caller sends them out once, and wipes them. */
export interface RekeyComplete extends RekeyStatus {
  readonly complete: true;
  readonly shares: readonly Buffer[];
}

/** As sys/rekey/verify shows it. */
export interface RekeyVerifyStatus {
  readonly nonce: string;
  readonly started: boolean;
  readonly t: number;
  readonly n: number;
  readonly progress: number;
  readonly complete: boolean;
}

/** What will be put in place; in secret memory until it is, or the attempt ends. */
interface Successor {
  /** The key behind the present shares, by which their holders prove themselves again. */
  readonly provenKey: SecretBuffer;
  readonly shareKey: SecretBuffer;
  readonly rootKey: SecretBuffer;
  readonly wrapped: Buffer;
  readonly writes: readonly StoredWrite[];
  /** Shares that come back for verification. */
  verification: ShareCollection;
}

interface Attempt {
  readonly request: RekeyRequest;
  readonly shares: ShareCollection;
  successor: Successor | null;
  /** Enough shares are in, and their effect is on its way. Until it is known nobody can cancel or add. */
  isFinishing: boolean;
}

/** At most one attempt at a time, in this process. Needs an unsealed barrier. */
export class Rekey {
  readonly #parts: SealParts;
  #attempt: Attempt | null = null;

  constructor(parts: SealParts) {
    this.#parts = parts;
  }

  async status(): Promise<RekeyStatus> {
    // Of now: when the configuration is there it may be somebody else's, and its nonce is not for this caller.
    const attempt = this.#attempt;
    const config = await findSealConfig(this.#parts.engine);
    return {
      nonce: attempt?.shares.nonce ?? '',
      started: attempt !== null,
      t: attempt?.request.secretThreshold ?? 0,
      n: attempt?.request.secretShares ?? 0,
      progress: attempt?.shares.progress ?? 0,
      required: attempt?.shares.threshold ?? config?.secretThreshold ?? 0,
      verificationRequired: attempt?.request.requireVerification ?? false,
      verificationNonce: isAwaitingVerification(attempt)
        ? attempt.successor.verification.nonce
        : '',
    };
  }

  /** @throws ApiError when an attempt is under way, or the counts make no sense. */
  async begin(request: RekeyRequest): Promise<RekeyStatus> {
    this.#requireUnsealed();
    checkShareCounts(request);
    const config = await findSealConfig(this.#parts.engine);
    if (config === null) throw invalidRequest('Vault is not initialized', 'not-initialized');
    if (this.#attempt !== null) {
      throw invalidRequest('rekey already in progress', 'rekey-in-progress');
    }
    const shares = new ShareCollection(this.#parts.memory, config.secretThreshold);
    this.#attempt = { request, shares, successor: null, isFinishing: false };
    return await this.status();
  }

  /**
   * Adds a present share. With the last one needed makes the new ones, and unless they are to be verified puts them
   * in force. @throws ApiError when there is no attempt, the nonce is not its own, the share was given before or the
   * shares are wrong (the counting starts again); 'unavailable' when it is unknown which shares are in force: the same
   * present shares again, with the same nonce, finish it.
   */
  async update(share: Uint8Array, nonce: string): Promise<RekeyStatus | RekeyComplete> {
    this.#requireUnsealed();
    const attempt = this.#requireAttempt(nonce);
    if (attempt.isFinishing) throw finishing();
    if (isAwaitingVerification(attempt)) {
      throw invalidRequest('rekey verification already in progress', 'rekey-verification');
    }
    if (!attempt.shares.add(share)) throw duplicateShare();
    if (!attempt.shares.isComplete) return await this.status();
    const key = attempt.shares.takeKey();
    if (key === null) throw wrongShares();
    return await this.#finish(attempt, async () => {
      try {
        if (!(await this.#proves(attempt, key))) throw wrongShares();
        const successor = attempt.successor ?? (await this.#makeSuccessor(attempt, key));
        const { secretShares, secretThreshold } = attempt.request;
        // Before they are in force: nothing may fail between that and handing them out.
        const shares = splitSecret(successor.shareKey.bytes, secretShares, secretThreshold);
        const result = { ...(await this.status()), complete: true, shares } as const;
        if (attempt.request.requireVerification) return result;
        await this.#putInForce(successor);
        this.#attempt = null;
        return result;
      } finally {
        key.free();
      }
    });
  }

  verifyStatus(): RekeyVerifyStatus {
    const attempt = this.#attempt;
    if (!isAwaitingVerification(attempt)) throw noVerification();
    return {
      nonce: attempt.successor.verification.nonce,
      started: true,
      t: attempt.request.secretThreshold,
      n: attempt.request.secretShares,
      progress: attempt.successor.verification.progress,
      complete: false,
    };
  }

  /** Adds a new share. With the last one needed the new shares are in force. @throws ApiError as `update` does. */
  async verify(share: Uint8Array, nonce: string): Promise<RekeyVerifyStatus> {
    this.#requireUnsealed();
    const attempt = this.#attempt;
    if (!isAwaitingVerification(attempt)) throw noVerification();
    if (attempt.isFinishing) throw finishing();
    const { successor } = attempt;
    const { verification } = successor;
    if (!isSameNonce(verification.nonce, nonce)) throw wrongNonce();
    if (!verification.add(share)) throw duplicateShare();
    const status = this.verifyStatus();
    if (!verification.isComplete) return status;
    const key = verification.takeKey();
    const same = key !== null && timingSafeEqual(key.bytes, successor.shareKey.bytes);
    key?.free();
    if (!same)
      throw invalidRequest('rekey verification failed: incorrect key shares', 'shares-wrong');
    return await this.#finish(attempt, async () => {
      await this.#putInForce(successor);
      this.#attempt = null;
      return { ...status, complete: true };
    });
  }

  /** Forgets the new shares given back so far, under a new nonce. @param nonce null: see `cancel`. */
  restartVerification(nonce: string | null): RekeyVerifyStatus {
    const attempt = this.#attempt;
    if (!isAwaitingVerification(attempt)) throw noVerification();
    if (attempt.isFinishing) throw finishing();
    const { successor } = attempt;
    if (nonce !== null && !isSameNonce(successor.verification.nonce, nonce)) throw wrongNonce();
    successor.verification.forget();
    successor.verification = this.#newVerification(attempt.request);
    return this.verifyStatus();
  }

  /**
   * Nothing under way: does nothing. @param nonce null only where the caller has shown its right to cancel otherwise
   * (a token with sudo): cancelling is not for passers-by (CVE-2025-4656).
   */
  cancel(nonce: string | null): void {
    if (this.#attempt === null) return;
    if (nonce !== null) this.#requireAttempt(nonce);
    if (this.#attempt.isFinishing) throw finishing();
    this.drop();
  }

  /** For seal(): ends the attempt whoever began it. One that is finishing still hands its shares out. */
  drop(): void {
    const attempt = this.#attempt;
    this.#attempt = null;
    if (attempt !== null && !attempt.isFinishing) free(attempt);
  }

  async #finish<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
    attempt.isFinishing = true;
    try {
      return await work();
    } finally {
      attempt.isFinishing = false;
      if (this.#attempt !== attempt) free(attempt);
    }
  }

  async #proves(attempt: Attempt, key: SecretBuffer): Promise<boolean> {
    // With a successor made, the commit may have happened: what is stored may be the new one's.
    const { successor } = attempt;
    if (successor !== null) return timingSafeEqual(successor.provenKey.bytes, key.bytes);
    return await provesRootKey(this.#parts, key);
  }

  async #makeSuccessor(attempt: Attempt, provenKey: SecretBuffer): Promise<Successor> {
    const { memory } = this.#parts;
    const { request } = attempt;
    const { secretShares, secretThreshold } = request;
    const [shareKey, rootKey] = [memory.generate(KEY_BYTES), memory.generate(KEY_BYTES)];
    const wrapped = await new ShamirSeal(shareKey, memory).wrap(rootKey);
    const config = { type: 'shamir', nonce: randomUUID(), secretShares, secretThreshold } as const;
    const successor = {
      provenKey: memory.copyFrom(provenKey.bytes),
      shareKey,
      rootKey,
      wrapped,
      writes: sealWrites(config, wrapped),
      verification: this.#newVerification(request),
    };
    attempt.successor = successor;
    return successor;
  }

  #newVerification(request: RekeyRequest): ShareCollection {
    return new ShareCollection(this.#parts.memory, request.secretThreshold);
  }

  /** Returns when the successor is what is stored, by this commit or by one that was reported as failed. */
  async #putInForce({ wrapped, rootKey, writes }: Successor): Promise<void> {
    const { engine, barrier, memory } = this.#parts;
    const isInForce = async (): Promise<boolean> =>
      (await getWrappedRootKey(engine)).value.equals(wrapped);
    const { version } = await getWrappedRootKey(engine);
    for (let tries = 1; !(await isInForce()); tries += 1) {
      const copy = memory.copyFrom(rootKey.bytes);
      try {
        await barrier.changeRootKey(copy, writes, [{ key: WRAPPED_ROOT_KEY_PATH, version }]);
      } catch (error) {
        // Sealed in between, for one: what matters is whether the shares are in force.
        const isLast = tries === COMMIT_ATTEMPTS || !mayRetry(error);
        if (isLast && !(await isInForce())) throw error;
      } finally {
        copy.free();
      }
    }
  }

  #requireUnsealed(): void {
    if (this.#parts.barrier.isSealed) throw new ApiError('sealed', 'Vault is sealed');
  }

  #requireAttempt(nonce: string): Attempt {
    if (this.#attempt === null) throw noAttempt();
    if (!isSameNonce(this.#attempt.shares.nonce, nonce)) throw wrongNonce();
    return this.#attempt;
  }
}

function free({ shares, successor }: Attempt): void {
  shares.forget();
  if (successor === null) return;
  successor.verification.forget();
  for (const key of [successor.provenKey, successor.shareKey, successor.rootKey]) key.free();
}

function mayRetry(error: unknown): boolean {
  if (error instanceof StorageConflict) return true;
  return error instanceof ApiError && error.kind === 'unavailable';
}

function finishing(): ApiError {
  return invalidRequest('rekey is being completed', 'rekey-in-progress');
}

function isAwaitingVerification(
  attempt: Attempt | null,
): attempt is Attempt & { readonly successor: Successor } {
  return attempt !== null && attempt.successor !== null && attempt.request.requireVerification;
}

function noAttempt(): ApiError {
  return invalidRequest('no rekey in progress', 'rekey-not-started');
}

function noVerification(): ApiError {
  return invalidRequest('no rekey verification in progress', 'rekey-not-started');
}

function wrongNonce(): ApiError {
  return invalidRequest('incorrect nonce supplied', 'nonce-wrong');
}

function wrongShares(): ApiError {
  return invalidRequest('rekey failed: invalid key', 'shares-wrong');
}

function duplicateShare(): ApiError {
  return invalidRequest(
    'given key has already been provided during this rekey operation',
    'share-duplicate',
  );
}

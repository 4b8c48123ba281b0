// A new root token for those who hold enough shares. It leaves XORed with a one-time password that only whoever began
// the attempt has; the token itself never leaves.
import { fillBase62 } from '../framework/base62.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { SecretBuffer } from '../secret-memory/secret-memory.js';
import type { SealParts } from './root-key-store.js';
import { findSealConfig, provesRootKey } from './root-key-store.js';
import { isSameNonce, ShareCollection } from './share-collection.js';

const OTP_BYTES_MAX = 256;

/** As sys/generate-root/attempt shows it. */
export interface GenerateRootStatus {
  readonly nonce: string;
  readonly started: boolean;
  readonly progress: number;
  readonly required: number;
  readonly complete: boolean;
  /** Base64 without padding of token XOR password; '' until complete. */
  readonly encodedToken: string;
  readonly otpLength: number;
}

/** @property otp the caller sends it out once, and wipes it. */
export interface GenerateRootStarted {
  readonly status: GenerateRootStatus;
  readonly otp: Buffer;
}

interface Attempt {
  readonly shares: ShareCollection;
  readonly otp: SecretBuffer;
}

/** At most one attempt at a time, in this process. Needs an unsealed barrier. */
export class GenerateRoot {
  readonly #parts: SealParts;
  #attempt: Attempt | null = null;

  constructor(parts: SealParts) {
    this.#parts = parts;
  }

  /** @param otpLength length of a root token, in bytes: what the status says when no attempt is under way. */
  async status(otpLength: number): Promise<GenerateRootStatus> {
    // Of now: when the configuration is there it may be somebody else's, and its nonce is not for this caller.
    const attempt = this.#attempt;
    const config = await findSealConfig(this.#parts.engine);
    return {
      nonce: attempt?.shares.nonce ?? '',
      started: attempt !== null,
      progress: attempt?.shares.progress ?? 0,
      required: attempt?.shares.threshold ?? config?.secretThreshold ?? 0,
      complete: false,
      encodedToken: '',
      otpLength,
    };
  }

  /**
   * @param otp given by the client and of `otpLength` bytes, or null to make one.
   * @throws ApiError when an attempt is under way, or the password has another length.
   */
  async begin(otpLength: number, otp: Uint8Array | null): Promise<GenerateRootStarted> {
    this.#requireUnsealed();
    const config = await findSealConfig(this.#parts.engine);
    if (config === null) throw invalidRequest('Vault is not initialized', 'not-initialized');
    if (this.#attempt !== null) {
      throw invalidRequest('root generation already in progress', 'generate-root-in-progress');
    }
    if (otpLength < 1 || otpLength > OTP_BYTES_MAX) throw new RangeError('otp length');
    if (otp !== null && otp.length !== otpLength) {
      throw invalidRequest(`OTP length must be ${otpLength}`, 'generate-root-otp');
    }
    const { memory } = this.#parts;
    const kept = memory.allocate(otpLength);
    if (otp === null) fillBase62(kept.bytes);
    else kept.bytes.set(otp);
    this.#attempt = { shares: new ShareCollection(memory, config.secretThreshold), otp: kept };
    return { status: await this.status(otpLength), otp: Buffer.from(kept.bytes) };
  }

  /**
   * Adds a share. With the last one needed calls `makeToken` (whose bytes are wiped here) and ends the attempt.
   * @throws ApiError when there is no attempt, the nonce is not its own, the share was given before, or the shares are
   * wrong, which starts the counting again.
   */
  async update(
    share: Uint8Array,
    nonce: string,
    makeToken: () => Promise<Buffer>,
  ): Promise<GenerateRootStatus> {
    this.#requireUnsealed();
    const attempt = this.#requireAttempt(nonce);
    const { shares, otp } = attempt;
    if (!shares.add(share)) {
      throw invalidRequest(
        'given key has already been provided during this generation operation',
        'share-duplicate',
      );
    }
    if (!shares.isComplete) return await this.status(otp.length);
    const key = shares.takeKey();
    const proven =
      key !== null && (await provesRootKey(this.#parts, key).finally(() => key.free()));
    if (!proven) throw invalidRequest('root generation failed: invalid key', 'shares-wrong');
    // Cancelled, or completed by a second set of shares, while the root key was being checked.
    if (this.#attempt !== attempt) throw noAttempt();
    this.#attempt = null;
    try {
      return {
        nonce: shares.nonce,
        started: true,
        progress: shares.threshold,
        required: shares.threshold,
        complete: true,
        encodedToken: await encodeToken(otp, makeToken),
        otpLength: otp.length,
      };
    } finally {
      otp.free();
    }
  }

  /**
   * Nothing under way: does nothing. @param nonce null only where the caller has shown its right to cancel otherwise
   * (a token with sudo): cancelling is not for passers-by (CVE-2025-4656, CVE-2026-5807).
   */
  cancel(nonce: string | null): void {
    if (this.#attempt === null) return;
    if (nonce !== null) this.#requireAttempt(nonce);
    this.drop();
  }

  /** For seal(): ends the attempt whoever began it. */
  drop(): void {
    this.#attempt?.shares.forget();
    this.#attempt?.otp.free();
    this.#attempt = null;
  }

  #requireUnsealed(): void {
    if (this.#parts.barrier.isSealed) throw new ApiError('sealed', 'Vault is sealed');
  }

  #requireAttempt(nonce: string): Attempt {
    if (this.#attempt === null) throw noAttempt();
    if (!isSameNonce(this.#attempt.shares.nonce, nonce)) {
      throw invalidRequest('incorrect nonce supplied', 'nonce-wrong');
    }
    return this.#attempt;
  }
}

function noAttempt(): ApiError {
  return invalidRequest('no root generation in progress', 'generate-root-not-started');
}

async function encodeToken(otp: SecretBuffer, makeToken: () => Promise<Buffer>): Promise<string> {
  const token = await makeToken();
  try {
    if (token.length !== otp.length) throw new Error('root token has not the length of its otp');
    for (let index = 0; index < token.length; index += 1) {
      token[index] = (token[index] ?? 0) ^ (otp.bytes[index] ?? 0);
    }
    return token.toString('base64').replace(/=+$/, '');
  } finally {
    token.fill(0);
  }
}

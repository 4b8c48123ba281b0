// The shares of one attempt (to unseal, to rekey, to make a root token), until there are enough. They lie in secret
// memory and go with the attempt.
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { KEY_BYTES } from '../barrier/record.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';
import { combineShares } from './shamir.js';

/** As Vault bounds them: an AES-128 key at least, an AES-256 key and its x byte at most. */
const SHARE_BYTES_MIN = 16;
const SHARE_BYTES_MAX = KEY_BYTES + 1;

/** @throws ApiError with Vault's texts, when no share can have this length. */
export function checkShareLength(share: Uint8Array): void {
  if (share.length < SHARE_BYTES_MIN) {
    throw invalidRequest(`key is shorter than minimum ${SHARE_BYTES_MIN} bytes`, 'share-length');
  }
  if (share.length > SHARE_BYTES_MAX) {
    throw invalidRequest(`key is longer than maximum ${SHARE_BYTES_MAX} bytes`, 'share-length');
  }
}

/** Compares a nonce that a client sent. Constant time: it is what lets the holder go on with the attempt. */
export function isSameNonce(expected: string, given: string): boolean {
  const want = Buffer.from(expected);
  const got = Buffer.from(given);
  return want.length === got.length && timingSafeEqual(want, got);
}

export class ShareCollection {
  readonly threshold: number;
  readonly nonce: string;
  readonly #memory: SecretMemory;
  readonly #shares: SecretBuffer[] = [];

  constructor(memory: SecretMemory, threshold: number, nonce: string = randomUUID()) {
    this.#memory = memory;
    this.threshold = threshold;
    this.nonce = nonce;
  }

  get progress(): number {
    return this.#shares.length;
  }

  get isComplete(): boolean {
    return this.#shares.length >= this.threshold;
  }

  /** False when this very share is in already. The caller wipes its own. @throws ApiError on an impossible length. */
  add(share: Uint8Array): boolean {
    checkShareLength(share);
    for (const { bytes } of this.#shares) {
      if (bytes.length === share.length && timingSafeEqual(bytes, share)) return false;
    }
    this.#shares.push(this.#memory.copyFrom(share));
    return true;
  }

  /**
   * The key of the shares, which the caller frees; null when they can not belong together. Forgets the shares. That
   * the key is the right one is for the caller to find out.
   */
  takeKey(): SecretBuffer | null {
    const key = this.#memory.allocate(KEY_BYTES);
    try {
      combineShares(
        this.#shares.map(({ bytes }) => bytes),
        key.bytes,
      );
      return key;
    } catch (error) {
      key.free();
      if (error instanceof ApiError) return null;
      throw error;
    } finally {
      this.forget();
    }
  }

  /** Wipes the shares; progress is 0 again. */
  forget(): void {
    for (const share of this.#shares) share.free();
    this.#shares.length = 0;
  }
}

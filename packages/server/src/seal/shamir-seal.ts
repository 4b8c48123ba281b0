// The key that the shares combine to encrypts the root key. Must not outlive the operation it was combined for.

import { WRAPPED_ROOT_KEY_PATH } from '../barrier/paths.js';
import { KEY_BYTES, openSecretRecord, parseTerm, sealRecord } from '../barrier/record.js';
import { TamperingError } from '../framework/errors.js';
import type { SecretBuffer, SecretMemory } from '../secret-memory/secret-memory.js';
import type { Seal } from './seal.js';
import { SealError } from './seal.js';

const TERM = 1;

/** @see Seal */
export class ShamirSeal implements Seal {
  readonly type = 'shamir';
  readonly #key: SecretBuffer;
  readonly #memory: SecretMemory;

  /** @param key stays the caller's, and has 32 bytes. */
  constructor(key: SecretBuffer, memory: SecretMemory) {
    if (key.length !== KEY_BYTES) throw new SealError('wrong-key');
    this.#key = key;
    this.#memory = memory;
  }

  async wrap(rootKey: SecretBuffer): Promise<Buffer> {
    return sealRecord(this.#key, TERM, WRAPPED_ROOT_KEY_PATH, rootKey.bytes);
  }

  async unwrap(wrapped: Buffer): Promise<SecretBuffer> {
    try {
      if (parseTerm(wrapped, WRAPPED_ROOT_KEY_PATH) !== TERM) throw new SealError('wrong-key');
      return openSecretRecord(this.#key, WRAPPED_ROOT_KEY_PATH, wrapped, this.#memory);
    } catch (error) {
      // A wrong key and an altered record look the same; only the key can be mended by the operator.
      if (error instanceof TamperingError) throw new SealError('wrong-key');
      throw error;
    }
  }
}

// A seal protects the root key at rest. Shamir is a seal like any other, built once enough shares are in.
import type { SecretBuffer } from '../secret-memory/secret-memory.js';

/** `wrong-key`: this seal did not wrap that root key, or somebody altered it. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: 'wrong-key';

  constructor(code: 'wrong-key') {
    super('seal does not open the root key');
    this.code = code;
  }
}

export interface Seal {
  readonly type: 'shamir';
  /** What is stored at WRAPPED_ROOT_KEY_PATH. The root key stays the caller's. */
  wrap(rootKey: SecretBuffer): Promise<Buffer>;
  /** The caller frees what it gets. @throws SealError */
  unwrap(wrapped: Buffer): Promise<SecretBuffer>;
}

// How the root key is shared: public, and stored in the clear, since it is read before anything can be decrypted.
// Whoever alters it can keep the server from unsealing, and nothing more.
import { invalidRequest, TamperingError } from '../framework/errors.js';
import { SHARES_MAX } from './shamir.js';

const CONFIG_BYTES_MAX = 4096;

export interface ShareCounts {
  readonly secretShares: number;
  readonly secretThreshold: number;
}

export interface SealConfig extends ShareCounts {
  readonly type: 'shamir';
  /** Changes with every rekey. */
  readonly nonce: string;
}

/** What is wrong with the counts, in Vault's words; null when they are fine. */
function findFault({ secretShares, secretThreshold }: ShareCounts): string | null {
  if (!Number.isInteger(secretShares) || secretShares < 1) return 'shares must be at least one';
  if (!Number.isInteger(secretThreshold) || secretThreshold < 1) {
    return 'threshold must be at least one';
  }
  if (secretShares > 1 && secretThreshold === 1) {
    return 'threshold must be greater than one for multiple shares';
  }
  if (secretShares > SHARES_MAX) return 'shares must be less than 256';
  if (secretThreshold > SHARES_MAX) return 'threshold must be less than 256';
  if (secretThreshold > secretShares) return 'threshold cannot be larger than shares';
  return null;
}

/** @throws ApiError invalid-request */
export function checkShareCounts(counts: ShareCounts): void {
  const fault = findFault(counts);
  if (fault !== null) {
    throw invalidRequest(`invalid seal configuration: ${fault}`, 'seal-config-invalid');
  }
}

export function serialiseSealConfig(config: SealConfig): Buffer {
  const { type, secretShares, secretThreshold, nonce } = config;
  return Buffer.from(
    JSON.stringify({
      type,
      secret_shares: secretShares,
      secret_threshold: secretThreshold,
      nonce,
    }),
  );
}

/** @throws TamperingError when it is not a configuration that this server wrote. */
export function parseSealConfig(bytes: Buffer): SealConfig {
  const fields = bytes.length <= CONFIG_BYTES_MAX ? parseObject(bytes) : null;
  if (fields !== null) {
    const { type, secret_shares: secretShares, secret_threshold: secretThreshold, nonce } = fields;
    if (
      type === 'shamir' &&
      typeof secretShares === 'number' &&
      typeof secretThreshold === 'number' &&
      typeof nonce === 'string' &&
      findFault({ secretShares, secretThreshold }) === null
    ) {
      return { type, secretShares, secretThreshold, nonce };
    }
  }
  throw new TamperingError('stored seal configuration is not valid');
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

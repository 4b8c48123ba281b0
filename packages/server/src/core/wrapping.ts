// Response wrapping: an answer is put away whole, and a single-use token is handed out in its place.
// The stored body is bytes from envelope to envelope; it is never parsed again.
import { ApiError, invalidRequest, StorageConflict } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import type { WrapResult } from './request.js';

/** The policy that a wrapping token carries and that nobody else can be given. */
export const WRAPPING_POLICY = 'response-wrapping';
/** What one wrapped answer may weigh. */
export const WRAPPED_BYTES_MAX = 1024 * 1024;

export interface WrapInfo {
  readonly creationPath: string;
  /** Milliseconds since the epoch. */
  readonly creationTime: number;
  readonly ttlSeconds: number;
}

/** Makes the single-use token; given by core. `token` bytes are owned by the caller. */
export type IssueWrappingToken = (
  creationPath: string,
  ttlSeconds: number,
  now: number,
) => Promise<{ readonly tokenId: string; readonly token: Buffer; readonly accessor: string }>;

/** Stored form: one line of JSON (WrapInfo), a line feed, the enveloped body. */
function encode(info: WrapInfo, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(info)}\n`), body]);
}

function decode(stored: Buffer): { info: WrapInfo; body: Buffer } {
  const end = stored.indexOf(0x0a);
  const info = JSON.parse(stored.toString('utf8', 0, end)) as WrapInfo;
  return { info, body: stored.subarray(end + 1) };
}

export function unknownWrappingToken(): ApiError {
  return invalidRequest('wrapping token is not valid or does not exist', 'wrapping-token-unknown');
}

export class Wrapping {
  readonly #storage: Storage;
  readonly #issue: IssueWrappingToken;

  /** `storage` is a view of its own; entries are named by token id. */
  constructor(storage: Storage, issue: IssueWrappingToken) {
    this.#storage = storage;
    this.#issue = issue;
  }

  /** Puts `body` away. The caller still owns and wipes `body`, and the token in the result. */
  async wrap(
    body: Buffer,
    options: { creationPath: string; ttlSeconds: number; wrappedAccessor: string; now: number },
  ): Promise<WrapResult> {
    if (body.length > WRAPPED_BYTES_MAX) {
      throw new ApiError(
        'payload-too-large',
        `a wrapped response is limited to ${WRAPPED_BYTES_MAX} bytes`,
        {
          code: 'wrapped-too-large',
        },
      );
    }
    const { creationPath, ttlSeconds, now } = options;
    const issued = await this.#issue(creationPath, ttlSeconds, now);
    const stored = encode({ creationPath, creationTime: now, ttlSeconds }, body);
    try {
      await this.#storage.commit([{ put: issued.tokenId, value: stored }], []);
    } finally {
      stored.fill(0);
    }
    return {
      token: issued.token,
      accessor: issued.accessor,
      ttlSeconds,
      creationTime: now,
      creationPath,
      wrappedAccessor: options.wrappedAccessor,
    };
  }

  /** @throws ApiError when nothing is wrapped under this token */
  async lookup(tokenId: string): Promise<WrapInfo> {
    const found = await this.#storage.get(tokenId);
    if (found === null) throw unknownWrappingToken();
    const { info } = decode(found.value);
    found.value.fill(0);
    return info;
  }

  /**
   * Takes the answer out; only one caller can. The body is a view on a buffer that is given to `own`.
   * @throws ApiError when nothing is wrapped under this token
   */
  async take(
    tokenId: string,
    own: <T extends Uint8Array>(bytes: T) => T,
  ): Promise<{ info: WrapInfo; body: Buffer }> {
    const found = await this.#storage.get(tokenId);
    if (found === null) throw unknownWrappingToken();
    own(found.value);
    try {
      await this.#storage.commit([{ delete: tokenId }], [{ key: tokenId, version: found.version }]);
    } catch (error) {
      if (error instanceof StorageConflict) throw unknownWrappingToken();
      throw error;
    }
    return decode(found.value);
  }

  /** The token is gone: so is what it wrapped. */
  async drop(tokenId: string): Promise<void> {
    await this.#storage.commit([{ delete: tokenId }], []);
  }
}

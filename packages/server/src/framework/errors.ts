// The one error type that handlers throw on purpose. http/ maps `kind` to a status; anything else that is thrown
// becomes "internal error" with its detail stripped. Messages must never hold a secret or echo an input value.

/** What went wrong, by the party that has to act. http/status.ts is the only place that turns it into a number. */
export type ErrorKind =
  | 'invalid-request'
  | 'permission-denied'
  | 'not-found'
  | 'unsupported-path'
  | 'unsupported-operation'
  | 'precondition-failed'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'rate-limited'
  | 'sealed'
  | 'not-initialized'
  | 'timeout'
  | 'unavailable'
  | 'internal';

/** @property code stable, kebab-case, more exact than `kind`; tests and clients may rely on it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ErrorKind;
  readonly code: string;
  /** Sent as `data` beside `errors`; holds no secret. */
  readonly data: Readonly<Record<string, unknown>> | null;

  constructor(
    kind: ErrorKind,
    message: string,
    options: { readonly code?: string; readonly data?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message);
    this.kind = kind;
    this.code = options.code ?? kind;
    this.data = options.data ?? null;
  }
}

/** Vault wraps some refusals in this text, and client test suites match it to the letter. */
export function asMultiError(message: string): string {
  return `1 error occurred:\n\t* ${message}\n\n`;
}

/** 400 with Vault's text. */
export function invalidRequest(message: string, code = 'invalid-request'): ApiError {
  return new ApiError('invalid-request', message, { code });
}

/** 403 as an ACL refusal words it. */
export function permissionDenied(code = 'permission-denied'): ApiError {
  return new ApiError('permission-denied', asMultiError('permission denied'), { code });
}

/** 403 as a missing, unknown or expired token words it. */
export function badToken(code = 'bad-token'): ApiError {
  return new ApiError('permission-denied', 'permission denied', { code });
}

/**
 * A commit whose expectations no longer hold: somebody else wrote first. Callers read again and retry, a bounded
 * number of times (see `retryOnConflict`).
 */
export class StorageConflict extends Error {
  override readonly name = 'StorageConflict';
}

/**
 * Stored bytes that do not open under the key and path they were read from. Never reported as "not found":
 * somebody altered, moved or replayed ciphertext.
 */
export class TamperingError extends Error {
  override readonly name = 'TamperingError';
}

// The two ways a call can fail: the server said no, or there was no answer. Messages hold what the server wrote, the
// verb and the path, and never a token, a header or a body that was sent.

/** The server answered with an error status. */
export class ApiResponseError extends Error {
  override readonly name = 'ApiResponseError';
  readonly status: number;
  /** The server's own texts; empty if the body held none. */
  readonly errors: readonly string[];
  /** `data` beside the errors, null if none. */
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly warnings: readonly string[];
  readonly method: string;
  /** Address and path, without the query. */
  readonly url: string;

  constructor(init: {
    readonly status: number;
    readonly errors: readonly string[];
    readonly data: Readonly<Record<string, unknown>> | null;
    readonly warnings: readonly string[];
    readonly method: string;
    readonly url: string;
  }) {
    super(`${init.method} ${init.url}: status ${init.status}: ${init.errors.join('; ')}`);
    this.status = init.status;
    this.errors = init.errors;
    this.data = init.data;
    this.warnings = init.warnings;
    this.method = init.method;
    this.url = init.url;
  }
}

/** Why there was no answer. `tls` is a handshake or certificate that failed; `protocol` an answer that is not HTTP. */
export type TransportErrorKind =
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'closed'
  | 'protocol'
  | 'too-large';

/** No answer came. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly kind: TransportErrorKind;
  /** The platform's code (ECONNREFUSED, CERT_HAS_EXPIRED, …), '' if it gave none. */
  readonly code: string;

  constructor(kind: TransportErrorKind, message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.code = code;
  }
}

/** The caller asked for something that cannot be sent: nothing was. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

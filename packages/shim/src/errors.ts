// What stops the shim, with a code, what to do next, and the exit code that says so to whoever started it. Must never
// hold a secret, a token or a key.

/** Exit codes as container runtimes and shells give them. */
export const exitCodes = { shimFailed: 125, notExecutable: 126, notFound: 127 } as const;

/** The shim cannot go on. `code` is a promise to callers; the message is for people. */
export class ShimError extends Error {
  override readonly name: string = 'ShimError';
  readonly code: string;
  /** What to do next, '' for nothing better than the message. */
  readonly hint: string;
  readonly exitCode: number;

  constructor(
    code: string,
    message: string,
    more: { readonly hint?: string; readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.hint = more.hint ?? '';
    this.exitCode = more.exitCode ?? exitCodes.shimFailed;
  }
}

/** The server looked at the evidence and said no. */
export class AttestationRefusedError extends ShimError {
  override readonly name = 'AttestationRefusedError';
  /** Id of the decision record, '' when the server made none. */
  readonly decisionId: string;

  constructor(code: string, decisionId: string, hint: string) {
    const record = decisionId === '' ? '' : ` (decision ${decisionId})`;
    super(code, `attestation refused: ${code}${record}`, { hint });
    this.decisionId = decisionId;
  }
}

/** Code of a system call's failure ('ENOENT'), '' if it has none. */
export function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

// The few calls that the shim makes, over one transport: bytes in, bytes out, refusals as errors. Must never put a
// header or a body into an error.
import { encodePath, TransportError } from '@vouchsafe/client';
import type { NodeResponse } from '@vouchsafe/client/node';
import { ShimError } from './errors.js';

/** What NodeTransport and Channel of the client offer. */
export interface ServerTransport {
  readonly address: string;
  request(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array | null;
    readonly timeoutMs: number;
  }): Promise<NodeResponse>;
  close(): void;
}

export interface ApiCall {
  readonly method: 'GET' | 'POST';
  /** Below /v1/. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Stays the caller's. */
  readonly body: Buffer | null;
  readonly timeoutMs: number;
}

/** The server answered with an error status. */
export class ServerRefusalError extends ShimError {
  readonly status: number;
  /** `data` beside the errors. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(status: number, texts: readonly string[], data: Readonly<Record<string, unknown>>) {
    const why = texts.length === 0 ? '' : `: ${texts.join('; ')}`;
    super('server-refused', `the server answered with status ${status}${why}`);
    this.status = status;
    this.data = data;
  }
}

const ERROR_BYTES_MAX = 64 * 1024;
const TEXT_MAX = 2000;

function refusalOf(answer: NodeResponse): ServerRefusalError {
  let body: unknown = null;
  try {
    if (answer.body.length <= ERROR_BYTES_MAX) body = JSON.parse(answer.body.toString('utf8'));
  } catch {
    // A proxy's page: the status has to do.
  }
  const { errors, data } = (typeof body === 'object' && body !== null ? body : {}) as {
    readonly errors?: unknown;
    readonly data?: unknown;
  };
  const texts = (Array.isArray(errors) ? errors : []).filter((each) => typeof each === 'string');
  return new ServerRefusalError(
    answer.status,
    texts.map((text) => printable(text)),
    typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {},
  );
}

/** What a server says may end up on a terminal. */
export function printable(text: string): string {
  return text.slice(0, TEXT_MAX).replace(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, '?');
}

/**
 * One call. The body of the answer is the caller's to wipe.
 * @throws ServerRefusalError for a status of 300 and above, ShimError 'server-unreachable' when there is no answer
 */
export async function callServer(transport: ServerTransport, call: ApiCall): Promise<Buffer> {
  let answer: NodeResponse;
  try {
    answer = await transport.request({
      method: call.method,
      path: `/v1/${encodePath(call.path)}`,
      headers: {
        Accept: 'application/json',
        'X-Vault-Request': 'true',
        ...(call.body === null ? {} : { 'Content-Type': 'application/json' }),
        ...call.headers,
      },
      body: call.body,
      timeoutMs: call.timeoutMs,
    });
  } catch (error) {
    throw unreachable(error);
  }
  if (answer.status < 300) return answer.body;
  const refusal = refusalOf(answer);
  answer.body.fill(0);
  throw refusal;
}

/** What a transport throws, as a ShimError that keeps its cause. */
export function unreachable(error: unknown): unknown {
  if (!(error instanceof TransportError)) return error;
  return new ShimError('server-unreachable', error.message, { cause: error });
}

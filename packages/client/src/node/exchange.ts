// One request and its answer over node:http. Bodies stay bytes, and every copy made here is wiped. Must never put a
// header or a body into an error.
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { TransportError, type TransportErrorKind } from '../errors.js';
import type { TransportRequest } from '../transport.js';

/** An answer whose body is a Buffer, for owners who wipe it. */
export interface NodeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Why node:http or node:tls failed, from its error code. */
export function kindOf(code: string): TransportErrorKind {
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code)) {
    return 'connect';
  }
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EADDRNOTAVAIL') return 'connect';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'closed';
  if (code.startsWith('HPE_')) return 'protocol';
  if (/^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_|CRL_)/.test(code)) {
    return 'tls';
  }
  return 'closed';
}

/** Turns whatever node threw into a TransportError, with the address and never more of the request. */
export function transportErrorOf(error: unknown, address: string): TransportError {
  if (error instanceof TransportError) return error;
  const nested = error instanceof AggregateError ? error.errors[0] : error;
  const code = nested instanceof Error && 'code' in nested ? String(nested.code) : '';
  const text = nested instanceof Error ? nested.message : 'connection failed';
  return new TransportError(kindOf(code), `${address}: ${text}`, code, error);
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function collect(
  message: IncomingMessage,
  bodyBytesMax: number,
  done: (body: Buffer) => void,
  failed: (error: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const wipe = (): void => {
    for (const chunk of chunks) chunk.fill(0);
  };
  message.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bodyBytesMax) {
      wipe();
      failed(new TransportError('too-large', `answer exceeds ${bodyBytesMax} bytes`, ''));
      message.destroy();
    }
  });
  message.on('error', (error) => {
    wipe();
    failed(error);
  });
  message.on('aborted', () => {
    wipe();
    failed(new TransportError('closed', 'connection closed in the middle of an answer', ''));
  });
  message.on('end', () => {
    const body = Buffer.concat(chunks, bytes);
    wipe();
    done(body);
  });
}

export interface ExchangeOptions {
  /** For messages. */
  readonly address: string;
  readonly tls: boolean;
  readonly options: RequestOptions;
  readonly bodyBytesMax: number;
}

/** Sends one request. @throws TransportError */
export function exchange(call: TransportRequest, how: ExchangeOptions): Promise<NodeResponse> {
  return new Promise((resolve, reject) => {
    const { address, bodyBytesMax } = how;
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      reject(transportErrorOf(error, address));
    };
    let sent: ClientRequest | null = null;
    const timer = setTimeout(() => {
      fail(new TransportError('timeout', `${address}: no answer within ${call.timeoutMs} ms`, ''));
      sent?.destroy();
    }, call.timeoutMs);
    const headers = { ...call.headers, 'Content-Length': String(call.body?.length ?? 0) };
    const options = { ...how.options, method: call.method, path: call.path, headers };
    try {
      sent = how.tls ? requestTls(options) : request(options);
    } catch (error) {
      fail(error);
      return;
    }
    sent.on('error', fail);
    sent.on('response', (message) => {
      const done = (body: Buffer): void => {
        clearTimeout(timer);
        resolve({ status: message.statusCode ?? 0, headers: headersOf(message), body });
      };
      collect(message, bodyBytesMax, done, fail);
    });
    sent.end(call.body ?? undefined);
  });
}

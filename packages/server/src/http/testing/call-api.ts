// Runs one request, given as text, through the translation into a handler, without a socket.
import assert from 'node:assert/strict';
import type { ApiHandler, ApiRequest, ApiResult } from '../../core/request.js';
import type { Connection } from '../../framework/backend.js';
import { DEFAULT_JSON_LIMITS } from '../../framework/json/scan.js';
import { type ApiOptions, createApi } from '../api.js';
import { Exchange } from '../engine/exchange.js';
import { HeaderTable } from '../engine/header-table.js';
import { DEFAULT_LIMITS } from '../engine/limits.js';
import { RequestParser } from '../engine/request-parser.js';
import { WATCHED_HEADERS } from '../headers.js';

export const PEER: Connection = { remoteAddress: '192.0.2.1', remotePort: 1234, tls: null };

export const OPTIONS: ApiOptions = {
  now: () => 1_700_000_000_000,
  jsonLimits: DEFAULT_JSON_LIMITS,
  requireRequestHeader: false,
  readPeer: null,
  cors: null,
  opened: new Set(),
  decorate: null,
  admit: null,
  serveOther: null,
  reportFault: (error) => {
    throw error;
  },
};

/** Nothing to say. */
export function resultOf(request: ApiRequest, given: Partial<ApiResult> = {}): ApiResult {
  return {
    requestId: request.id,
    operation: request.operation,
    response: null,
    auth: null,
    lease: null,
    wrapped: null,
    warnings: [],
    mountType: '',
    verbatim: null,
    ...given,
  };
}

export interface Called {
  /** 'HTTP status' and body, once answered. */
  readonly status: number;
  readonly body: string;
  readonly fields: string;
  /** The piece of input: zero when everything was wiped. */
  readonly input: Buffer;
}

/** `lines` are the request line and headers without Host; then `body`. */
export async function callApi(
  handler: ApiHandler,
  lines: readonly string[],
  body: string | Buffer = '',
  options: Partial<ApiOptions> = {},
): Promise<Called> {
  const parser = new RequestParser(DEFAULT_LIMITS, new HeaderTable(WATCHED_HEADERS));
  const bytes = Buffer.from(body);
  const [first = '', ...headers] = lines;
  const length = bytes.length > 0 ? [`Content-Length: ${bytes.length}`] : [];
  const head = [`${first} HTTP/1.1`, 'Host: localhost', ...headers, ...length, '', ''].join('\r\n');
  const input = Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
  parser.push(input);
  const request = parser.next();
  assert(request !== null, 'the test request is not whole');
  return await new Promise((resolve) => {
    let called: Omit<Called, 'input'> | null = null;
    const exchange = new Exchange(
      request,
      {
        peer: PEER,
        answered(answered) {
          const answer = answered.takeAnswer();
          assert(answer !== null);
          const text = answer.body?.toString('utf8') ?? '';
          called = { status: answer.status, body: text, fields: answer.fields };
        },
        released() {
          assert(called !== null, 'released before it was answered');
          resolve({ ...called, input });
        },
      },
      0,
    );
    createApi(handler, { ...OPTIONS, ...options })(exchange);
  });
}

// The transport for browsers, over the platform's fetch. Not for the server or the shim: Gramine has no fetch.
import { TransportError } from './errors.js';
import type { Transport, TransportRequest, TransportResponse } from './transport.js';

/** Certificates, proxies and connection reuse are the browser's business. */
export class FetchTransport implements Transport {
  readonly address: string;
  readonly #fetch: typeof fetch;

  /** `address` '' means the page's own origin. */
  constructor(address: string, fetchFunction: typeof fetch = fetch) {
    this.address = address.replace(/\/+$/, '');
    this.#fetch = (input, init) => fetchFunction(input, init);
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const signal = AbortSignal.timeout(request.timeoutMs);
    try {
      const response = await this.#fetch(this.address + request.path, {
        method: request.method,
        headers: { ...request.headers },
        body: request.body === null ? null : new Uint8Array(request.body),
        signal,
        // A redirect would carry the token to wherever it points.
        redirect: 'manual',
        credentials: 'omit',
      });
      if (response.type === 'opaqueredirect') {
        throw new TransportError('protocol', 'the server redirects elsewhere', '');
      }
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: Object.fromEntries(response.headers), body };
    } catch (error) {
      if (error instanceof TransportError) throw error;
      if (signal.aborted) {
        throw new TransportError('timeout', `no answer within ${request.timeoutMs} ms`, '', error);
      }
      throw new TransportError(
        'connect',
        `cannot reach ${this.address || 'the server'}`,
        '',
        error,
      );
    }
  }

  close(): void {}
}

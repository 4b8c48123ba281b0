// Speaks the HTTP API over any transport: headers, retries, error bodies. Runs in a browser: no Node import may appear
// here. Never puts a token into a message.
import { ApiResponseError, InvalidRequestError, TransportError } from './errors.js';
import type { Transport, TransportResponse } from './transport.js';
import type { Envelope } from './wire.js';

export interface ClientOptions {
  readonly transport: Transport;
  readonly token?: string | null;
  /** Sent as X-Vault-Namespace. */
  readonly namespace?: string | null;
  /** Sent as X-Vault-Wrap-TTL: a duration such as '5m'. */
  readonly wrapTtl?: string | null;
  /** How often a 412 or a 5xx other than 501 is tried again; default 2, at most 10. */
  readonly retriesMax?: number;
  /** Per attempt; default 60 000. */
  readonly timeoutMs?: number;
  /** Added to every request; the client's own headers win. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How an answer's text becomes a value; default JSON.parse. */
  readonly parseJson?: (text: string) => unknown;
  /** How data becomes a body; default JSON.stringify. */
  readonly stringifyJson?: (value: unknown) => string;
  /** Waits before the next attempt; tests hand in one that does not. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

export type Query = Readonly<Record<string, string | number | boolean>>;

export interface CallOptions {
  readonly query?: Query;
  /** Sent as JSON. Use either `data` or `body`. */
  readonly data?: unknown;
  /** Sent as it is, so that a secret never has to become a string; the caller wipes it. */
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** For this call: another token, or null for none. */
  readonly token?: string | null;
  /** For this call: another wrap TTL, or null for none. */
  readonly wrapTtl?: string | null;
}

const retryWaitMs = 250;
const retryWaitMsMax = 2_000;
const mergePatch = 'application/merge-patch+json';

function defaultSleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Percent-encodes an API path, segment by segment, leaving what Vault's clients leave.
 * @throws InvalidRequestError for '.' and '..', which a URL parser or proxy may resolve into another path
 */
export function encodePath(path: string): string {
  const segments = path.replace(/^\/+/, '').split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    throw new InvalidRequestError('path must not have a segment "." or ".."');
  }
  return segments
    .map((segment) =>
      encodeURIComponent(segment).replace(/%(24|26|2B|2C|3A|3B|3D|40)/g, decodeURIComponent),
    )
    .join('/');
}

function encodeQuery(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).map(
    ([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`,
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function mayRetry(status: number): boolean {
  return status === 412 || (status >= 500 && status !== 501);
}

/**
 * A client of one server. Immutable: `with` gives another one over the same transport.
 * @example
 * const client = new Client({ transport: new FetchTransport('https://127.0.0.1:8200'), token });
 * const secret = await client.read('secret/data/app');
 */
export class Client {
  readonly transport: Transport;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.transport = options.transport;
    this.#options = options;
  }

  /** The same client with some options changed. */
  with(changes: Partial<ClientOptions>): Client {
    return new Client({ ...this.#options, ...changes });
  }

  /** The token that calls carry, null if none. */
  get token(): string | null {
    return this.#options.token ?? null;
  }

  /**
   * One call, retried where that may help; the answer's bytes are not looked at unless the status is an error.
   * `path` is below /v1/. @throws ApiResponseError for any status of 400 or above, and for a redirect
   * @throws InvalidRequestError, TransportError
   */
  async send(method: string, path: string, call: CallOptions = {}): Promise<TransportResponse> {
    const encoded = `/v1/${encodePath(path)}`;
    const request = {
      method,
      path: encoded + encodeQuery(call.query),
      headers: this.#headers(method, path, call),
      body: this.#body(call),
      timeoutMs: this.#options.timeoutMs ?? 60_000,
    };
    const retriesMax = Math.min(Math.max(this.#options.retriesMax ?? 2, 0), 10);
    for (let attempt = 0; ; attempt += 1) {
      const response = await this.transport.request(request);
      if (response.status < 300) return response;
      if (attempt >= retriesMax || !mayRetry(response.status)) {
        throw this.#errorOf(method, encoded, response);
      }
      const sleep = this.#options.sleep ?? defaultSleep;
      await sleep(Math.min(retryWaitMs * 2 ** attempt, retryWaitMsMax));
    }
  }

  /** One call whose answer is JSON; null when there is no body. @throws ApiResponseError, TransportError */
  async call<T>(method: string, path: string, call: CallOptions = {}): Promise<T | null> {
    const response = await this.send(method, path, call);
    try {
      return this.#parse(response.body) as T | null;
    } catch {
      // The parser's own message may quote the answer.
      const { address } = this.transport;
      throw new TransportError('protocol', `${address}: the answer is not JSON`, '');
    }
  }

  /**
   * GET. Null when nothing is there; a 404 that carries data or warnings (a deleted KV version, a wrong path) is an
   * answer, as in Vault's clients. @throws ApiResponseError
   */
  read<Data = Readonly<Record<string, unknown>>>(
    path: string,
    call: CallOptions = {},
  ): Promise<Envelope<Data> | null> {
    return this.#orNothing('GET', path, call);
  }

  /** GET with list=true, which every intermediary passes on. Null when the folder is empty. @throws ApiResponseError */
  list(path: string, call: CallOptions = {}): Promise<Envelope<{ keys: string[] }> | null> {
    return this.#orNothing('GET', path, { ...call, query: { ...call.query, list: 'true' } });
  }

  /** PUT. Null when the server has nothing to say. @throws ApiResponseError */
  write<Data = Readonly<Record<string, unknown>>>(
    path: string,
    data: unknown,
    call: CallOptions = {},
  ): Promise<Envelope<Data> | null> {
    return this.call('PUT', path, { ...call, data });
  }

  /** PATCH with a JSON merge patch (RFC 7396). @throws ApiResponseError */
  patch<Data = Readonly<Record<string, unknown>>>(
    path: string,
    data: unknown,
    call: CallOptions = {},
  ): Promise<Envelope<Data> | null> {
    const headers = { ...call.headers, 'Content-Type': mergePatch };
    return this.call('PATCH', path, { ...call, data, headers });
  }

  /** DELETE. @throws ApiResponseError */
  delete<Data = Readonly<Record<string, unknown>>>(
    path: string,
    call: CallOptions = {},
  ): Promise<Envelope<Data> | null> {
    return this.call('DELETE', path, call);
  }

  async #orNothing<T>(method: string, path: string, call: CallOptions): Promise<T | null> {
    try {
      return await this.call<T>(method, path, call);
    } catch (error) {
      if (!(error instanceof ApiResponseError) || error.status !== 404) throw error;
      if (error.errors.length > 0) throw error;
      if (error.data === null && error.warnings.length === 0) return null;
      const { data, warnings } = error;
      return { data, warnings: warnings.length > 0 ? warnings : null } as T;
    }
  }

  #headers(method: string, path: string, call: CallOptions): Readonly<Record<string, string>> {
    const token = call.token === undefined ? this.token : call.token;
    if (token !== null && /[^\x21-\x7e]/.test(token)) {
      throw new InvalidRequestError('token: must be visible ASCII without blanks');
    }
    const namespace = this.#options.namespace ?? null;
    let wrapTtl = call.wrapTtl === undefined ? (this.#options.wrapTtl ?? null) : call.wrapTtl;
    // Wrapping without a TTL is an error on the server; Vault's clients ask for five minutes.
    if (wrapTtl === null && method !== 'GET' && path === 'sys/wrapping/wrap') wrapTtl = '5m';
    return {
      Accept: 'application/json',
      ...(call.data === undefined && call.body === undefined
        ? {}
        : { 'Content-Type': 'application/json' }),
      ...this.#options.headers,
      ...call.headers,
      'X-Vault-Request': 'true',
      ...(token === null || token === '' ? {} : { 'X-Vault-Token': token }),
      ...(namespace === null || namespace === '' ? {} : { 'X-Vault-Namespace': namespace }),
      ...(wrapTtl === null || wrapTtl === '' ? {} : { 'X-Vault-Wrap-TTL': wrapTtl }),
    };
  }

  #body(call: CallOptions): Uint8Array | null {
    if (call.body !== undefined) return call.body;
    if (call.data === undefined) return null;
    const stringify = this.#options.stringifyJson ?? JSON.stringify;
    return new TextEncoder().encode(stringify(call.data));
  }

  #parse(body: Uint8Array): unknown {
    if (body.length === 0) return null;
    const parse = this.#options.parseJson ?? JSON.parse;
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  }

  #errorOf(method: string, path: string, response: TransportResponse): ApiResponseError {
    let body: unknown = null;
    try {
      body = this.#parse(response.body);
    } catch {
      // A proxy's HTML page or a broken body: the status alone has to do.
    }
    const location = response.headers.location;
    const redirect =
      response.status < 400
        ? [`the server redirects${location === undefined ? '' : ` to ${location}`}`]
        : [];
    return new ApiResponseError({
      status: response.status,
      errors: isObject(body) ? [...stringsOf(body.errors), ...redirect] : redirect,
      data: isObject(body) && isObject(body.data) ? body.data : null,
      warnings: isObject(body) ? stringsOf(body.warnings) : [],
      method,
      url: this.transport.address + path,
    });
  }
}

// One HTTP exchange with one server, as bytes: what the client needs and nothing more. Fetch and node:http both fit
// behind it. Must never interpret a body.

export interface TransportRequest {
  readonly method: string;
  /** Percent-encoded path and query, beginning with '/'. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Not kept: the caller may wipe it as soon as the answer is there. */
  readonly body: Uint8Array | null;
  /** Whole exchange, body included. */
  readonly timeoutMs: number;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined with ', '. */
  readonly headers: Readonly<Record<string, string>>;
  /** Owned by the receiver, who wipes it if it holds a secret. */
  readonly body: Uint8Array;
}

export interface Transport {
  /** Scheme, host and port, for messages: 'https://127.0.0.1:8200'. */
  readonly address: string;
  /** Any status is an answer. @throws TransportError when there is none. */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Lets go of idle connections. */
  close(): void;
}

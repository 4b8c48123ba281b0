// Why the engine refuses what a client sent. After a refusal the connection is closed: where the
// next request would begin is no longer certain.

export type RefusalCode =
  | 'request-line-malformed'
  | 'version-unsupported'
  | 'request-line-too-long'
  | 'head-too-large'
  | 'too-many-headers'
  | 'line-byte-not-allowed'
  | 'line-end-not-crlf'
  | 'header-malformed'
  | 'header-folded'
  | 'header-repeated'
  | 'host-missing'
  | 'host-malformed'
  | 'content-length-malformed'
  | 'transfer-encoding-not-chunked'
  | 'framing-ambiguous'
  | 'expectation-unknown'
  | 'body-too-large'
  | 'chunk-malformed'
  | 'chunk-extension-too-long'
  | 'trailers-too-large'
  | 'timeout'
  | 'overloaded';

/** `message` says nothing of the input: it may be answered and logged. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: RefusalCode;

  constructor(status: number, code: RefusalCode) {
    super(code.replaceAll('-', ' '));
    this.status = status;
    this.code = code;
  }
}

/** 400. */
export function refuse(code: RefusalCode): never {
  throw new Refusal(400, code);
}

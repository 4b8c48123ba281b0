// What an answer looks like on the wire (RFC 9112 section 4). Every answer says its length.

export interface Answer {
  readonly status: number;
  /**
   * Whole field lines, each ending in CRLF, from constants or `fieldLine`. Not framing, Date or
   * Connection.
   */
  readonly fields: string;
  /** Null for answers that have none by definition (204, 304). */
  readonly body: Buffer | null;
  /** The engine may wipe `body` once it has been sent. */
  readonly ownsBody: boolean;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export const CONTINUE: Buffer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

/** @throws TypeError when the value could end the line: it would let its author write headers */
export function fieldLine(name: string, value: string): string {
  if (!/^[\t\x20-\x7e]*$/.test(value)) throw new TypeError(`header ${name}: not printable`);
  return `${name}: ${value}\r\n`;
}

/** The Date line, made once a second. */
export class DateLine {
  #second = -1;
  #line = '';

  read(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#line = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.#line;
  }
}

/** `connection` is '' where the version's default holds. */
export function encodeHead(answer: Answer, dateLine: string, connection: string): string {
  const length = answer.body === null ? '' : `Content-Length: ${answer.body.length}\r\n`;
  const reason = REASONS[answer.status] ?? '';
  const statusLine = `HTTP/1.1 ${answer.status} ${reason}\r\n`;
  return `${statusLine}${answer.fields}${length}${connection}${dateLine}\r\n`;
}

// What an answer looks like on the wire (RFC 9112 section 4). Every answer says its length.
import { keptBytes } from '../../framework/kept-bytes.js';

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

const STATUSES = 600;

/** All of an answer's head but how long its body is: `Content-Length: `, or the end of the head for answers without one. */
interface KeptHead {
  readonly fields: string;
  readonly connection: string;
  readonly hasBody: boolean;
  readonly date: string;
  readonly bytes: Buffer;
}

/** Makes heads, each only once a second as long as answers of a status say the same. */
export class HeadMaker {
  #second = -1;
  #date = '';
  readonly #kept: (KeptHead | undefined)[] = new Array<undefined>(STATUSES);

  /**
   * Followed by the length in decimal and an empty line where there is a body. `connection` is a field line, or '' where the
   * version's default holds. @param now milliseconds since the epoch.
   */
  make({ status, fields, body }: Answer, now: number, connection: string): Buffer {
    this.#turnTo(now);
    const kept = this.#kept[status];
    const hasBody = body !== null;
    if (
      kept !== undefined &&
      kept.date === this.#date &&
      kept.fields === fields &&
      kept.connection === connection &&
      kept.hasBody === hasBody
    ) {
      return kept.bytes;
    }
    const reason = REASONS[status] ?? '';
    const end = hasBody ? 'Content-Length: ' : '\r\n';
    const text = `HTTP/1.1 ${status} ${reason}\r\n${fields}${connection}${this.#date}${end}`;
    const bytes = keptBytes(text);
    this.#kept[status] = { fields, connection, hasBody, date: this.#date, bytes };
    return bytes;
  }

  #turnTo(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#date = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
}

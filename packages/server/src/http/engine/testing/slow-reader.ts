// A second opinion on what the bytes mean, written with regular expressions over the whole text and
// without regard to speed, from RFC 9112 and the engine's own rules. Shares nothing with the
// parser.
import { SMALL } from './outcome.js';

export interface SlowOutcome {
  readonly requests: readonly string[];
  readonly isRefused: boolean;
}

/** More input is needed. */
const UNFINISHED = Symbol('unfinished');

class Refused extends Error {}

function insist(condition: boolean): asserts condition {
  if (!condition) throw new Refused();
}

const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]{1,32}) ([!$-;=?-~]+) HTTP\/1\.([01])$/;
const FIELD = /^([!#$%&'*+\-.^_`|~\w]+):[\t ]*(.*?)[\t ]*$/s;
const ONCE = ['host', 'content-length', 'transfer-encoding', 'expect', 'x-vault-token'];

/** The line at `at` and where the next one begins. */
function readLine(text: string, at: number): [line: string, next: number] | typeof UNFINISHED {
  const rest = text.slice(at);
  const end = rest.search(/[\r\n]/);
  const line = end < 0 ? rest : rest.slice(0, end);
  insist(!CONTROL.test(line));
  if (end < 0) return UNFINISHED;
  insist(rest[end] === '\r');
  if (rest.length === end + 1) return UNFINISHED;
  insist(rest[end + 1] === '\n');
  return [line, at + end + 2];
}

interface Head {
  readonly method: string;
  readonly target: string;
  readonly minor: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly next: number;
}

function readHead(text: string, start: number): Head | typeof UNFINISHED {
  let at = start;
  let words: RegExpExecArray | null = null;
  const headers: [string, string][] = [];
  for (;;) {
    const read = readLine(text, at);
    const seen = (read === UNFINISHED ? text.replace(/\r$/, '').length : read[1] - 2) - start;
    insist(seen <= SMALL.headBytesMax && (words !== null || seen <= SMALL.requestLineBytesMax));
    if (read === UNFINISHED) return UNFINISHED;
    const [line, next] = read;
    at = next;
    if (words === null) {
      words = REQUEST_LINE.exec(line);
      insist(words !== null);
      const [, method, target = ''] = words;
      insist(target.startsWith('/') || (target === '*' && method === 'OPTIONS'));
    } else if (line === '') {
      const [, method = '', target = '', minor = ''] = words;
      return { method, target, minor, headers, next };
    } else {
      const field = FIELD.exec(line);
      insist(field !== null);
      const name = (field[1] ?? '').toLowerCase();
      insist(!ONCE.includes(name) || !headers.some(([other]) => other === name));
      headers.push([name, field[2] ?? '']);
      insist(headers.length <= SMALL.headersMax);
    }
  }
}

/** The length of the body, or 'chunked'. */
function readLength(head: Head): number | 'chunked' {
  const find = (name: string): string | undefined =>
    head.headers.find(([other]) => other === name)?.[1];
  const host = find('host');
  insist(host === undefined ? head.minor === '0' : /^[\w.~!$&'()*+;=%:[\]-]+$/.test(host));
  const [length, coding, expectation] = [
    find('content-length'),
    find('transfer-encoding'),
    find('expect'),
  ];
  insist(coding === undefined || (length === undefined && head.minor === '1'));
  insist(coding === undefined || coding.toLowerCase() === 'chunked');
  insist(length === undefined || /^(0|[1-9]\d{0,14})$/.test(length));
  insist(head.minor === '0' || (expectation ?? '100-continue').toLowerCase() === '100-continue');
  insist(Number(length ?? 0) <= SMALL.bodyBytesMax);
  return coding === undefined ? Number(length ?? 0) : 'chunked';
}

type Body = readonly [body: string, next: number];

function readChunks(text: string, start: number): Body | typeof UNFINISHED {
  let at = start;
  let body = '';
  let extensions = 0;
  for (;;) {
    const rest = text.slice(at);
    const size = /^[0-9A-Fa-f]{1,8}/.exec(rest)?.[0] ?? '';
    if (size === rest) return UNFINISHED;
    insist(size !== '' && (rest[size.length] === ';' || rest[size.length] === '\r'));
    const extension = /^(;[\t\x20-\x7e\x80-\xff]*)?/.exec(rest.slice(size.length))?.[0] ?? '';
    extensions += Math.max(0, extension.length - 1);
    insist(extensions <= SMALL.chunkExtensionBytesMax);
    const end = rest.slice(size.length + extension.length);
    if (end === '' || end === '\r') return UNFINISHED;
    insist(end.startsWith('\r\n'));
    at += size.length + extension.length + 2;
    const length = Number.parseInt(size, 16);
    if (length === 0) return readTrailers(text, at, body);
    insist(body.length + length <= SMALL.bodyBytesMax);
    const data = text.slice(at, at + length);
    const close = text.slice(at + length, at + length + 2);
    insist('\r\n'.startsWith(close));
    if (data.length < length || close.length < 2) return UNFINISHED;
    body += data;
    at += length + 2;
  }
}

function readTrailers(text: string, start: number, body: string): Body | typeof UNFINISHED {
  const rest = text.slice(start);
  const whole = /^(?:[!#$%&'*+\-.^_`|~\w]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/.exec(rest)?.[0];
  if (whole !== undefined) {
    // The LF that ends the body comes after the last byte that counts.
    insist(whole.length - 1 <= SMALL.trailerBytesMax);
    return [body, start + whole.length];
  }
  const line = "[!#$%&'*+\\-.^_`|~\\w]+(?::[\\t\\x20-\\x7e\\x80-\\xff]*\\r?)?|\\r";
  const full = "(?:[!#$%&'*+\\-.^_`|~\\w]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*";
  insist(new RegExp(`^${full}(?:${line})?$`).test(rest) && rest.length <= SMALL.trailerBytesMax);
  return UNFINISHED;
}

function keepsAlive(head: Head): boolean {
  const options = head.headers
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(/[ \t]*,[ \t]*/));
  if (options.includes('close')) return false;
  return head.minor === '1' || options.includes('keep-alive');
}

function describeRequest(head: Head, body: string): string {
  const joined = new Map<string, string>();
  for (const [name, value] of head.headers) {
    if (name === 'x-vault-token') continue;
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const token = head.headers.find(([name]) => name === 'x-vault-token')?.[1] ?? '-';
  const version = `1.${head.minor}${keepsAlive(head) ? '' : ' close'}`;
  const headers = JSON.stringify([...joined]);
  return `${head.method} ${head.target} ${version} ${headers} ${token} ${body}`;
}

/** What `testing/outcome` says of the same text under the limits SMALL. */
export function readSlowly(text: string): SlowOutcome {
  const requests: string[] = [];
  try {
    for (let at = 0; at < text.length; ) {
      const head = readHead(text, at);
      if (head === UNFINISHED) break;
      const length = readLength(head);
      const end = head.next + Number(length);
      if (length !== 'chunked' && end > text.length) break;
      const read: Body | typeof UNFINISHED =
        length === 'chunked' ? readChunks(text, head.next) : [text.slice(head.next, end), end];
      if (read === UNFINISHED) break;
      requests.push(describeRequest(head, read[0]));
      at = read[1];
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { requests, isRefused: true };
  }
  return { requests, isRefused: false };
}

// Reads the header of the PROXY protocol (haproxy.org, proxy-protocol.txt, versions 1 and 2) at the
// beginning of a connection. Strict: what is not exactly one of the two forms is refused, and
// nothing is read beyond its bounds.
import { isIPv4, isIPv6 } from 'node:net';

export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** Not enough bytes to tell. */
  | { readonly kind: 'more' }
  /** The connection begins with something else. */
  | { readonly kind: 'absent' }
  /** `source` is null where the proxy speaks for itself (LOCAL, UNKNOWN, UNSPEC). */
  | { readonly kind: 'header'; readonly bytes: number; readonly source: ProxySource | null };

/** A header that begins as one and is none. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError';
}

/** Section 2.1: the longest line of version 1, CRLF included. */
const LINE_BYTES_MAX = 107;
/** Of version 2, with everything a proxy adds (TLVs); the protocol would allow 64 KiB. */
const BINARY_BYTES_MAX = 2048;
export const PROXY_HEADER_BYTES_MAX = BINARY_BYTES_MAX;

const TEXT_START = Buffer.from('PROXY ', 'latin1');
/** Section 2.2. */
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const BINARY_HEAD_BYTES = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPEC = 0x00;
/** Family and transport → bytes of one address. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
]);
const PORT = /^(0|[1-9]\d{0,4})$/;

function refuse(why: string): never {
  throw new ProxyHeaderError(`proxy header: ${why}`);
}

/** How `bytes` and `start` agree as far as both go. */
function begins(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

/** @param bytes what has arrived, from its first byte. @throws ProxyHeaderError */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  for (const [start, read] of [
    [TEXT_START, readText],
    [SIGNATURE, readBinary],
  ] as const) {
    if (!begins(bytes, start)) continue;
    return bytes.length < start.length ? { kind: 'more' } : read(bytes);
  }
  return { kind: 'absent' };
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LINE_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length < LINE_BYTES_MAX ? { kind: 'more' } : refuse('line too long');
  const line = bytes.toString('latin1', TEXT_START.length, end);
  const length = end + 2;
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) {
    return { kind: 'header', bytes: length, source: null };
  }
  const [protocol, from = '', to = '', fromPort = '', toPort = '', ...more] = line.split(' ');
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isPlainIPv6 : null;
  if (isAddress === null || more.length > 0) refuse('line malformed');
  if (!isAddress(from) || !isAddress(to)) refuse('address malformed');
  if (![fromPort, toPort].every((port) => PORT.test(port) && Number(port) <= 65_535)) {
    refuse('port malformed');
  }
  return { kind: 'header', bytes: length, source: { address: from, port: Number(fromPort) } };
}

/** Without a zone, which means nothing here. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < BINARY_HEAD_BYTES) return { kind: 'more' };
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const rest = bytes.readUInt16BE(14);
  const length = BINARY_HEAD_BYTES + rest;
  if (command !== LOCAL && command !== PROXY) refuse('version or command unknown');
  if (length > BINARY_BYTES_MAX) refuse('too long');
  const addressBytes = ADDRESS_BYTES.get(family) ?? 0;
  const isTold = command === PROXY && family !== UNSPEC;
  if (isTold && addressBytes === 0) refuse('neither TCP over IPv4 nor over IPv6');
  if (isTold && rest < 2 * addressBytes + 4) refuse('too short for its addresses');
  if (bytes.length < length) return { kind: 'more' };
  if (!isTold) return { kind: 'header', bytes: length, source: null };
  const at = BINARY_HEAD_BYTES;
  const address = formatAddress(bytes.subarray(at, at + addressBytes));
  const port = bytes.readUInt16BE(at + 2 * addressBytes);
  return { kind: 'header', bytes: length, source: { address, port } };
}

function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  // As sockets and clients write it: the shortest form, one spelling for each address.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

// How long a request body is (RFC 9112 section 6). Exactly one way to say it, said once, or the
// request is refused: an intermediary that reads it another way must never agree to carry it.
import { CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING } from './header-table.js';
import { Refusal, refuse } from './refusal.js';
import type { RequestLine } from './request-head.js';
import { HOST_BYTE, isWord } from './syntax.js';

export interface Framing {
  /** Bytes of the body; -1 when it is chunked. */
  readonly bodyLength: number;
  readonly keepAlive: boolean;
  /** The client waits for '100 Continue' before it sends the body. */
  readonly expectsContinue: boolean;
}

/** More digits than any body we would take; fewer than a double can hold exactly. */
const LENGTH_DIGITS_MAX = 15;

const PLAIN: Framing = { bodyLength: 0, keepAlive: true, expectsContinue: false };

function checkHost(bytes: Buffer, start: number, end: number): void {
  if (start === end) refuse('host-missing');
  for (let at = start; at < end; at += 1) {
    if (HOST_BYTE[bytes[at] as number] === 0) refuse('host-malformed');
  }
}

function parseContentLength(bytes: Buffer, start: number, end: number): number {
  if (start === end || end - start > LENGTH_DIGITS_MAX) refuse('content-length-malformed');
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) refuse('content-length-malformed');
    value = value * 10 + digit;
  }
  if (bytes[start] === 0x30 && end - start > 1) refuse('content-length-malformed');
  return value;
}

/** What one Connection line says; `close` wins over everything said before or after. */
export type ConnectionOption = 'none' | 'close' | 'keep-alive';

export function readConnectionOption(
  bytes: Buffer,
  start: number,
  end: number,
  before: ConnectionOption,
): ConnectionOption {
  if (before === 'close') return before;
  if (isWord(bytes, start, end, 'keep-alive')) return 'keep-alive';
  const options = bytes
    .toString('latin1', start, end)
    .toLowerCase()
    .split(/[ \t]*,[ \t]*/);
  if (options.includes('close')) return 'close';
  return options.includes('keep-alive') ? 'keep-alive' : before;
}

/** `places` holds start and end of each watched header's value. @throws Refusal */
export function readFraming(
  line: RequestLine,
  bytes: Buffer,
  places: readonly number[],
  connection: ConnectionOption,
): Framing {
  const place = (index: number): number => places[index] as number;
  if (place(2 * HOST) >= 0) checkHost(bytes, place(2 * HOST), place(2 * HOST + 1));
  else if (line.minorVersion === 1) refuse('host-missing');
  const hasLength = place(2 * CONTENT_LENGTH) >= 0;
  const hasCoding = place(2 * TRANSFER_ENCODING) >= 0;
  const keepAlive = line.minorVersion === 1 ? connection !== 'close' : connection === 'keep-alive';
  if (!hasLength && !hasCoding && keepAlive && place(2 * EXPECT) < 0) return PLAIN;
  let bodyLength = 0;
  if (hasCoding) {
    if (hasLength || line.minorVersion === 0) refuse('framing-ambiguous');
    const [start, end] = [place(2 * TRANSFER_ENCODING), place(2 * TRANSFER_ENCODING + 1)];
    if (!isWord(bytes, start, end, 'chunked')) refuse('transfer-encoding-not-chunked');
    bodyLength = -1;
  } else if (hasLength) {
    bodyLength = parseContentLength(
      bytes,
      place(2 * CONTENT_LENGTH),
      place(2 * CONTENT_LENGTH + 1),
    );
  }
  let expectsContinue = false;
  if (place(2 * EXPECT) >= 0 && line.minorVersion === 1) {
    const known = isWord(bytes, place(2 * EXPECT), place(2 * EXPECT + 1), '100-continue');
    if (!known) throw new Refusal(417, 'expectation-unknown');
    expectsContinue = bodyLength !== 0;
  }
  return { bodyLength, keepAlive, expectsContinue };
}

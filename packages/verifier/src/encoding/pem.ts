// PEM (RFC 7468, strict form) to byte strings. One label, nothing between blocks but white space.

import { EvidenceError } from '../errors.js';
import { decodeBase64, encodeBase64 } from './base64.js';

export interface PemLimits {
  readonly label: 'CERTIFICATE' | 'X509 CRL';
  readonly blocksMax: number;
  /** Of the whole text, before decoding. */
  readonly bytesMax: number;
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `PEM: ${why}`);
}

function textOf(input: Uint8Array | string): string {
  if (typeof input === 'string') return input;
  // Quotes carry their chain as a C string: closing zeros are part of that, not of the PEM.
  let end = input.length;
  while (end > 0 && input[end - 1] === 0) end -= 1;
  let text = '';
  for (const byte of input.subarray(0, end)) {
    if (byte > 0x7e) throw malformed('not ASCII');
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * The blocks in their order; at least one. Lines end in LF or CRLF; any line length is read.
 * @throws EvidenceError 'malformed'
 */
export function parsePem(input: Uint8Array | string, limits: PemLimits): Uint8Array[] {
  if (input.length > limits.bytesMax) {
    throw malformed(`${input.length} bytes, want at most ${limits.bytesMax}`);
  }
  const begin = `-----BEGIN ${limits.label}-----`;
  const end = `-----END ${limits.label}-----`;
  const blocks: Uint8Array[] = [];
  let body: string[] | null = null;
  for (const line of textOf(input).split(/\r?\n/)) {
    if (body === null) {
      if (/^[ \t]*$/.test(line)) continue;
      if (line !== begin) throw malformed(`want "${begin}"`);
      if (blocks.length >= limits.blocksMax) {
        throw malformed(`more than ${limits.blocksMax} blocks`);
      }
      body = [];
    } else if (line === end) {
      blocks.push(decodeBase64(body.join('')));
      body = null;
    } else {
      body.push(line);
    }
  }
  if (body !== null) throw malformed('block without an end');
  if (blocks.length === 0) throw malformed('no block');
  return blocks;
}

export function encodePem(label: PemLimits['label'], der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

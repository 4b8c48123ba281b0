// Addresses as bytes: an address has many spellings in text, and one here. No names, no ports.
import { isIP } from 'node:net';

const TEXT_MAX = 64;
const V4_IN_V6 = Buffer.from('00000000000000000000ffff', 'hex');

function parseV4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** `text` has passed isIP, so that shape is given: at most one '::' and a dotted quad only at the end. */
function parseV6(text: string): Buffer {
  let plain = text;
  const quad = /(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (quad !== undefined) {
    const hex = parseV4(quad).toString('hex');
    plain = `${text.slice(0, -quad.length)}${hex.slice(0, 4)}:${hex.slice(4)}`;
  }
  const [head = '', tail = ''] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  const groups = [...left, ...zeros, ...right].map((group) => group.padStart(4, '0'));
  return Buffer.from(groups.join(''), 'hex');
}

/**
 * 4 or 16 bytes; null when `text` is no address. IPv4 inside IPv6 (::ffff:a.b.c.d) becomes IPv4; a zone is
 * dropped.
 */
export function findAddress(text: string): Buffer | null {
  if (text.length > TEXT_MAX) return null;
  const bare = text.replace(/%.*$/s, '');
  const family = isIP(bare);
  if (family === 4) return parseV4(bare);
  if (family !== 6) return null;
  const bytes = parseV6(bare);
  return bytes.subarray(0, 12).equals(V4_IN_V6) ? bytes.subarray(12) : bytes;
}

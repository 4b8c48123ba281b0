// Which addresses a token, role or secret ID may be used from. Own matcher: strict, bounded, no name resolution.
import { isIP } from 'node:net';
import { invalidRequest } from './errors.js';

/** Most blocks one list may hold. */
export const CIDR_BLOCKS_MAX = 256;
const TEXT_MAX = 64;
const V4_IN_V6 = Buffer.from('00000000000000000000ffff', 'hex');

/** A parsed block: 4 or 16 address bytes and how many leading bits count. */
interface Block {
  readonly address: Buffer;
  readonly bits: number;
}

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

/** Null when `text` is no address. IPv4 inside IPv6 (::ffff:a.b.c.d) becomes IPv4; a zone is dropped. */
function findAddress(text: string): Buffer | null {
  if (text.length > TEXT_MAX) return null;
  const bare = text.replace(/%.*$/s, '');
  const family = isIP(bare);
  if (family === 4) return parseV4(bare);
  if (family !== 6) return null;
  const bytes = parseV6(bare);
  return bytes.subarray(0, 12).equals(V4_IN_V6) ? bytes.subarray(12) : bytes;
}

function findBlock(text: string): Block | null {
  if (text.length > TEXT_MAX || text.includes('%')) return null;
  const [host = '', suffix, ...rest] = text.split('/');
  if (rest.length > 0) return null;
  const address = findAddress(host);
  if (address === null) return null;
  const width = address.length * 8;
  if (suffix === undefined) return { address, bits: width };
  if (!/^\d{1,3}$/.test(suffix)) return null;
  const shift = width === 32 && isIP(host) === 6 ? 96 : 0;
  const bits = Number(suffix) - shift;
  return bits >= 0 && bits <= width ? { address, bits } : null;
}

function contains(block: Block, address: Buffer): boolean {
  if (block.address.length !== address.length) return false;
  const whole = block.bits >> 3;
  if (!block.address.subarray(0, whole).equals(address.subarray(0, whole))) return false;
  const rest = block.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((block.address[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/**
 * Blocks "10.0.0.0/8", "2001:db8::/32" or single addresses; host bits may be set and do not count.
 * @throws ApiError invalid-request naming the field, never the value.
 */
export function parseCidrs(texts: readonly string[], fieldName: string): readonly string[] {
  if (texts.length > CIDR_BLOCKS_MAX) {
    throw invalidRequest(`field "${fieldName}" has more than ${CIDR_BLOCKS_MAX} blocks`);
  }
  for (const text of texts) {
    if (findBlock(text) === null) {
      throw invalidRequest(`field "${fieldName}" is not valid: want addresses or CIDR blocks`);
    }
  }
  return texts;
}

/** True when `blocks` is empty (no binding) or one holds the address. Anything unreadable does not match. */
export function isAddressAllowed(blocks: readonly string[], remoteAddress: string): boolean {
  if (blocks.length === 0) return true;
  const address = findAddress(remoteAddress);
  if (address === null) return false;
  return blocks.some((text) => {
    const block = findBlock(text);
    return block !== null && contains(block, address);
  });
}

/** True when every address of every inner block lies in an outer block; no outer block allows everything. */
export function areCidrsWithin(inner: readonly string[], outer: readonly string[]): boolean {
  if (outer.length === 0) return true;
  if (inner.length === 0) return false;
  const around = outer.map(findBlock);
  return inner.every((text) => {
    const block = findBlock(text);
    if (block === null) return false;
    return around.some(
      (wide) => wide !== null && wide.bits <= block.bits && contains(wide, block.address),
    );
  });
}

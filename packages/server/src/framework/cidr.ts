// Blocks of addresses: from where a token or role may be used, which proxies are believed. Own matcher: strict, bounded,
// no name resolution.
import { isIP } from 'node:net';
import { findAddress } from './address.js';
import { invalidRequest } from './errors.js';

/** Most blocks one list may hold. */
export const CIDR_BLOCKS_MAX = 256;
const TEXT_MAX = 64;

/** A parsed block: 4 or 16 address bytes and how many leading bits count. */
export interface AddressBlock {
  readonly address: Buffer;
  readonly bits: number;
}

/** "10.0.0.0/8", "2001:db8::/32" or a single address, host bits may be set and do not count; null for all else. */
export function findBlock(text: string): AddressBlock | null {
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

function contains(block: AddressBlock, address: Buffer): boolean {
  if (block.address.length !== address.length) return false;
  const whole = block.bits >> 3;
  if (!block.address.subarray(0, whole).equals(address.subarray(0, whole))) return false;
  const rest = block.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((block.address[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/**
 * For lists that the operator configured.
 * @throws TypeError naming `key` and the entry that is no block
 */
export function parseBlocks(texts: readonly string[], key: string): readonly AddressBlock[] {
  return texts.map((text) => {
    const block = findBlock(text);
    if (block === null) throw new TypeError(`${key}: "${text}" is not an address`);
    return block;
  });
}

/** True when one of `blocks` holds the address; an empty list holds none, and nothing holds what is no address. */
export function isInBlocks(blocks: readonly AddressBlock[], remoteAddress: string): boolean {
  const address = findAddress(remoteAddress);
  return address !== null && blocks.some((block) => contains(block, address));
}

/**
 * For lists that a caller of the API sent, as `findBlock` reads them.
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
  return isInBlocks(
    blocks.flatMap((text) => findBlock(text) ?? []),
    remoteAddress,
  );
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

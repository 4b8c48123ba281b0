// Which addresses are those of proxies that are believed. Never trusts a name: addresses and CIDR blocks only.
import { BlockList, isIP } from 'node:net';

/** @throws TypeError naming `key` when an entry is neither an address nor a block */
export function parseBlocks(addresses: readonly string[], key: string): BlockList {
  const blocks = new BlockList();
  for (const address of addresses) {
    const [ip = '', bits] = address.split('/');
    const family = isIP(ip);
    if (family === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) {
      throw new TypeError(`${key}: "${address}" is not an address`);
    }
    const type = family === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) blocks.addAddress(ip, type);
    else blocks.addSubnet(ip, Number(bits), type);
  }
  return blocks;
}

/** An IPv4 address that came over an IPv6 socket is the same address. */
export function isListed(blocks: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  return family !== 0 && blocks.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

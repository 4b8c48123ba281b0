// Where a listener listens, as the configuration writes it. Resolves no names.
import { isIP } from 'node:net';

export interface ListenAddress {
  /** A name, an IPv4 address or an IPv6 address without brackets; '0.0.0.0' where the text names no host. */
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** 'host:port' with a name, an IPv4 address, an IPv6 address in brackets, or nothing for every address; else null. */
export function findListenAddress(text: string): ListenAddress | null {
  const found = /^(?:\[([^\]]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535) return null;
  const [, inBrackets, plain = ''] = found;
  if (inBrackets !== undefined) return isIP(inBrackets) === 6 ? { host: inBrackets, port } : null;
  return { host: plain === '' ? '0.0.0.0' : plain, port };
}

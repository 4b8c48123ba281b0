// The client's address behind a proxy. Believed from listed proxies only.
import { isIP } from 'node:net';
import type { Connection } from '../framework/backend.js';
import { isInBlocks, parseBlocks } from '../framework/cidr.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { RequestHead } from './engine/request-head.js';
import { SECRET_HEADERS } from './headers.js';

export interface ForwardedForOptions {
  /** Addresses and CIDR blocks of proxies. */
  readonly authorizedAddresses: readonly string[];
  /** How many of the last addresses are proxies' own. */
  readonly hopSkips: number;
  /** Refuse listed proxies that send no header. */
  readonly rejectNotPresent: boolean;
  /** Refuse everybody else; otherwise their header is ignored. */
  readonly rejectNotAuthorized: boolean;
}

/** Finds the connection as the handler should see it. @throws ApiError */
export type PeerReader = (head: RequestHead, peer: Connection) => Connection;

/** @throws TypeError when an address of the options is none */
export function createPeerReader(options: ForwardedForOptions): PeerReader {
  const blocks = parseBlocks(options.authorizedAddresses, 'x_forwarded_for_authorized_addrs');
  return (head, peer) => {
    const value = head.readAll(SECRET_HEADERS).get('x-forwarded-for');
    if (!isInBlocks(blocks, peer.remoteAddress)) {
      if (!options.rejectNotAuthorized) return peer;
      throw new ApiError('permission-denied', 'client address not authorized as a proxy', {
        code: 'proxy-not-authorized',
      });
    }
    if (value === undefined) {
      if (!options.rejectNotPresent) return peer;
      throw invalidRequest('missing x-forwarded-for header', 'forwarded-for-missing');
    }
    const hops = value.split(',').map((hop) => hop.trim());
    const address = hops[hops.length - 1 - options.hopSkips] ?? '';
    if (isIP(address) === 0) {
      throw invalidRequest('malformed x-forwarded-for header', 'forwarded-for-malformed');
    }
    return { remoteAddress: address, remotePort: peer.remotePort, tls: peer.tls };
  };
}

// Takes a server's address apart. Must never repeat an address in an error: people put passwords into URLs.
import { InvalidRequestError } from '../errors.js';

/** Where an address points, taken apart. */
export interface Target {
  readonly address: string;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | null;
  /** Path prefix of the address, without a trailing slash. */
  readonly prefix: string;
}

/** @throws InvalidRequestError; the message does not repeat the address, which may hold credentials */
export function parseAddress(address: string): Target {
  if (address.startsWith('unix://')) {
    const socketPath = address.slice('unix://'.length);
    if (!socketPath.startsWith('/')) {
      throw new InvalidRequestError('address: a unix socket needs an absolute path');
    }
    return { address, tls: false, host: 'localhost', port: 0, socketPath, prefix: '' };
  }
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidRequestError(
      'address: want http://HOST:PORT, https://HOST:PORT or unix://PATH',
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new InvalidRequestError('address: must not hold a user, a query or a fragment');
  }
  const tls = url.protocol === 'https:';
  const prefix = url.pathname.replace(/\/+$/, '');
  return {
    address: `${url.protocol}//${url.host}${prefix}`,
    tls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    socketPath: null,
    prefix,
  };
}

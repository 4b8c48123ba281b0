// Stands before the connections of a listener behind a TCP proxy: takes the PROXY protocol's header
// off and hands the rest on. Believes nobody whom the operator did not list, unless the operator
// said so.

import type net from 'node:net';
import { type AddressBlock, isInBlocks, parseBlocks } from '../../framework/cidr.js';
import {
  PROXY_HEADER_BYTES_MAX,
  type ProxyHeader,
  type ProxySource,
  parseProxyHeader,
} from './proxy-header.js';

export interface ProxyProtocolOptions {
  /**
   * 'use_always' believes everybody, 'allow_authorized' those listed and takes others for clients,
   * 'deny_unauthorized' closes connections of others.
   */
  readonly behavior: 'use_always' | 'allow_authorized' | 'deny_unauthorized';
  /** Addresses and CIDR blocks. */
  readonly authorizedAddresses: readonly string[];
}

/** `source` is null when the peer speaks for itself. */
export type Accept = (socket: net.Socket, source: ProxySource | null) => void;

export class ProxyDoor {
  readonly #behavior: ProxyProtocolOptions['behavior'];
  readonly #blocks: readonly AddressBlock[];
  readonly #accept: Accept;
  /** Those that wait for their header, and since when (milliseconds). */
  readonly #waiting = new Map<net.Socket, number>();

  /** @throws TypeError when an address of the options is none */
  constructor(options: ProxyProtocolOptions, accept: Accept) {
    this.#behavior = options.behavior;
    this.#blocks = parseBlocks(options.authorizedAddresses, 'proxy_protocol_authorized_addrs');
    this.#accept = accept;
  }

  /** @param now milliseconds; what `sweep` counts from */
  take(socket: net.Socket, now: number): void {
    const isBelieved =
      this.#behavior === 'use_always' || isInBlocks(this.#blocks, socket.remoteAddress ?? '');
    if (isBelieved) this.#awaitHeader(socket, now);
    else if (this.#behavior === 'deny_unauthorized') socket.destroy();
    else this.#accept(socket, null);
  }

  /** Closes what has not sent a whole header for `waitMs`. */
  sweep(now: number, waitMs: number): void {
    for (const [socket, since] of this.#waiting) if (now - since > waitMs) socket.destroy();
  }

  /** Nobody who waits here has asked for anything. */
  close(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
  }

  #awaitHeader(socket: net.Socket, now: number): void {
    this.#waiting.set(socket, now);
    let read: Buffer = Buffer.alloc(0);
    const onReadable = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      read = Buffer.concat([read, chunk]);
      this.#look(socket, read, stopReading);
    };
    const forget = (): void => void this.#waiting.delete(socket);
    const onEnd = (): void => void socket.destroy();
    const stopReading = (): void => {
      forget();
      socket.off('readable', onReadable).off('end', onEnd).off('close', forget);
    };
    socket.on('error', () => socket.destroy());
    socket.on('close', forget).on('end', onEnd).on('readable', onReadable);
  }

  #look(socket: net.Socket, read: Buffer, stopReading: () => void): void {
    let found: ProxyHeader;
    try {
      found = parseProxyHeader(read.subarray(0, PROXY_HEADER_BYTES_MAX));
    } catch {
      // What it sent is no header: there is nobody to answer in a protocol that both know.
      socket.destroy();
      return;
    }
    if (found.kind === 'more') return;
    stopReading();
    const rest = found.kind === 'header' ? read.subarray(found.bytes) : read;
    if (rest.length > 0) socket.unshift(rest);
    this.#accept(socket, found.kind === 'header' ? found.source : null);
  }
}

// The transport for Node, on node:http and node:https: no fetch, because an enclave under Gramine has none. Owns its
// sockets; close() lets them go.
import { Agent, type RequestOptions } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { Transport, TransportRequest } from '../transport.js';
import { type Channel, openChannel } from './channel.js';
import { exchange, type NodeResponse } from './exchange.js';
import { parseAddress, type Target } from './target.js';
import { type TlsSettings, tlsOptions } from './tls-options.js';

export interface NodeTransportOptions {
  /** 'https://host:port', 'http://host:port' or 'unix:///path/to/socket'; a path after the host is a prefix. */
  readonly address: string;
  readonly tls?: TlsSettings;
  /** Longest answer that is read; default 64 MiB. */
  readonly bodyBytesMax?: number;
}

export class NodeTransport implements Transport {
  readonly address: string;
  readonly #target: Target;
  readonly #tls: ConnectionOptions;
  readonly #agent: Agent;
  readonly #bodyBytesMax: number;

  /** Reads certificate files. @throws InvalidRequestError */
  constructor(options: NodeTransportOptions) {
    this.#target = parseAddress(options.address);
    this.#tls = this.#target.tls ? tlsOptions(options.tls ?? {}) : {};
    this.#agent = this.#target.tls
      ? new TlsAgent({ keepAlive: true, ...this.#tls })
      : new Agent({ keepAlive: true });
    this.#bodyBytesMax = options.bodyBytesMax ?? 64 * 1024 * 1024;
    this.address = this.#target.address;
  }

  request(request: TransportRequest): Promise<NodeResponse> {
    const { host, port, socketPath, prefix, tls } = this.#target;
    const options: RequestOptions = {
      agent: this.#agent,
      ...(socketPath === null ? { host, port } : { socketPath, host }),
    };
    return exchange(
      { ...request, path: prefix + request.path },
      { address: this.address, tls, options, bodyBytesMax: this.#bodyBytesMax },
    );
  }

  /**
   * One connection of its own, open, verified and never silently replaced: for logins bound to the TLS session.
   * @throws TransportError, InvalidRequestError when the address is not https
   */
  openChannel(timeoutMs: number): Promise<Channel> {
    return openChannel(this.#target, this.#tls, this.#bodyBytesMax, timeoutMs);
  }

  close(): void {
    this.#agent.destroy();
  }
}

// A single TLS connection whose identity the caller may look at before it says anything: the server's certificate and
// the session's exporter (RFC 5705, RFC 9266). Must never reconnect: a binding to another session would be worthless.
import { Agent, type AgentOptions } from 'node:http';
import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { InvalidRequestError, TransportError } from '../errors.js';
import type { Transport, TransportRequest } from '../transport.js';
import { exchange, type NodeResponse, transportErrorOf } from './exchange.js';
import type { Target } from './target.js';

/** Hands out one socket, once; a keep-alive agent reuses it, and a closed one is not replaced. */
class SingleSocketAgent extends Agent {
  #socket: TLSSocket | null;

  constructor(socket: TLSSocket) {
    const options: AgentOptions = { keepAlive: true, maxSockets: 1 };
    super(options);
    this.#socket = socket;
  }

  override createConnection(
    _options: unknown,
    created?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null || socket.destroyed) {
      const closed = new TransportError('closed', 'the channel is closed', '');
      // The agent hands no socket on with an error, whatever the callback's type says.
      created?.(closed, socket ?? new Duplex());
      return undefined;
    }
    created?.(null, socket);
    return undefined;
  }
}

/** An open connection. Requests go one after the other. */
export class Channel implements Transport {
  readonly address: string;
  readonly #socket: TLSSocket;
  readonly #agent: SingleSocketAgent;
  readonly #target: Target;
  readonly #bodyBytesMax: number;

  constructor(socket: TLSSocket, target: Target, bodyBytesMax: number) {
    this.#socket = socket;
    this.#agent = new SingleSocketAgent(socket);
    this.#target = target;
    this.#bodyBytesMax = bodyBytesMax;
    this.address = target.address;
  }

  /** DER of the server's own certificate. Whether it is trusted was decided by the handshake. */
  peerCertificate(): Buffer {
    return Buffer.from(this.#socket.getPeerCertificate(false).raw);
  }

  /** 'TLSv1.3' or 'TLSv1.2'. */
  protocol(): string {
    return this.#socket.getProtocol() ?? '';
  }

  /**
   * Keying material of this session (RFC 5705; for RFC 9266 label 'EXPORTER-Channel-Binding', empty context, 32
   * bytes). Owned by the caller. @throws when the connection is closed
   */
  exportKeyingMaterial(lengthBytes: number, label: string, context: Buffer): Buffer {
    return this.#socket.exportKeyingMaterial(lengthBytes, label, context);
  }

  request(request: TransportRequest): Promise<NodeResponse> {
    const { host, port, prefix } = this.#target;
    return exchange(
      { ...request, path: prefix + request.path },
      {
        address: this.address,
        tls: false, // The agent's socket is the TLS session already.
        options: { agent: this.#agent, host, port },
        bodyBytesMax: this.#bodyBytesMax,
      },
    );
  }

  close(): void {
    this.#agent.destroy();
    this.#socket.destroy();
  }
}

/** Connects and completes the handshake, verification included. @throws TransportError, InvalidRequestError */
export function openChannel(
  target: Target,
  tls: ConnectionOptions,
  bodyBytesMax: number,
  timeoutMs: number,
): Promise<Channel> {
  if (!target.tls) throw new InvalidRequestError('channel: the address must be https');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: target.host,
      port: target.port,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
      ...tls,
    });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new TransportError('timeout', `${target.address}: no TLS within ${timeoutMs} ms`, ''));
    }, timeoutMs);
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      reject(transportErrorOf(error, target.address));
    };
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      // An error between requests closes the socket, and the next request says so.
      socket.on('error', () => socket.destroy());
      resolve(new Channel(socket, target, bodyBytesMax));
    });
  });
}

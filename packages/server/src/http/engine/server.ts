// Accepts connections, plain or TLS, and closes them. What the requests mean is not known here.
import { constants } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import type { Connection } from '../../framework/backend.js';
import { type Answer, HeadMaker } from './answer.js';
import { type EngineContext, HttpConnection } from './connection.js';
import type { Exchange } from './exchange.js';
import { HeaderTable, type WatchedHeader } from './header-table.js';
import { type EngineClock, type EngineLimits, type EngineTimeouts, SWEEP_MS } from './limits.js';
import { type Accept, ProxyDoor, type ProxyProtocolOptions } from './proxy-door.js';
import type { ProxySource } from './proxy-header.js';
import type { Refusal } from './refusal.js';
import { SlabPool } from './slab-pool.js';

export interface TlsOptions {
  /** PEM: the server's certificate and its chain, and the key. */
  readonly certificate: Buffer | string;
  readonly key: Buffer | string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names joined by ':', for TLS 1.2; null for the platform's. */
  readonly cipherSuites: string | null;
  /**
   * Whether clients are asked for a certificate. One is never required and never checked against a
   * CA here.
   */
  readonly requestClientCertificate: boolean;
}

export interface EngineOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Null for plain HTTP. */
  readonly tls: TlsOptions | null;
  /** Null: peers are clients, and a header of a proxy is refused like every other malformed request. */
  readonly proxyProtocol: ProxyProtocolOptions | null;
  readonly limits: EngineLimits;
  readonly timeouts: EngineTimeouts;
  readonly clock: EngineClock;
  /** Headers the application wants to find fast; see `HeaderTable`. */
  readonly watchedHeaders: readonly WatchedHeader[];
  /**
   * Starts the work on a request. Must not throw, must answer and release the exchange in the end.
   */
  readonly serve: (exchange: Exchange) => void;
  /** The body of what the engine itself answers. */
  readonly answerRefusal: (refusal: Refusal) => Answer;
  /** A bug of the engine or the application, for the log. */
  readonly reportFault: (error: unknown) => void;
}

export interface Engine {
  readonly host: string;
  readonly port: number;
  /** Stops accepting, finishes requests in work, cuts off what lasts longer than `graceMs`. */
  close(graceMs: number): Promise<void>;
  /** For handshakes from now on. @throws when certificate and key do not fit; the old ones stay. */
  reloadTls(certificate: Buffer | string, key: Buffer | string): void;
}

/**
 * What was decrypted is overwritten once it has been handed to Node; otherwise OpenSSL frees its buffers with requests in
 * them. `openssl/ssl.h` of 1.1.1 and of 3.x; `crypto.constants` does not have it.
 */
const SSL_OP_CLEANSE_PLAINTEXT = 0x2;

function secureContextOptions(options: TlsOptions): tls.SecureContextOptions {
  return {
    cert: options.certificate,
    key: options.key,
    minVersion: options.minVersion,
    maxVersion: options.maxVersion,
    // Keys of a connection never change under a token that is bound to its exporter.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | SSL_OP_CLEANSE_PLAINTEXT,
    ...(options.cipherSuites === null ? {} : { ciphers: options.cipherSuites }),
  };
}

/** Facts about the peer, or about `source` if a proxy named one; the certificate is read once, when somebody asks. */
export function describePeer(socket: net.Socket, source: ProxySource | null): Connection {
  const remoteAddress = source?.address ?? socket.remoteAddress ?? '';
  const remotePort = source?.port ?? socket.remotePort ?? 0;
  if (!(socket instanceof tls.TLSSocket)) return { remoteAddress, remotePort, tls: null };
  let certificate: Buffer | null | undefined;
  return {
    remoteAddress,
    remotePort,
    tls: {
      get peerCertificate(): Buffer | null {
        certificate ??= socket.getPeerX509Certificate()?.raw ?? null;
        return certificate;
      },
      exportKeyingMaterial: (length, label, context) =>
        socket.exportKeyingMaterial(length, label, context),
    },
  };
}

const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true };

interface Doors {
  /** What listens. */
  readonly outer: net.Server;
  /** What makes TLS connections; null for plain HTTP. */
  readonly secure: tls.Server | null;
  /** Null without the PROXY protocol. */
  readonly proxy: ProxyDoor | null;
}

function createSecure(
  options: EngineOptions,
  tlsOptions: TlsOptions,
  accept: (socket: net.Socket) => void,
): tls.Server {
  return tls.createServer(
    {
      ...SOCKET_OPTIONS,
      ...secureContextOptions(tlsOptions),
      requestCert: tlsOptions.requestClientCertificate,
      rejectUnauthorized: false,
      handshakeTimeout: options.timeouts.handshakeMs,
      ALPNProtocols: ['http/1.1'],
    },
    accept,
  );
}

function createDoors(options: EngineOptions, now: () => number, accept: Accept): Doors {
  const { tls: tlsOptions, proxyProtocol } = options;
  if (proxyProtocol !== null) return createProxied(options, proxyProtocol, now, accept);
  const plain = (socket: net.Socket): void => accept(socket, null);
  if (tlsOptions === null) {
    return { outer: net.createServer(SOCKET_OPTIONS, plain), secure: null, proxy: null };
  }
  const secure = createSecure(options, tlsOptions, plain);
  return { outer: secure, secure, proxy: null };
}

/** The proxy's header comes before the handshake, so that TLS is spoken behind it. */
function createProxied(
  options: EngineOptions,
  proxyProtocol: ProxyProtocolOptions,
  now: () => number,
  accept: Accept,
): Doors {
  // A TLS socket shows the ends of the socket below it, which no two open connections of a listener share.
  const sources = new Map<string, ProxySource>();
  const endOf = (socket: net.Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  const secure =
    options.tls === null
      ? null
      : createSecure(options, options.tls, (socket) =>
          accept(socket, sources.get(endOf(socket)) ?? null),
        );
  const proxy = new ProxyDoor(proxyProtocol, (socket, source) => {
    if (secure === null) {
      accept(socket, source);
      return;
    }
    // Gone already: it has no ends any more, and would pass for another that has none.
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const end = endOf(socket);
    if (source === null) sources.delete(end);
    else {
      sources.set(end, source);
      socket.once('close', () => {
        if (sources.get(end) === source) sources.delete(end);
      });
    }
    secure.emit('connection', socket);
  });
  const outer = net.createServer(SOCKET_OPTIONS, (socket) => proxy.take(socket, now()));
  return { outer, secure, proxy };
}

/** @throws the system's error when the address can not be bound */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const connections = new Set<HttpConnection>();
  const context: EngineContext = {
    limits: options.limits,
    timeouts: options.timeouts,
    table: new HeaderTable(options.watchedHeaders),
    pool: new SlabPool(),
    heads: new HeadMaker(),
    bodyBytes: 0,
    now: options.clock.now(),
    serve: options.serve,
    answerRefusal: options.answerRefusal,
    reportFault: options.reportFault,
  };
  let isClosing = false;
  const doors = createDoors(
    options,
    () => context.now,
    (socket, source) => {
      if (isClosing) {
        socket.destroy();
        return;
      }
      const connection = new HttpConnection(socket, describePeer(socket, source), context);
      connections.add(connection);
      socket.on('close', () => connections.delete(connection));
    },
  );
  const server = doors.outer;
  server.maxConnections = options.limits.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  server.on('error', options.reportFault);
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const stopSweeping = options.clock.every(SWEEP_MS, () => {
    context.now = options.clock.now();
    for (const connection of connections) connection.sweep();
    doors.proxy?.sweep(context.now, options.timeouts.headMs);
  });
  const address = server.address() as net.AddressInfo;
  return {
    host: address.address,
    port: address.port,
    reloadTls(certificate, key) {
      if (options.tls === null || doors.secure === null) return;
      doors.secure.setSecureContext(secureContextOptions({ ...options.tls, certificate, key }));
    },
    async close(graceMs) {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.drain();
      doors.proxy?.close();
      const cutOff = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cutOff);
      stopSweeping();
    },
  };
}

// A listener: an address on which core's door answers the API over HTTP or HTTPS. What main.ts
// starts and stops.
import type { Admit, ApiHandler } from '../core/request.js';
import type { OpenableGroup } from '../framework/backend.js';
import { DEFAULT_JSON_LIMITS, type JsonLimits } from '../framework/json/scan.js';
import { findListenAddress, type ListenAddress } from '../framework/listen-address.js';
import { refusalAnswer } from './answers.js';
import { createApi } from './api.js';
import type { CorsRules } from './cors.js';
import type { Exchange } from './engine/exchange.js';
import {
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  type EngineClock,
  type EngineLimits,
  type EngineTimeouts,
  SYSTEM_CLOCK,
} from './engine/limits.js';
import type { ProxyProtocolOptions } from './engine/proxy-door.js';
import { startEngine, type TlsOptions } from './engine/server.js';
import { createPeerReader, type ForwardedForOptions } from './forwarded-for.js';
import { WATCHED_HEADERS } from './headers.js';
import { createHeaderAdder, type ResponseHeaders } from './response-headers.js';

export interface ListenerOptions {
  /** 'host:port', '[::1]:8200', ':8200' for all addresses; port 0 for any free one. */
  readonly address: string;
  /** Null for plain HTTP. */
  readonly tls: TlsOptions | null;
  readonly limits: EngineLimits;
  readonly jsonLimits: JsonLimits;
  readonly timeouts: EngineTimeouts;
  readonly clock: EngineClock;
  readonly proxyProtocol: ProxyProtocolOptions | null;
  readonly forwardedFor: ForwardedForOptions | null;
  readonly requireRequestHeader: boolean;
  readonly cors: CorsRules | null;
  /** See ApiOptions. */
  readonly opened: ReadonlySet<OpenableGroup>;
  /** custom_response_headers; null for none. */
  readonly responseHeaders: ResponseHeaders | null;
  /** See ApiOptions. */
  readonly admit: Admit | null;
  /** See ApiOptions. */
  readonly serveOther: ((exchange: Exchange) => boolean) | null;
  /** For the log: an internal error. `requestId` is '' where it belongs to no request. */
  readonly reportFault: (error: unknown, requestId: string) => void;
}

/** Everything but the address, TLS and the log. */
export const DEFAULT_LISTENER_OPTIONS: Omit<ListenerOptions, 'address' | 'tls' | 'reportFault'> = {
  limits: DEFAULT_LIMITS,
  jsonLimits: DEFAULT_JSON_LIMITS,
  timeouts: DEFAULT_TIMEOUTS,
  clock: SYSTEM_CLOCK,
  proxyProtocol: null,
  forwardedFor: null,
  requireRequestHeader: false,
  cors: null,
  opened: new Set(),
  responseHeaders: null,
  admit: null,
  serveOther: null,
};

export interface Listener {
  /** 'host:port' as bound. */
  readonly address: string;
  readonly port: number;
  /** Stops accepting, lets requests in work finish for up to `graceMs`. */
  close(graceMs: number): Promise<void>;
  /**
   * For handshakes from now on. @throws when certificate and key do not fit; the old ones stay in
   * use.
   */
  reloadTls(certificate: Buffer | string, key: Buffer | string): void;
}

function parseListenAddress(address: string): ListenAddress {
  const found = findListenAddress(address);
  if (found === null) {
    throw new TypeError(`listener address "${address}" is not valid: want host:port`);
  }
  return found;
}

/**
 * @throws TypeError for options that make no sense; the system's error when the address can not be
 * bound
 */
export async function startListener(
  handler: ApiHandler,
  options: ListenerOptions,
): Promise<Listener> {
  const { responseHeaders } = options;
  const decorate = responseHeaders === null ? null : createHeaderAdder(responseHeaders);
  const serve = createApi(handler, {
    decorate,
    now: () => options.clock.now(),
    jsonLimits: options.jsonLimits,
    requireRequestHeader: options.requireRequestHeader,
    readPeer: options.forwardedFor === null ? null : createPeerReader(options.forwardedFor),
    cors: options.cors,
    opened: options.opened,
    admit: options.admit,
    serveOther: options.serveOther,
    reportFault: options.reportFault,
  });
  const engine = await startEngine({
    ...parseListenAddress(options.address),
    tls: options.tls,
    proxyProtocol: options.proxyProtocol,
    limits: options.limits,
    timeouts: options.timeouts,
    clock: options.clock,
    watchedHeaders: WATCHED_HEADERS,
    serve,
    answerRefusal: (refusal) => {
      const answer = refusalAnswer(refusal);
      return decorate === null ? answer : decorate(answer);
    },
    reportFault: (error) => options.reportFault(error, ''),
  });
  const host = engine.host.includes(':') ? `[${engine.host}]` : engine.host;
  return {
    address: `${host}:${engine.port}`,
    port: engine.port,
    close: (graceMs) => engine.close(graceMs),
    reloadTls: (certificate, key) => engine.reloadTls(certificate, key),
  };
}

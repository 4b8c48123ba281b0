// Opens the doors: one listener per stanza, TLS files read with errors that name them.
import { readFileSync } from 'node:fs';
import type { ListenerConfig, ListenerTlsConfig } from '../config/server-config.js';
import type { Core } from '../core/core.js';
import { DEFAULT_JSON_LIMITS } from '../framework/json/scan.js';
import type { CorsRules } from '../http/cors.js';
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, SYSTEM_CLOCK } from '../http/engine/limits.js';
import type { TlsOptions } from '../http/engine/server.js';
import { type Listener, type ListenerOptions, startListener } from '../http/listener.js';
import { findListenerCors } from './listener-cors.js';
import { describeFault, type Log } from './log.js';
import { StartError } from './options.js';

const SECOND_MS = 1000;

function readPem(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`${what} ${file}: cannot be read (${code ?? 'unknown fault'})`);
  }
}

function tlsOptions(tls: ListenerTlsConfig): TlsOptions {
  return {
    certificate: readPem(tls.certFile, 'tls_cert_file'),
    key: readPem(tls.keyFile, 'tls_key_file'),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    cipherSuites: tls.cipherSuites === null ? null : tls.cipherSuites.join(':'),
    requestClientCertificate: !tls.disableClientCerts,
  };
}

/** A listener with rules of its own has those, any other what sys/config/cors says. */
function corsRules(core: Core, config: ListenerConfig): CorsRules {
  const own = findListenerCors(config);
  return own === null ? () => core.cors : () => own;
}

function listenerOptions(core: Core, config: ListenerConfig, log: Log): ListenerOptions {
  if (config.tls?.requireAndVerifyClientCert) {
    throw new StartError(
      `${config.source.file}:${config.source.line}: tls_require_and_verify_client_cert is not supported: client certificates are checked by auth methods`,
    );
  }
  return {
    address: config.address,
    tls: config.tls === null ? null : tlsOptions(config.tls),
    limits: { ...DEFAULT_LIMITS, bodyBytesMax: config.requestBytesMax },
    jsonLimits: {
      ...DEFAULT_JSON_LIMITS,
      bytesMax: config.requestBytesMax,
      stringsMax: config.requestJsonStringsMax ?? DEFAULT_JSON_LIMITS.stringsMax,
    },
    timeouts: {
      ...DEFAULT_TIMEOUTS,
      headMs: config.readHeaderTimeoutSeconds * SECOND_MS || DEFAULT_TIMEOUTS.headMs,
      bodyMs: config.readTimeoutSeconds * SECOND_MS || DEFAULT_TIMEOUTS.bodyMs,
      idleMs: config.idleTimeoutSeconds * SECOND_MS || DEFAULT_TIMEOUTS.idleMs,
      writeMs: config.writeTimeoutSeconds * SECOND_MS || DEFAULT_TIMEOUTS.writeMs,
      handlerMs: config.requestSecondsMax * SECOND_MS || DEFAULT_TIMEOUTS.handlerMs,
    },
    clock: SYSTEM_CLOCK,
    proxyProtocol: config.proxyProtocol,
    forwardedFor: config.forwardedFor,
    requireRequestHeader: config.requireRequestHeader,
    cors: corsRules(core, config),
    opened: config.opened,
    responseHeaders: config.responseHeaders.size === 0 ? null : config.responseHeaders,
    admit: (request) => core.admit(request),
    serveOther: null,
    reportFault: (error, requestId) =>
      log('error', `request ${requestId || '(none)'}: ${describeFault(error)}`),
  };
}

/** @throws StartError that says which address or file, and what to do */
export async function openListener(
  core: Core,
  config: ListenerConfig,
  log: Log,
): Promise<Listener> {
  const options = listenerOptions(core, config, log);
  try {
    return await startListener(core, options);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartError(
        `${config.address}: another process listens there; stop it or choose another address`,
      );
    }
    if (code === 'EACCES') throw new StartError(`${config.address}: not allowed to listen there`);
    if (code === 'EADDRNOTAVAIL')
      throw new StartError(`${config.address}: not an address of this machine`);
    const why = error instanceof Error ? error.message : 'unknown fault';
    throw new StartError(`listener ${config.address}: ${why}`);
  }
}

/** Certificates are read again (SIGHUP); a pair that does not fit leaves the old one in use. */
export function reloadListener(listener: Listener, config: ListenerConfig, log: Log): void {
  if (config.tls === null) return;
  try {
    const tls = tlsOptions(config.tls);
    listener.reloadTls(tls.certificate, tls.key);
    log('info', `listener ${config.address}: certificate read again`);
  } catch (error) {
    const why = error instanceof StartError ? error.message : describeFault(error);
    log('error', `listener ${config.address}: certificate not changed: ${why}`);
  }
}

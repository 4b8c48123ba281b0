// A listener whose handler answers with what it was asked, for tests that bring a client.
import type { ApiHandler, ApiRequest } from '../../core/request.js';
import { encodeJson } from '../../framework/json/encode.js';
import { RawJson } from '../../framework/json/value.js';
import type { TlsOptions } from '../engine/server.js';
import {
  DEFAULT_LISTENER_OPTIONS,
  type Listener,
  type ListenerOptions,
  startListener,
} from '../listener.js';
import { resultOf } from './call-api.js';
import type { Identity } from './identity.js';

/** `data` of the answer: operation, path, token and the inputs as they came. */
export const ECHO: ApiHandler = {
  handle(request: ApiRequest) {
    const fields = new Map<string, RawJson | string>();
    for (const [name, raw] of request.fields) {
      fields.set(name, raw.kind === 'text' ? raw.value : new RawJson(raw.value.bytes));
    }
    const data = {
      operation: request.operation,
      path: request.path,
      token: request.token?.toString() ?? null,
      fields: new RawJson(encodeJson(Object.fromEntries(fields))),
    };
    return Promise.resolve(resultOf(request, { response: { data } }));
  },
};

export function tlsOptionsOf(identity: Identity, change: Partial<TlsOptions> = {}): TlsOptions {
  return {
    certificate: identity.certificate,
    key: identity.key,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: null,
    requestClientCertificate: true,
    ...change,
  };
}

/** On a free port of 127.0.0.1. A fault fails whoever reads `faults`. */
export async function listen(
  handler: ApiHandler,
  change: Partial<ListenerOptions> = {},
): Promise<Listener & { readonly faults: unknown[] }> {
  const faults: unknown[] = [];
  const listener = await startListener(handler, {
    ...DEFAULT_LISTENER_OPTIONS,
    address: '127.0.0.1:0',
    tls: null,
    reportFault: (error) => faults.push(error),
    ...change,
  });
  return { ...listener, faults };
}

// Reads `listener "tcp"` stanzas. A listener without TLS has to say so.
import type { OpenableGroup } from '../framework/backend.js';
import { findBlock } from '../framework/cidr.js';
import { findListenAddress } from '../framework/listen-address.js';
import { badValue, readStringList } from '../hcl/read.js';
import type { HclItem } from '../hcl/tree.js';
import {
  DEFAULT_LISTEN_ADDRESS,
  type ForwardedForConfig,
  type ListenerConfig,
  type ListenerTlsConfig,
  type ProxyProtocolConfig,
  type TlsVersion,
} from './server-config.js';
import type { IgnoredKeys, Stanza } from './stanza.js';

const REQUEST_BYTES_DEFAULT = 32 * 1024 * 1024;
const REQUEST_BYTES_MAX = 1024 * 1024 * 1024;
const JSON_COUNT_MAX = 2 ** 31;
const REQUEST_SECONDS_DEFAULT = 90;

const TLS_VERSIONS: Readonly<Record<string, TlsVersion>> = { tls12: 'TLSv1.2', tls13: 'TLSv1.3' };

const NOT_SUPPORTED = 'is not supported and has no effect';
const IGNORED: IgnoredKeys = {
  cluster_address: 'has no effect: nodes meet in the storage, not over a cluster port',
  tls_auto_reload: NOT_SUPPORTED,
  tls_auto_reload_interval: NOT_SUPPORTED,
  tls_acme_ca_directory: NOT_SUPPORTED,
  tls_acme_ca_root: NOT_SUPPORTED,
  tls_acme_cache_path: NOT_SUPPORTED,
  tls_acme_domains: NOT_SUPPORTED,
  tls_acme_email: NOT_SUPPORTED,
  tls_acme_eab_key_id: NOT_SUPPORTED,
  tls_acme_eab_mac_key: NOT_SUPPORTED,
  tls_acme_disable_http_challenge: NOT_SUPPORTED,
  tls_acme_disable_alpn_challenge: NOT_SUPPORTED,
  tls_key_exchange_preferences: NOT_SUPPORTED,
  tls_prefer_server_cipher_suites: NOT_SUPPORTED,
  tls_max_request_size: NOT_SUPPORTED,
  x_forwarded_for_client_cert_header: NOT_SUPPORTED,
  x_forwarded_for_client_cert_header_decoders: NOT_SUPPORTED,
  profiling: NOT_SUPPORTED,
  inflight_requests_logging: NOT_SUPPORTED,
  purpose: NOT_SUPPORTED,
  role: NOT_SUPPORTED,
  agent_api: NOT_SUPPORTED,
  proxy_api: NOT_SUPPORTED,
  redact_addresses: NOT_SUPPORTED,
  redact_cluster_name: NOT_SUPPORTED,
  redact_version: NOT_SUPPORTED,
  disable_replication_status_endpoints: NOT_SUPPORTED,
  disable_request_limiter: NOT_SUPPORTED,
  chroot_namespace: NOT_SUPPORTED,
};

/** They open endpoints to anybody when they are false. */
const UNAUTHENTICATED_SWITCHES: ReadonlyMap<string, OpenableGroup> = new Map([
  ['disable_unauthed_rekey_endpoints', 'rekey'],
  ['disable_unauthed_generate_root_endpoints', 'generate-root'],
]);

/** Problems are kept in the stanza; what cannot be read takes its default. */
export function readListener(stanza: Stanza): ListenerConfig {
  const address =
    stanza.parsed('address', 'an address such as "0.0.0.0:8200" or "[::]:8200"', (text) =>
      findListenAddress(text.trim()) === null ? null : text.trim(),
    ) ?? DEFAULT_LISTEN_ADDRESS;
  const listener: ListenerConfig = {
    address,
    tls: readTls(stanza),
    requestBytesMax:
      stanza.integer('max_request_size', 1024, REQUEST_BYTES_MAX) ?? REQUEST_BYTES_DEFAULT,
    requestJsonStringsMax: stanza.integer('max_request_json_strings', 1, JSON_COUNT_MAX),
    requestSecondsMax: positiveSeconds(stanza, 'max_request_duration', REQUEST_SECONDS_DEFAULT),
    readHeaderTimeoutSeconds: positiveSeconds(stanza, 'http_read_header_timeout', 10),
    readTimeoutSeconds: positiveSeconds(stanza, 'http_read_timeout', 30),
    writeTimeoutSeconds: stanza.durationSeconds('http_write_timeout') ?? 0,
    idleTimeoutSeconds: positiveSeconds(stanza, 'http_idle_timeout', 300),
    proxyProtocol: readProxyProtocol(stanza),
    forwardedFor: readForwardedFor(stanza),
    requireRequestHeader: stanza.boolean('require_request_header') ?? false,
    opened: new Set(
      [...UNAUTHENTICATED_SWITCHES].flatMap(([key, group]) =>
        stanza.boolean(key) === false ? [group] : [],
      ),
    ),
    responseHeaders: readResponseHeaders(stanza),
    corsEnabled: stanza.boolean('cors_enabled') ?? false,
    corsAllowedOrigins: stanza.strings('cors_allowed_origins') ?? [],
    corsAllowedHeaders: stanza.strings('cors_allowed_headers') ?? [],
    source: { file: stanza.file, line: stanza.at.line },
  };
  readUnused(stanza);
  stanza.finish(IGNORED);
  return listener;
}

/** Keys whose values are checked, so that a mistake shows, and then not used. */
function readUnused(stanza: Stanza): void {
  const telemetry = stanza.inner('telemetry');
  if (telemetry?.boolean('unauthenticated_metrics_access') === true) {
    const detail = 'has no effect: sys/metrics wants a token';
    telemetry.warnUnused('unauthenticated_metrics_access', detail);
  }
  telemetry?.finish({
    metrics_only: NOT_SUPPORTED,
    disallow_metrics: NOT_SUPPORTED,
    metrics_path: NOT_SUPPORTED,
    add_lease_metrics_namespace_labels: NOT_SUPPORTED,
  });
  stanza.integer('max_request_json_memory', 1024, JSON_COUNT_MAX);
  const bounded = 'has no effect: max_request_size and max_request_json_strings bound it';
  stanza.warnUnused('max_request_json_memory', bounded);
  stanza.warnUnused('tls_client_ca_file', 'has no effect: auth methods check client certificates');
}

function positiveSeconds(stanza: Stanza, key: string, absent: number): number {
  const seconds = stanza.durationSeconds(key);
  if (seconds !== 0) return seconds ?? absent;
  stanza.fail(key, 'config-bad-value', `"${key}" is 0: a request without a limit is not offered`);
  return absent;
}

function readTls(stanza: Stanza): ListenerTlsConfig | null {
  const disabled = stanza.boolean('tls_disable') ?? false;
  const certFile = stanza.string('tls_cert_file') ?? '';
  const keyFile = stanza.string('tls_key_file') ?? '';
  const clientCaFile = stanza.string('tls_client_ca_file');
  const tls: ListenerTlsConfig = {
    certFile,
    keyFile,
    minVersion: stanza.word('tls_min_version', TLS_VERSIONS) ?? 'TLSv1.2',
    maxVersion: stanza.word('tls_max_version', TLS_VERSIONS) ?? 'TLSv1.3',
    cipherSuites: stanza.strings('tls_cipher_suites'),
    requireAndVerifyClientCert: stanza.boolean('tls_require_and_verify_client_cert') ?? false,
    disableClientCerts: stanza.boolean('tls_disable_client_certs') ?? false,
  };
  if (disabled) return null;
  const missing = [
    ...(certFile === '' ? ['tls_cert_file'] : []),
    ...(keyFile === '' ? ['tls_key_file'] : []),
  ];
  if (missing.length > 0) {
    stanza.fail(
      null,
      'config-missing',
      `no ${missing.join(' and no ')}: set tls_cert_file and tls_key_file to PEM files, ` +
        'or tls_disable = true if this listener is to speak plain HTTP',
    );
  }
  if (tls.minVersion > tls.maxVersion) {
    stanza.fail('tls_max_version', 'config-bad-value', 'tls_max_version is below tls_min_version');
  }
  if (tls.requireAndVerifyClientCert && clientCaFile === null) {
    const detail = 'tls_require_and_verify_client_cert needs tls_client_ca_file';
    stanza.fail('tls_require_and_verify_client_cert', 'config-missing', detail);
  }
  if (tls.requireAndVerifyClientCert && tls.disableClientCerts) {
    const detail = 'tls_disable_client_certs contradicts tls_require_and_verify_client_cert';
    stanza.fail('tls_disable_client_certs', 'config-bad-value', detail);
  }
  return tls;
}

const PROXY_BEHAVIORS: Readonly<
  Record<ProxyProtocolConfig['behavior'], ProxyProtocolConfig['behavior']>
> = {
  use_always: 'use_always',
  allow_authorized: 'allow_authorized',
  deny_unauthorized: 'deny_unauthorized',
};

function readProxyProtocol(stanza: Stanza): ProxyProtocolConfig | null {
  const behavior = stanza.word('proxy_protocol_behavior', PROXY_BEHAVIORS);
  const addresses = stanza.strings('proxy_protocol_authorized_addrs');
  const fail = (detail: string): void =>
    stanza.fail('proxy_protocol_authorized_addrs', 'config-bad-value', detail);
  if (addresses !== null && !areBlocks(addresses)) {
    fail('proxy_protocol_authorized_addrs is not valid: want IP addresses or CIDR blocks');
  }
  if (behavior === null) {
    if (addresses !== null) fail('proxy_protocol_authorized_addrs needs proxy_protocol_behavior');
    return null;
  }
  if (behavior !== 'use_always' && (addresses ?? []).length === 0) {
    fail(`proxy_protocol_behavior "${behavior}" needs proxy_protocol_authorized_addrs`);
  }
  return { behavior, authorizedAddresses: addresses ?? [] };
}

function readForwardedFor(stanza: Stanza): ForwardedForConfig | null {
  const addresses = stanza.strings('x_forwarded_for_authorized_addrs');
  const hopSkips = stanza.integer('x_forwarded_for_hop_skips', 0, 100) ?? 0;
  const rejectNotPresent = stanza.boolean('x_forwarded_for_reject_not_present') ?? true;
  const rejectNotAuthorized = stanza.boolean('x_forwarded_for_reject_not_authorized') ?? true;
  if (addresses === null) return null;
  if (!areBlocks(addresses)) {
    const detail =
      'x_forwarded_for_authorized_addrs is not valid: want IP addresses or CIDR blocks';
    stanza.fail('x_forwarded_for_authorized_addrs', 'config-bad-value', detail);
  }
  return { authorizedAddresses: addresses, hopSkips, rejectNotPresent, rejectNotAuthorized };
}

function areBlocks(texts: readonly string[]): boolean {
  return texts.every((text) => findBlock(text) !== null);
}

/** `custom_response_headers { "default" = { "X-Name" = ["value"] } }`; several values are one line, as in Vault. */
function readResponseHeaders(stanza: Stanza): ListenerConfig['responseHeaders'] {
  const found = new Map<string, readonly (readonly [string, string])[]>();
  for (const block of stanza.blocks('custom_response_headers', 1)) {
    const status = block.labels[0] ?? '';
    const headers = stanza.problems.attempt(stanza.file, () => block.items.map(readHeader)) ?? [];
    const isStatus = status === 'default' || /^[1-5](\d\d|xx)$/.test(status);
    if (!isStatus || found.has(status)) {
      const detail = isStatus
        ? 'custom_response_headers: a status is set twice'
        : 'custom_response_headers: want "default", a class such as "4xx", or a status';
      stanza.problems.add(stanza.file, block.at, 'config-bad-value', detail);
    }
    found.set(status, headers);
  }
  return found;
}

/** What a message is made of, and what the server says with headers of its own. */
const RESERVED_HEADERS =
  /^(x-vault-.*|content-length|content-type|transfer-encoding|connection|date|trailer|upgrade|te)$/i;

function readHeader(item: HclItem): readonly [string, string] {
  const values = readStringList(item);
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(item.key) || RESERVED_HEADERS.test(item.key)) {
    throw badValue(item, 'want a header name that is neither X-Vault-… nor part of the message');
  }
  if (values.length === 0 || values.some((value) => /[^\t\x20-\x7e]/.test(value))) {
    throw badValue(item, 'want printable ASCII');
  }
  return [item.key, values.join('; ')];
}

// Puts the server's configuration together from the texts of one or more files. Reads no file itself.
// Later files win for single values and for storage; listeners and audit devices add up.
import type { LockoutTuning } from '../framework/lockout.js';
import { parseHcl } from '../hcl/parse.js';
import { readBlocks } from '../hcl/read.js';
import type { HclItem, Position } from '../hcl/tree.js';
import { readListener } from './listener.js';
import { ProblemList } from './problems.js';
import {
  type AttestationConfig,
  type AuditConfig,
  DEFAULT_LEASE_TTL_SECONDS,
  DEFAULT_LISTEN_ADDRESS,
  type ListenerConfig,
  LOG_LEVELS,
  type LogFormat,
  type ServerConfig,
  type StorageConfig,
} from './server-config.js';
import { type IgnoredKeys, lastOf, Stanza } from './stanza.js';
import { readTrustedIssuers } from './trusted-issuer.js';

/** @property file for messages only */
export interface ConfigSource {
  readonly file: string;
  readonly text: string;
}

const LOG_FORMATS: Readonly<Record<string, LogFormat>> = {
  standard: 'standard',
  '': 'standard',
  json: 'json',
};

const NOT_SUPPORTED = 'is not supported and has no effect';
/** Vault's and OpenBao's top-level keys that this server accepts and does not use. */
const IGNORED: IgnoredKeys = {
  disable_mlock:
    'has no effect: keys are kept in secret memory where the kernel has it, and nothing else is locked',
  ha_storage: 'has no effect: nodes meet in the storage itself',
  service_registration: NOT_SUPPORTED,
  telemetry: 'has no effect: metrics are not pushed; read sys/metrics',
  disable_clustering: 'has no effect: there is no cluster port',
  disable_cache: 'has no effect: a cache entry holds for one stored version only',
  cache_size: 'has no effect: caches are bounded by the server',
  default_max_request_duration: 'has no effect here: set max_request_duration in the listener',
  plugin_file_uid: 'has no effect: engines are built in',
  plugin_file_permissions: 'has no effect: engines are built in',
  plugin_tmpdir: 'has no effect: engines are built in',
  plugin: 'has no effect: engines are built in',
  log_rotate_bytes: NOT_SUPPORTED,
  log_rotate_duration: NOT_SUPPORTED,
  log_rotate_max_files: NOT_SUPPORTED,
  log_requests_level: NOT_SUPPORTED,
  imprecise_lease_role_tracking: NOT_SUPPORTED,
  enable_response_header_hostname: NOT_SUPPORTED,
  enable_response_header_raft_node_id: NOT_SUPPORTED,
  disable_sealwrap: NOT_SUPPORTED,
  disable_printable_check: 'has no effect: paths with unprintable characters are always refused',
  disable_performance_standby: NOT_SUPPORTED,
  disable_standby_reads: NOT_SUPPORTED,
  disable_indexing: NOT_SUPPORTED,
  initialize: NOT_SUPPORTED,
  unsafe_allow_api_audit_creation: NOT_SUPPORTED,
  allow_audit_log_prefixing: NOT_SUPPORTED,
  unsafe_cross_namespace_identity: NOT_SUPPORTED,
  unsafe_relative_paths: 'has no effect: relative path segments are always refused',
  allow_unauthenticated_workflows: NOT_SUPPORTED,
  license_path: 'has no effect: there is nothing to license',
  entropy: NOT_SUPPORTED,
  sentinel: NOT_SUPPORTED,
  reporting: NOT_SUPPORTED,
  request_limiter: NOT_SUPPORTED,
  experiments: NOT_SUPPORTED,
  kms_library: NOT_SUPPORTED,
  detect_deadlocks: NOT_SUPPORTED,
  enable_multiseal: NOT_SUPPORTED,
  enable_post_unseal_trace: NOT_SUPPORTED,
  post_unseal_trace_directory: NOT_SUPPORTED,
  adaptive_overload_protection: NOT_SUPPORTED,
  administrative_namespace_path: NOT_SUPPORTED,
  remove_irrevocable_lease_after: NOT_SUPPORTED,
};
const IGNORED_RAFT: IgnoredKeys = Object.fromEntries(
  [
    ...['retry_join', 'performance_multiplier', 'trailing_logs', 'snapshot_threshold'],
    ...['snapshot_interval', 'max_entry_size', 'retry_join_as_non_voter', 'raft_wal'],
    ...[
      'autopilot_reconcile_interval',
      'autopilot_update_interval',
      'max_mount_and_namespace_table_entry_size',
    ],
    ...['max_trailing_logs', 'raft_log_verifier_enabled', 'raft_log_verification_interval'],
  ].map((key) => [key, 'has no effect: raft storage is one node here']),
);
const IGNORED_INMEM: IgnoredKeys = { path: 'has no effect: nothing is stored' };
/** What the parts that judge evidence read. */
const ATTESTATION_OPTIONS: ReadonlySet<string> = new Set(['vendor_ca_file']);
const AUDIT_KEYS = new Set(['path', 'description', 'local', 'options']);

/**
 * @param options.dev without a storage or listener stanza: memory, and plain HTTP on 127.0.0.1:8200
 * @throws ConfigError with every problem of every file
 */
export function parseServerConfig(
  sources: readonly ConfigSource[],
  options: { readonly dev: boolean },
): ServerConfig {
  const problems = new ProblemList();
  const tops = sources.flatMap(({ file, text }) => {
    const items = problems.attempt(file, () => parseHcl(text));
    return items === null ? [] : [new Stanza(problems, file, '', { items })];
  });
  const defaultTtl = lastOf(tops, (top) => top.durationSeconds('default_lease_ttl'));
  const maxTtl = lastOf(tops, (top) => top.durationSeconds('max_lease_ttl'));
  const config: Omit<ServerConfig, 'warnings'> = {
    storage: readStorage(tops, problems, options.dev),
    listeners: readListeners(tops, problems, options.dev),
    audits: tops.flatMap(readAudits),
    seal: readSeal(tops),
    attestation: readAttestation(tops),
    apiAddr: lastOf(tops, (top) =>
      top.parsed('api_addr', 'a URL such as "https://v.example:8200"', findUrl),
    ),
    clusterName: lastOf(tops, (top) => top.string('cluster_name')),
    defaultLeaseTtlSeconds: defaultTtl || Math.min(DEFAULT_LEASE_TTL_SECONDS, maxTtl || Infinity),
    maxLeaseTtlSeconds: maxTtl || Math.max(DEFAULT_LEASE_TTL_SECONDS, defaultTtl ?? 0),
    userLockouts: new Map(tops.flatMap(readLockouts)),
    ui: lastOf(tops, (top) => top.boolean('ui')) ?? false,
    logLevel: lastOf(tops, (top) => top.word('log_level', LOG_LEVELS)) ?? 'info',
    logFormat: lastOf(tops, (top) => top.word('log_format', LOG_FORMATS)) ?? 'standard',
    logFile: lastOf(tops, (top) => top.string('log_file')) || null,
    pidFile: lastOf(tops, (top) => top.string('pid_file')),
    pluginDirectory: lastOf(tops, (top) => top.string('plugin_directory')),
  };
  refuseRawEndpoint(tops);
  warnOfUnused(tops, config.ui);
  if (config.defaultLeaseTtlSeconds > config.maxLeaseTtlSeconds) {
    const last = tops.findLast((top) => top.has('default_lease_ttl') || top.has('max_lease_ttl'));
    last?.fail('default_lease_ttl', 'config-bad-value', 'default_lease_ttl is above max_lease_ttl');
  }
  for (const top of tops) top.finish(IGNORED);
  problems.throwIfAny();
  return { ...config, warnings: problems.warnings };
}

function findUrl(text: string): string | null {
  try {
    const { protocol } = new URL(text);
    return protocol === 'https:' || protocol === 'http:' ? text : null;
  } catch {
    return null;
  }
}

/** Where to say that something is missing altogether. */
function complain(problems: ProblemList, tops: readonly Stanza[], detail: string): void {
  problems.add(tops.at(-1)?.file ?? 'configuration', null, 'config-missing', detail);
}

function readStorage(tops: readonly Stanza[], problems: ProblemList, dev: boolean): StorageConfig {
  let found: StorageConfig | null = null;
  for (const top of tops) {
    const blocks = [...top.blocks('storage', 1), ...top.blocks('backend', 1)];
    const second = blocks[1];
    if (second !== undefined) {
      problems.add(top.file, second.at, 'config-duplicate-key', 'storage is set twice');
    }
    for (const block of blocks) {
      const type = block.labels[0] ?? '';
      found = readStorageType(new Stanza(problems, top.file, `storage "${type}"`, block), type);
    }
  }
  if (found === null && !dev) {
    complain(problems, tops, 'no storage: add storage "file" { path = "/var/lib/vouchsafe" }');
  }
  return found ?? { type: 'inmem', path: '' };
}

function readStorageType(stanza: Stanza, type: string): StorageConfig {
  if (type === 'inmem') {
    stanza.finish(IGNORED_INMEM);
    return { type, path: '' };
  }
  const path = stanza.string('path') ?? '';
  if (type !== 'file' && type !== 'raft') {
    const detail = 'not a storage of this server: want "file", "raft" or "inmem"';
    stanza.fail(null, 'config-unsupported', detail);
    return { type: 'inmem', path };
  }
  if (path === '') stanza.fail(null, 'config-missing', 'no path: set it to a folder');
  if (type === 'raft') {
    stanza.string('node_id');
    stanza.warnUnused('node_id', 'has no effect: raft storage is one node here');
  }
  stanza.finish(type === 'raft' ? IGNORED_RAFT : {});
  return { type, path };
}

function readListeners(
  tops: readonly Stanza[],
  problems: ProblemList,
  dev: boolean,
): readonly ListenerConfig[] {
  const listeners: ListenerConfig[] = [];
  for (const top of tops) {
    for (const block of top.blocks('listener', 1)) {
      const type = block.labels[0] ?? '';
      const stanza = new Stanza(problems, top.file, `listener "${type}"`, block);
      if (type === 'tcp') listeners.push(readListener(stanza));
      else stanza.fail(null, 'config-unsupported', 'not a listener of this server: want "tcp"');
    }
  }
  const addresses = new Set<string>();
  for (const { address, source } of listeners) {
    const fresh = addresses.size === addresses.add(address).size;
    if (!fresh || address.endsWith(':0')) continue;
    const at: Position = { line: source.line, column: 1 };
    problems.add(source.file, at, 'config-bad-value', 'two listeners have the same address');
  }
  if (listeners.length > 0) return listeners;
  if (dev) {
    const items = parseHcl(`address = "${DEFAULT_LISTEN_ADDRESS}" tls_disable = true`);
    return [readListener(new Stanza(problems, '-dev', 'listener "tcp"', { items }))];
  }
  if (!tops.some((top) => top.has('listener'))) {
    complain(problems, tops, 'no listener: add listener "tcp" { address = "0.0.0.0:8200" … }');
  }
  return [];
}

function readSeal(tops: readonly Stanza[]): ServerConfig['seal'] {
  for (const top of tops) {
    for (const block of top.blocks('seal', 1)) {
      const type = block.labels[0] ?? '';
      const stanza = new Stanza(top.problems, top.file, `seal "${type}"`, block);
      if (type === 'shamir') {
        stanza.boolean('disabled');
        stanza.string('name');
        for (const key of ['disabled', 'name']) stanza.warnUnused(key, NOT_SUPPORTED);
        stanza.finish({});
      } else {
        const detail =
          'not a seal of this server: it is unsealed with key shares; remove the stanza';
        stanza.fail(null, 'config-unsupported', detail);
      }
    }
  }
  return { type: 'shamir' };
}

function readAttestation(tops: readonly Stanza[]): AttestationConfig {
  const stanzas = tops.flatMap((top) => top.inner('attestation') ?? []);
  const url = 'a URL';
  const config: AttestationConfig = {
    endorsementBundleFiles: stanzas.flatMap((stanza) => stanza.strings('endorsement_bundle') ?? []),
    offline: lastOf(stanzas, (stanza) => stanza.boolean('offline')) ?? false,
    pccsUrl: lastOf(stanzas, (stanza) => stanza.parsed('pccs_url', url, findUrl)),
    kdsUrl: lastOf(stanzas, (stanza) => stanza.parsed('kds_url', url, findUrl)),
    refreshIntervalSeconds: lastOf(stanzas, (s) => s.durationSeconds('refresh_interval')),
    trustedIssuers: stanzas.flatMap(readTrustedIssuers),
    options: Object.assign({}, ...stanzas.map(readAttestationOptions)),
  };
  for (const stanza of stanzas) stanza.finish({});
  return config;
}

function readAttestationOptions(stanza: Stanza): Readonly<Record<string, string>> {
  const options = stanza.stringMap('options') ?? {};
  const unknown = Object.keys(options).find((name) => !ATTESTATION_OPTIONS.has(name));
  if (unknown === undefined) return options;
  const known = [...ATTESTATION_OPTIONS].map((name) => `"${name}"`).join(', ');
  stanza.fail('options', 'config-unknown-key', `unknown option "${unknown}": want ${known}`);
  return {};
}

const LOCKOUT_TYPES = ['all', 'approle', 'ldap', 'userpass'];
const LOCKOUT_FAILURES_MAX = 1_000_000_000;

function readLockouts(top: Stanza): readonly (readonly [string, LockoutTuning])[] {
  return top.blocks('user_lockout', 1).map((block) => {
    const type = (block.labels[0] ?? '').toLowerCase();
    const stanza = new Stanza(top.problems, top.file, `user_lockout "${type}"`, block);
    const tuning: LockoutTuning = {
      failuresMax: stanza.integer('lockout_threshold', 0, LOCKOUT_FAILURES_MAX) || null,
      lockoutSeconds: stanza.durationSeconds('lockout_duration') || null,
      resetSeconds: stanza.durationSeconds('lockout_counter_reset') || null,
      disabled: stanza.boolean('disable_lockout'),
    };
    if (!LOCKOUT_TYPES.includes(type)) {
      const want = LOCKOUT_TYPES.map((each) => `"${each}"`).join(', ');
      stanza.fail(null, 'config-bad-value', `not a type of auth method that locks: want ${want}`);
    }
    stanza.finish({});
    return [type, tuning];
  });
}

/** `audit "TYPE" "PATH" { … }`, or one label and `path = …`; without both the path is the type. */
function readAudits(top: Stanza): readonly AuditConfig[] {
  const audits: AuditConfig[] = [];
  for (const item of top.items('audit')) {
    const blocks = top.problems.attempt(top.file, () => readBlocks([nestLabels(item)], 'audit', 1));
    for (const block of blocks ?? []) {
      const type = block.labels[0] ?? '';
      const named = block.items.filter((inner) => !AUDIT_KEYS.has(inner.key));
      const isNested = named.length > 0 && named.every((inner) => isBlock(inner));
      if (!isNested) {
        audits.push(readAudit(new Stanza(top.problems, top.file, 'audit', block), type, null));
        continue;
      }
      for (const { key } of named) {
        const inner = top.problems.attempt(top.file, () => readBlocks(block.items, key, 0)) ?? [];
        for (const one of inner) {
          audits.push(readAudit(new Stanza(top.problems, top.file, 'audit', one), type, key));
        }
      }
    }
  }
  return audits;
}

function isBlock(item: HclItem): boolean {
  return item.value.kind === 'object' || item.value.kind === 'list';
}

/** `a "x" "y" { }` as `a "x" { "y" { } }`, which is what the JSON form looks like. */
function nestLabels(item: HclItem): HclItem {
  const [first, ...rest] = item.labels;
  if (first === undefined || rest.length === 0) return item;
  const [key = '', ...labels] = rest;
  const inner: HclItem = { key, labels, value: item.value, at: item.at };
  return { ...item, labels: [first], value: { kind: 'object', items: [inner], at: item.at } };
}

function readAudit(stanza: Stanza, type: string, label: string | null): AuditConfig {
  const path = (stanza.string('path') ?? label ?? type).replace(/\/*$/, '/');
  const description = stanza.string('description') ?? '';
  const options = stanza.stringMap('options') ?? {};
  stanza.boolean('local');
  stanza.finish({});
  return { type, path, description, options };
}

function refuseRawEndpoint(tops: readonly Stanza[]): void {
  for (const top of tops) {
    if (top.boolean('raw_storage_endpoint') !== true) continue;
    const detail = 'raw_storage_endpoint is not offered by this server: remove it';
    top.fail('raw_storage_endpoint', 'config-unsupported', detail);
  }
}

/** Keys whose values are checked, so that a mistake shows, and then not used. */
function warnOfUnused(tops: readonly Stanza[], ui: boolean): void {
  lastOf(tops, (top) => top.string('cluster_addr'));
  for (const top of tops) top.warnUnused('cluster_addr', 'has no effect: there is no cluster');
  const last = (key: string) => tops.findLast((top) => top.has(key));
  if (ui) last('ui')?.warnUnused('ui', 'has no effect: there is no web interface');
  if (lastOf(tops, (top) => top.boolean('introspection_endpoint')) !== true) return;
  last('introspection_endpoint')?.warnUnused('introspection_endpoint', NOT_SUPPORTED);
}

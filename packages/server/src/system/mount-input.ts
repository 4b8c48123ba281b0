// What an operator says about a mount, read from `config` (enabling) or from the flat fields of tune.
import type { MountConfig } from '../core/mounts/entry.js';
import { DEFAULT_MOUNT_CONFIG } from '../core/mounts/entry.js';
import { parseDurationSeconds } from '../framework/duration.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { LockoutTuning } from '../framework/lockout.js';

type Tunable = { -readonly [K in keyof MountConfig]?: MountConfig[K] };
type Given = Readonly<Record<string, unknown>>;

const TOKEN_TYPES: readonly string[] = [
  '',
  'default-service',
  'default-batch',
  'service',
  'batch',
] satisfies readonly MountConfig['tokenType'][];
const VISIBILITIES: readonly string[] = [
  '',
  'hidden',
  'unauth',
] satisfies readonly MountConfig['listingVisibility'][];

const LOCKOUT_NAMES: ReadonlySet<string> = new Set([
  'lockout_threshold',
  'lockout_duration',
  'lockout_counter_reset_duration',
  'lockout_disable',
]);
const LOCKOUT_SECONDS_MAX = 366 * 86_400;

/** Names that a `config` may have; others are refused, since ignoring one would be a promise nobody keeps. */
const KNOWN: ReadonlySet<string> = new Set([
  'default_lease_ttl',
  'max_lease_ttl',
  'force_no_cache',
  'audit_non_hmac_request_keys',
  'audit_non_hmac_response_keys',
  'listing_visibility',
  'passthrough_request_headers',
  'allowed_response_headers',
  'token_type',
  'plugin_version',
  'plugin_name',
  'user_lockout_config',
  'allowed_managed_keys',
  'delegated_auth_accessors',
  'identity_token_key',
  'trim_request_trailing_slashes',
  'override_pinned_version',
  'options',
]);

/** Part of every declaration that takes mount configuration flat. */
export const TUNE_FIELDS = {
  path: field.string('path of the mount'),
  description: field.optionalString('what it is for'),
  default_lease_ttl: field.optionalString('lifetime of leases and tokens; "system": the server’s'),
  max_lease_ttl: field.optionalString('longest lifetime; "system": the server’s'),
  force_no_cache: field.optionalBoolean('accepted; nothing is cached beyond its stored version'),
  audit_non_hmac_request_keys: field.optionalStringList('request fields audited in the clear'),
  audit_non_hmac_response_keys: field.optionalStringList('response fields audited in the clear'),
  listing_visibility: field.optionalString('"unauth", "hidden" or ""'),
  passthrough_request_headers: field.optionalStringList('headers that the backend sees'),
  allowed_response_headers: field.optionalStringList('headers that the backend may set'),
  token_type: field.optionalString('auth methods: type of the tokens they give'),
  options: field.keyValues('options of the backend, such as version'),
  plugin_version: field.string('not supported: every backend is built in'),
  user_lockout_config: field.map('auth methods: when failed logins lock a user out, for how long'),
} as const;

function invalid(name: string, want: string): never {
  throw invalidRequest(`field "${name}" is not valid: want ${want}`, 'mount-config-invalid');
}

/** '' leaves it as it is, 'system' is the server's own. */
function readTtl(given: Given, name: string, which: string): number | null {
  const value = given[name] ?? '';
  if (value === '') return null;
  if (value === 'system') return 0;
  const seconds =
    typeof value === 'string' || typeof value === 'number' ? parseDurationSeconds(value) : null;
  if (seconds === null) {
    throw invalidRequest(`unable to parse ${which} TTL`, 'mount-ttl-invalid');
  }
  return seconds;
}

function readList(given: Given, name: string): readonly string[] | null {
  const value = given[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'string') {
    return value.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
  }
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isList ? (value as readonly string[]) : invalid(name, 'a list of strings');
}

function readChoice(given: Given, name: string, choices: readonly string[]): string | null {
  const value = given[name] ?? null;
  if (value === null) return null;
  if (typeof value === 'string' && choices.includes(value)) return value;
  throw invalidRequest(`invalid ${name}`, 'mount-config-invalid');
}

function readFlag(given: Given, name: string): boolean | null {
  const value = given[name] ?? null;
  if (value === null || value === '') return null;
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : invalid(name, 'true or false');
}

/** Numbers may be text, as command lines send them; what is empty was not given. */
function readCount(given: Given, name: string): number | null {
  const value = given[name] ?? '';
  if (value === '') return null;
  const count = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 && count < 1e9) {
    return count;
  }
  return invalid(name, 'a whole number');
}

function readSeconds(given: Given, name: string): number | null {
  const value = given[name] ?? '';
  if (value === '') return null;
  const isText = typeof value === 'string' || typeof value === 'number';
  const seconds = isText ? parseDurationSeconds(value) : null;
  if (seconds === null || seconds > LOCKOUT_SECONDS_MAX) return invalid(name, 'a duration');
  return seconds;
}

/** Null when nothing was given; what an object leaves out stays as it is. */
function readLockout(given: unknown): LockoutTuning | null {
  if (given === null || isNothing(given)) return null;
  if (typeof given !== 'object' || Array.isArray(given))
    invalid('user_lockout_config', 'an object');
  const config = given as Given;
  const unknown = Object.keys(config).some((name) => !LOCKOUT_NAMES.has(name));
  if (unknown) invalid('user_lockout_config', [...LOCKOUT_NAMES].join(', '));
  return {
    failuresMax: readCount(config, 'lockout_threshold'),
    lockoutSeconds: readSeconds(config, 'lockout_duration'),
    resetSeconds: readSeconds(config, 'lockout_counter_reset_duration'),
    disabled: readFlag(config, 'lockout_disable'),
  };
}

/** Only what was given; the rest stays as it is. @throws ApiError naming the field, never its value */
export function readMountConfig(given: Given): Partial<MountConfig> {
  refuseUnsupported(given);
  const config: Tunable = {};
  const set = <K extends keyof MountConfig>(key: K, value: MountConfig[K] | null): void => {
    if (value !== null) config[key] = value;
  };
  set('defaultLeaseTtlSeconds', readTtl(given, 'default_lease_ttl', 'default'));
  set('maxLeaseTtlSeconds', readTtl(given, 'max_lease_ttl', 'max'));
  set('forceNoCache', readFlag(given, 'force_no_cache'));
  set('auditNonHmacRequestKeys', readList(given, 'audit_non_hmac_request_keys'));
  set('auditNonHmacResponseKeys', readList(given, 'audit_non_hmac_response_keys'));
  set('passthroughRequestHeaders', readList(given, 'passthrough_request_headers'));
  set('allowedResponseHeaders', readList(given, 'allowed_response_headers'));
  const visibility = readChoice(given, 'listing_visibility', VISIBILITIES);
  set('listingVisibility', visibility as MountConfig['listingVisibility'] | null);
  const tokenType = readChoice(given, 'token_type', TOKEN_TYPES);
  set('tokenType', tokenType as MountConfig['tokenType'] | null);
  set('lockout', readLockout(given.user_lockout_config ?? null));
  return config;
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function refuseUnsupported(given: Given): void {
  for (const name of [
    'plugin_version',
    'allowed_managed_keys',
    'delegated_auth_accessors',
    'identity_token_key',
    'trim_request_trailing_slashes',
  ]) {
    if (!isNothing(given[name])) {
      throw invalidRequest(`"${name}" is not supported by this server`, 'mount-config-unsupported');
    }
  }
}

/** The `config` object of an enabling request. @throws ApiError */
export function readNewMountConfig(given: Given | null): MountConfig {
  for (const name of Object.keys(given ?? {})) {
    if (!KNOWN.has(name)) {
      throw invalidRequest('config has an unknown member', 'mount-config-unknown');
    }
  }
  return { ...DEFAULT_MOUNT_CONFIG, ...readMountConfig(given ?? {}) };
}

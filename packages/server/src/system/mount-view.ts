// How sys/ shows a mount. Nothing in a mount entry is secret.
import type { MountConfig, MountEntry } from '../core/mounts/entry.js';
import type { MountInfo } from '../framework/backend.js';
import type { JsonValue } from '../framework/json/value.js';
import type { LockoutTuning } from '../framework/lockout.js';
import type { ServerFacts } from './parts.js';

type JsonObject = { readonly [key: string]: JsonValue };

/** Token types of auth methods are never empty on the wire. */
function shownTokenType(entry: MountEntry): string {
  return entry.config.tokenType === '' ? 'default-service' : entry.config.tokenType;
}

/** Lists that were never set are left out, as Vault leaves them out. */
function optionalConfig(config: MountConfig): JsonObject {
  const shown: Record<string, JsonValue> = {};
  const lists = {
    audit_non_hmac_request_keys: config.auditNonHmacRequestKeys,
    audit_non_hmac_response_keys: config.auditNonHmacResponseKeys,
    passthrough_request_headers: config.passthroughRequestHeaders,
    allowed_response_headers: config.allowedResponseHeaders,
  };
  for (const [name, list] of Object.entries(lists)) if (list !== null) shown[name] = list;
  if (config.listingVisibility !== '') shown.listing_visibility = config.listingVisibility;
  return shown;
}

function shownOptions(entry: MountEntry): JsonValue {
  return Object.keys(entry.options).length > 0 ? entry.options : null;
}

/** Semver has one build part: the server's own makes room for the one that clients know built-in backends by. */
export function builtinVersion(facts: ServerFacts): string {
  return `v${facts.version.replace(/\+.*$/, '')}+builtin.vault`;
}

/** What was said, 0 where nothing was; as a part of the mount, and flat in tune. */
function shownLockout(lockout: LockoutTuning, prefix: string): JsonObject {
  return {
    [`${prefix}threshold`]: lockout.failuresMax ?? 0,
    [`${prefix}duration`]: lockout.lockoutSeconds ?? 0,
    [`${prefix}counter_reset_duration`]: lockout.resetSeconds ?? 0,
    [`${prefix}disable`]: lockout.disabled ?? false,
  };
}

/** As a line of sys/mounts or sys/auth. */
export function mountView(entry: MountEntry, facts: ServerFacts): JsonObject {
  const { config } = entry;
  return {
    accessor: entry.accessor,
    config: {
      default_lease_ttl: config.defaultLeaseTtlSeconds,
      max_lease_ttl: config.maxLeaseTtlSeconds,
      force_no_cache: config.forceNoCache,
      ...optionalConfig(config),
      ...(entry.kind === 'auth' ? { token_type: shownTokenType(entry) } : {}),
      ...(config.lockout === undefined
        ? {}
        : { user_lockout_config: shownLockout(config.lockout, 'lockout_') }),
    },
    deprecation_status: 'supported',
    description: entry.description,
    external_entropy_access: entry.externalEntropyAccess,
    local: entry.local,
    options: shownOptions(entry),
    plugin_version: '',
    running_plugin_version: builtinVersion(facts),
    running_sha256: '',
    seal_wrap: entry.sealWrap,
    type: entry.type,
    uuid: entry.uuid,
  };
}

/** As tune answers: effective lifetimes, configuration flat. */
export function tuneView(entry: MountEntry, info: MountInfo): JsonObject {
  return {
    default_lease_ttl: info.defaultLeaseTtlSeconds,
    max_lease_ttl: info.maxLeaseTtlSeconds,
    force_no_cache: entry.config.forceNoCache,
    description: entry.description,
    ...optionalConfig(entry.config),
    ...(entry.kind === 'auth' ? { token_type: shownTokenType(entry) } : {}),
    ...(entry.config.lockout === undefined
      ? {}
      : shownLockout(entry.config.lockout, 'user_lockout_')),
    ...(Object.keys(entry.options).length > 0 ? { options: entry.options } : {}),
  };
}

/** By path, with a trailing slash; auth methods without their 'auth/'. */
export function shownPath(entry: MountEntry): string {
  return entry.kind === 'auth' ? entry.path.slice('auth/'.length) : entry.path;
}

// How a token is shown: as `data` of a lookup and as `auth` of a creation or renewal.
import type { IssuedToken } from '../../framework/backend.js';
import { type JsonValue, RawJson } from '../../framework/json/value.js';
import { remainingSeconds, type TokenEntry } from '../entry.js';

/** RFC 3339 in UTC, as clients parse it. */
function formatInstant(at: number): string {
  return new Date(at).toISOString();
}

/**
 * The token as JSON, in a new buffer for the request to own; null when it would need escaping (an operator's own root
 * token may hold any byte), and then it is not shown.
 */
export function quoteToken(token: Buffer): Buffer | null {
  for (const byte of token) {
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return null;
  }
  return Buffer.concat([Buffer.from('"'), token, Buffer.from('"')]);
}

export interface LookupView {
  /** From quoteToken(), owned by the request; null when the token is not to be shown. */
  readonly quotedToken: Buffer | null;
  readonly identityPolicies: readonly string[];
  readonly now: number;
}

export function lookupData(
  entry: TokenEntry,
  view: LookupView,
): Readonly<Record<string, JsonValue>> {
  const issued = formatInstant(entry.createdAt);
  const renewedAt = entry.lastRenewedAt;
  return {
    id: view.quotedToken === null ? '' : new RawJson(view.quotedToken),
    accessor: entry.accessor,
    policies: entry.policies,
    path: entry.path,
    meta: Object.keys(entry.metadata).length > 0 ? entry.metadata : null,
    display_name: entry.displayName,
    num_uses: entry.usesLeft,
    orphan: entry.parentId === '',
    creation_time: Math.floor(entry.createdAt / 1000),
    creation_ttl: entry.ttlSeconds,
    expire_time: entry.expiresAt === null ? null : formatInstant(entry.expiresAt),
    ttl: remainingSeconds(entry, view.now),
    explicit_max_ttl: entry.explicitMaxTtlSeconds,
    entity_id: entry.entityId,
    type: entry.type,
    renewable: entry.renewable,
    issue_time: issued,
    ...(entry.role === '' ? {} : { role: entry.role }),
    ...(entry.periodSeconds === 0 ? {} : { period: entry.periodSeconds }),
    ...(entry.boundCidrs.length === 0 ? {} : { bound_cidrs: entry.boundCidrs }),
    ...(renewedAt === null
      ? {}
      : {
          last_renewal: formatInstant(renewedAt),
          last_renewal_time: Math.floor(renewedAt / 1000),
        }),
    ...(view.identityPolicies.length === 0 ? {} : { identity_policies: view.identityPolicies }),
  };
}

/** `token` is empty where the caller may not have it (accessor). */
export function issuedToken(
  entry: TokenEntry,
  token: Buffer,
  identityPolicies: readonly string[],
  now: number,
): IssuedToken {
  const all = [...new Set([...entry.policies, ...identityPolicies])].sort();
  return {
    clientToken: token,
    accessor: entry.accessor,
    policies: all,
    tokenPolicies: entry.policies,
    identityPolicies,
    metadata: entry.metadata,
    leaseDurationSeconds: remainingSeconds(entry, now),
    renewable: entry.renewable,
    entityId: entry.entityId,
    tokenType: entry.type,
    orphan: entry.parentId === '',
    numUses: Math.max(0, entry.usesLeft),
  };
}

// What the server remembers of a token. Never the token itself: the name is a salted hash of it.
import type { BoundKey } from '../framework/backend.js';
import { TamperingError } from '../framework/errors.js';

/** Zero durations mean "not set"; instants are milliseconds since the epoch. Replaced, never mutated. */
export interface TokenEntry {
  /** 'h' and the hex HMAC-SHA256 of the token under the store's salt. */
  readonly id: string;
  /** '' for a batch token. */
  readonly accessor: string;
  /** '' for an orphan. */
  readonly parentId: string;
  readonly type: 'service' | 'batch';
  /** Request path that made it, e.g. 'auth/userpass/login/ann'. */
  readonly path: string;
  readonly policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly displayName: string;
  /** Uses left; 0 is unlimited, SPENT is none. */
  readonly usesLeft: number;
  readonly createdAt: number;
  /** At creation; 0 never expires. */
  readonly ttlSeconds: number;
  readonly roleMaxTtlSeconds: number;
  readonly explicitMaxTtlSeconds: number;
  readonly periodSeconds: number;
  readonly renewable: boolean;
  /** Null never expires. */
  readonly expiresAt: number | null;
  readonly lastRenewedAt: number | null;
  /** Token role it was made with, or ''. */
  readonly role: string;
  readonly entityId: string;
  readonly boundCidrs: readonly string[];
  readonly boundKey: BoundKey | null;
  /** UUID of the auth mount that logged it in; '' when the token store made it. */
  readonly mountUuid: string;
  /** For that mount's `renewAuth`. */
  readonly internal: Readonly<Record<string, string>>;
  /** Being revoked: refused everywhere, only waits for what hangs on it to go. */
  readonly isRevoking: boolean;
}

/** `usesLeft` of a token whose last use has been taken. */
export const SPENT = -1;

/** Whether a request may still be made with it. */
export function isUsable(entry: TokenEntry, now: number): boolean {
  if (entry.isRevoking || entry.usesLeft === SPENT) return false;
  return entry.expiresAt === null || entry.expiresAt > now;
}

/** Seconds left, 0 for a token that never expires. */
export function remainingSeconds(entry: TokenEntry, now: number): number {
  if (entry.expiresAt === null) return 0;
  return Math.max(0, Math.ceil((entry.expiresAt - now) / 1000));
}

/** Seconds that its last renewal gave it, or its creation; 0 for a token that never expires. */
export function grantedSeconds(entry: TokenEntry): number {
  if (entry.expiresAt === null) return 0;
  return Math.round((entry.expiresAt - (entry.lastRenewedAt ?? entry.createdAt)) / 1000);
}

export function isRoot(entry: TokenEntry): boolean {
  return entry.policies.includes('root');
}

export function encodeEntry(entry: TokenEntry): Buffer {
  return Buffer.from(JSON.stringify(entry), 'utf8');
}

/**
 * Trusts its input: it was sealed by this server. The id is checked, since it is what the entry was found by.
 * @throws TamperingError when the bytes name another token
 */
export function decodeEntry(bytes: Buffer, id: string): TokenEntry {
  const entry = JSON.parse(bytes.toString('utf8')) as TokenEntry;
  if (entry.id !== id) throw new TamperingError('token entry lies under another name');
  return entry;
}

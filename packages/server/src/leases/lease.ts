// What the server remembers of a leased secret: who gave it, to which token, until when. Never the secret.

/** Zero durations mean "not set"; instants are milliseconds since the epoch. Replaced, never mutated. */
export interface Lease {
  /** Request path, '/', 24 base62 characters. */
  readonly id: string;
  readonly path: string;
  /** Token it goes with; '' for none. A batch token's leases hang on its parent. */
  readonly tokenId: string;
  readonly mountUuid: string;
  /** Comes back to the backend's renewLease and revokeLease. */
  readonly internal: Readonly<Record<string, string>>;
  readonly renewable: boolean;
  readonly issuedAt: number;
  readonly lastRenewedAt: number | null;
  readonly expiresAt: number;
  /** The grant's own maximum from issue. */
  readonly maxTtlSeconds: number;
  /** It never lasts beyond; null is no such bound. */
  readonly notAfter: number | null;
  /** Failed revocations so far. */
  readonly failures: number;
  /** Why the last revocation failed: an error code, never a message that could hold a secret. */
  readonly failureCode: string;
  /** Given up on; waits for an operator's revoke-force. */
  readonly isIrrevocable: boolean;
  /** When the expirer may look at it again: expiry, then the end of a claim or of a back-off. */
  readonly dueAt: number;
  /** Being revoked: it can not be renewed any more. */
  readonly isRevoking: boolean;
  /** Until then one worker alone may revoke it. */
  readonly claimedUntil: number;
}

/** Below what a storage key may have, with room for prefixes. */
export const LEASE_ID_BYTES_MAX = 1900;
export const FAILURES_MAX = 6;
const BACKOFF_FIRST_MS = 10_000;

/** Wait before the next attempt: 10 s, doubled with each failure. `failures` counts from 1. */
export function backoffMs(failures: number): number {
  return BACKOFF_FIRST_MS * 2 ** Math.max(0, failures - 1);
}

/** Seconds left, 0 when it has expired. */
export function remainingLeaseSeconds(lease: Lease, now: number): number {
  return Math.max(0, Math.ceil((lease.expiresAt - now) / 1000));
}

/** The last segment of the id: unique by itself, names the lease in the indexes. */
export function suffixOf(leaseId: string): string {
  return leaseId.slice(leaseId.lastIndexOf('/') + 1);
}

// Ending leases, at once or as soon as the expirer comes by.
import type { Active } from '../core/active.js';
import type { Response } from '../framework/backend.js';
import { ApiError, invalidRequest } from '../framework/errors.js';

const ACCEPTED: Response = { data: {}, outcome: 'accepted' };

/** Gone already is no error: whoever tries again after a lost answer must not fail. @throws ApiError lease-id-missing */
export async function endLease(
  active: Active,
  asked: { readonly leaseId: string; readonly isSync: boolean; readonly now: number },
): Promise<Response | null> {
  const { leaseId, isSync, now } = asked;
  if (leaseId === '') throw invalidRequest('lease_id must be specified', 'lease-id-missing');
  if ((await active.leases.find(leaseId)) === null) return isSync ? null : ACCEPTED;
  if (isSync) {
    await active.revocation.revokeLease(leaseId, now).catch(ignoreGone);
    return null;
  }
  // It ends now; the expirer, here or in another process, does the rest.
  await active.leases.renew(leaseId, 0, now).catch(ignoreGone);
  return ACCEPTED;
}

function ignoreGone(error: unknown): void {
  if (error instanceof ApiError && error.code === 'invalid-lease') return;
  throw error;
}

/** Every lease and token made below `prefix`. */
export async function endLeasesBelow(
  active: Active,
  asked: {
    readonly prefix: string;
    readonly force: boolean;
    readonly isSync: boolean;
    readonly now: number;
  },
): Promise<Response | null> {
  const { force, isSync, now } = asked;
  const prefix = asked.prefix.replace(/^\/+/, '');
  if (isSync) {
    await active.revocation.revokeBelow(prefix, now, force);
    return null;
  }
  // Each is refused or over from here on; the expirer does the rest, after a crash too.
  for await (const id of active.leases.below(prefix)) {
    await active.leases.renew(id, 0, now).catch(ignoreGone);
  }
  for await (const id of active.tokens.listByPath(prefix)) {
    await active.tokens.beginRevocation(id, now);
  }
  return ACCEPTED;
}

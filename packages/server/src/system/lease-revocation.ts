// Ending leases, at once or as soon as the expirer comes by.
import type { Active } from '../core/active.js';
import type { Response } from '../framework/backend.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { SystemParts } from './parts.js';

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

export async function endLeasesBelow(
  parts: SystemParts,
  asked: {
    readonly prefix: string;
    readonly force: boolean;
    readonly isSync: boolean;
    readonly now: number;
  },
): Promise<Response | null> {
  const { prefix, force, isSync, now } = asked;
  const ending = parts.core.active.revocation.revokeBelow(prefix.replace(/^\/+/, ''), now, force);
  if (isSync) {
    await ending;
    return null;
  }
  ending.catch((error: unknown) => parts.onFault('revocation by prefix', error));
  return ACCEPTED;
}

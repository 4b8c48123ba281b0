// A response with a lease is remembered before it is released, so that it can be revoked.
import type { LeaseGrant } from '../../framework/backend.js';
import { ApiError, invalidRequest } from '../../framework/errors.js';
import type { Exchange } from '../exchange.js';
import { noHandler } from '../mounts/router.js';

export function registerLease(exchange: Exchange): Promise<void> | undefined {
  const grant = exchange.response?.lease;
  return grant === undefined ? undefined : register(exchange, grant);
}

async function register(exchange: Exchange, grant: LeaseGrant): Promise<void> {
  const { api, active, token, route } = exchange;
  if (token === null || route === null) throw new ApiError('internal', 'a lease needs a token');
  exchange.lease = await active.registerLease(api, route.mounted, token, grant);
  const { lease } = exchange;
  // As for logins: leases of a mount on its way out may have been revoked before this one was there to be met.
  if (!(await active.mounts.isServing(route.mounted.entry))) {
    exchange.lease = null;
    await active.revocation.revokeLease(lease.id, api.now);
    throw noHandler(api.path);
  }
  if (!exchange.isLastUse) return;
  // The token ends with this request, and what it got with it: the backend has made it already.
  await active.revocation.revokeLease(lease.id, api.now);
  exchange.lease = null;
  throw invalidRequest(
    'secret cannot be returned; token had one use left, so leased credentials were immediately revoked',
    'last-use-lease',
  );
}

// Turns the grant of an auth method into a token: entity, lifetime, policies, in the order Vault applies them.
import type { AuthGrant } from '../../framework/backend.js';
import type { Exchange } from '../exchange.js';
import { type Mounted, noHandler } from '../mounts/router.js';

export function issueLogin(exchange: Exchange): Promise<void> | undefined {
  const { response, route } = exchange;
  const grant = response?.auth;
  return grant === undefined || route === null ? undefined : issue(exchange, grant, route.mounted);
}

async function issue(exchange: Exchange, grant: AuthGrant, mounted: Mounted): Promise<void> {
  const { api, active } = exchange;
  const { issued, warnings } = await active.logins.issue(grant, {
    mounted,
    path: api.path,
    now: api.now,
    own: (bytes) => api.own(bytes),
  });
  // The method may have been disabled or moved meanwhile, and its tokens revoked before this one was there to be met.
  if (!(await active.mounts.isServing(mounted.entry))) {
    await active.revocation.revokeTree(active.tokens.idOf(issued.clientToken), api.now);
    throw noHandler(api.path);
  }
  exchange.auth = issued;
  exchange.warnings.push(...warnings);
}

// Turns the grant of an auth method into a token: entity, lifetime, policies, in the order Vault applies them.
import type { Exchange } from '../exchange.js';
import { noHandler } from '../mounts/router.js';

export async function issueLogin(exchange: Exchange): Promise<void> {
  const { api, active, route } = exchange;
  const grant = exchange.response?.auth;
  if (grant === undefined || route === null) return;
  const { issued, warnings } = await active.logins.issue(grant, {
    mounted: route.mounted,
    path: api.path,
    now: api.now,
    own: (bytes) => api.own(bytes),
  });
  // The method may have been disabled or moved meanwhile, and its tokens revoked before this one was there to be met.
  if (!(await active.mounts.isServing(route.mounted.entry))) {
    await active.revocation.revokeTree(active.tokens.idOf(issued.clientToken), api.now);
    throw noHandler(api.path);
  }
  exchange.auth = issued;
  exchange.warnings.push(...warnings);
}

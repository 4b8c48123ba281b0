// Turns the grant of an auth method into a token: entity, lifetime, policies, in the order Vault applies them.
import type { Exchange } from '../exchange.js';

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
  exchange.auth = issued;
  exchange.warnings.push(...warnings);
}

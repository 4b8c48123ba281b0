// What the token backend may ask of the unsealed server.
import { andThen } from '../framework/awaitable.js';
import { ApiError, invalidRequest } from '../framework/errors.js';
import type { LoginRenewal, TokenCore } from '../tokens/backend/core-handle.js';
import type { TokenEntry } from '../tokens/entry.js';
import type { Active } from './active.js';
import { type Exchange, exchangeOf } from './exchange.js';
import { viewPrefix } from './mounts/entry.js';

export function tokenCore(
  active: () => Active,
  onFault: (what: string, error: unknown) => void,
): TokenCore {
  return {
    presentedToken(request) {
      const { token } = exchangeOf(request).api;
      if (token === null) throw new ApiError('internal', 'no token was presented');
      return token;
    },
    callerEntry: (request) => requireToken(exchangeOf(request)),
    hasSudo: async (request) => {
      const { acl, api } = exchangeOf(request);
      const capabilities = acl?.capabilities(api.path) ?? [];
      return capabilities.includes('root') || capabilities.includes('sudo');
    },
    policyExists: async (name) => (await active().policies.get(name)) !== null,
    identityPolicies: (entityId) =>
      andThen(active().entities.find(entityId), (entity) => entity?.policies ?? []),
    entityForAlias: async (request, aliasName) => {
      const { path, accessor, type } = request.mount;
      const alias = { name: aliasName, mountAccessor: accessor, mountPath: path, mountType: type };
      return (await active().entities.ensure({ ...alias, metadata: {} }, request.now)).id;
    },
    renewLogin: (entry, increment, now) => renewLogin(active(), entry, increment, now),
    revokeTree: async (tokenId, now) => {
      await active().revocation.revokeTree(tokenId, now);
    },
    revokeAndOrphan: async (tokenId, now) => {
      await active().revocation.revokeOrphan(tokenId, now);
    },
    inBackground(name, work) {
      work().catch((error) => onFault(name, error));
    },
  };
}

function requireToken(exchange: Exchange): TokenEntry {
  if (exchange.token !== null) return exchange.token;
  throw new ApiError('internal', 'no token was resolved');
}

/** The method that logged the token in has the last word; a token of a mount that is gone is not renewed. */
async function renewLogin(
  active: Active,
  entry: TokenEntry,
  incrementSeconds: number,
  now: number,
): Promise<LoginRenewal> {
  const { entries } = await active.mounts.table.current();
  const mount = entries.find((each) => each.uuid === entry.mountUuid && !each.tainted);
  if (mount === undefined) {
    throw invalidRequest('the auth method of this token is gone', 'login-mount-gone');
  }
  const { backend, info } = await active.router.mounted(mount);
  if (backend.renewAuth === undefined) {
    throw invalidRequest('the auth method of this token does not renew', 'login-not-renewable');
  }
  const renewed = await backend.renewAuth({
    storage: active.view(viewPrefix(mount)),
    mount: info,
    now,
    internal: entry.internal,
    path: entry.path,
    incrementSeconds,
    issuedAt: entry.createdAt,
  });
  const limits = {
    defaultTtlSeconds: info.defaultLeaseTtlSeconds,
    maxTtlSeconds: info.maxLeaseTtlSeconds,
  };
  return { renewed, limits };
}

// auth/token/renew, renew-self, renew-accessor: asks whoever set the token's terms what they are now, then extends it.
import type { Path, Request, Response } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import type { TokenEntry } from '../entry.js';
import {
  checkPoliciesUnchanged,
  checkRenewableToken,
  planRenewal,
  type RenewalTerms,
} from '../renewal-rules.js';
import { findByToken, getByAccessor, type NamedToken, ownToken } from './named-token.js';
import type { TokenParts } from './parts.js';
import { issuedToken } from './token-data.js';

async function loginTerms(
  parts: TokenParts,
  entry: TokenEntry,
  incrementSeconds: number,
  now: number,
): Promise<RenewalTerms> {
  const { renewed, limits } = await parts.core.renewLogin(entry, incrementSeconds, now);
  checkPoliciesUnchanged(entry, renewed.policies);
  return {
    incrementSeconds,
    roleTtlSeconds: renewed.ttlSeconds,
    roleMaxTtlSeconds: renewed.maxTtlSeconds,
    periodSeconds: renewed.periodSeconds,
    limits,
  };
}

/** Terms of a token that this backend made: its own and those of its role as it is now. */
async function ownTerms(
  parts: TokenParts,
  request: Request,
  entry: TokenEntry,
  incrementSeconds: number,
): Promise<RenewalTerms> {
  const role = entry.role === '' ? null : await parts.roles.find(entry.role);
  if (role === null && entry.role !== '') {
    throw invalidRequest('original role could not be found, not renewing', 'role-gone');
  }
  const periods = [entry.periodSeconds, role?.periodSeconds ?? 0].filter((period) => period > 0);
  return {
    incrementSeconds,
    roleTtlSeconds: null,
    roleMaxTtlSeconds: role?.explicitMaxTtlSeconds ?? 0,
    periodSeconds: periods.length === 0 ? 0 : Math.min(...periods),
    limits: {
      defaultTtlSeconds: request.mount.defaultLeaseTtlSeconds,
      maxTtlSeconds: request.mount.maxLeaseTtlSeconds,
    },
  };
}

async function renew(
  parts: TokenParts,
  request: Request,
  named: NamedToken,
  incrementSeconds: number,
): Promise<Response> {
  const { entry, token } = named;
  checkRenewableToken(entry);
  const terms =
    entry.mountUuid === ''
      ? await ownTerms(parts, request, entry, incrementSeconds)
      : await loginTerms(parts, entry, incrementSeconds, request.now);
  let warnings: readonly string[] = [];
  const renewed = await parts.store.renew(
    entry.id,
    (current) => {
      const plan = planRenewal(current, terms, request.now);
      warnings = plan.warnings;
      return plan;
    },
    request.now,
  );
  const identityPolicies = await parts.core.identityPolicies(entry.entityId);
  const bytes = token ?? Buffer.alloc(0);
  return { issued: issuedToken(renewed, bytes, identityPolicies, request.now), warnings };
}

const increment = field.duration('lifetime asked for, counted from now');

export function renewPaths(parts: TokenParts): readonly Path[] {
  return [
    path({
      pattern: 'renew-self',
      help: { synopsis: 'Renews the caller’s token.', description: '' },
      fields: { increment },
      operations: {
        update: async (request, values) =>
          await renew(parts, request, ownToken(parts, request), values.increment),
      },
    }),
    path({
      pattern: 'renew-accessor',
      help: { synopsis: 'Renews the token of an accessor.', description: '' },
      fields: { accessor: field.string('accessor of the token'), increment },
      operations: {
        update: async (request, values) => {
          const named = await getByAccessor(parts, request, values.accessor);
          return await renew(parts, request, named, values.increment);
        },
      },
    }),
    path({
      pattern: 'renew',
      help: { synopsis: 'Renews a token.', description: '' },
      fields: { token: field.bytes('token to renew'), increment },
      operations: {
        update: async (request, values) => {
          const named = await findByToken(parts, request, values.token);
          if (named === null) throw invalidRequest('token not found', 'token-not-found');
          return await renew(parts, request, named, values.increment);
        },
      },
    }),
  ];
}

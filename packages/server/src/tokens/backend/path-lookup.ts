// auth/token/lookup, lookup-self, lookup-accessor: what a token is. Only who has the token sees the token.
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import type { Path, Request, Response } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import { findByToken, getByAccessor, type NamedToken, ownToken } from './named-token.js';
import type { TokenParts } from './parts.js';
import { lookupData, quoteToken } from './token-data.js';

function answer(parts: TokenParts, request: Request, named: NamedToken): Awaitable<Response> {
  return andThen(parts.core.identityPolicies(named.entry.entityId), (identityPolicies) => {
    const quoted = named.token === null ? null : quoteToken(named.token);
    const data = lookupData(named.entry, {
      quotedToken: quoted === null ? null : request.own(quoted),
      identityPolicies,
      now: request.now,
    });
    return { data };
  });
}

export function lookupPaths(parts: TokenParts): readonly Path[] {
  const self = (request: Request): Awaitable<Response> =>
    answer(parts, request, ownToken(parts, request));
  return [
    path({
      pattern: 'lookup-self',
      help: { synopsis: 'Shows the caller’s token.', description: '' },
      fields: {},
      effectless: ['read', 'update'],
      operations: { read: self, update: self },
    }),
    path({
      pattern: 'lookup',
      help: { synopsis: 'Shows a token.', description: 'Without one: the caller’s.' },
      fields: { token: field.bytes('token to show') },
      operations: {
        read: self,
        update: async (request, { token }) => {
          if (token === null || token.length === 0) return await self(request);
          const named = await findByToken(parts, request, token);
          if (named === null) {
            throw new ApiError('permission-denied', 'bad token', { code: 'bad-token' });
          }
          return await answer(parts, request, named);
        },
      },
    }),
    path({
      pattern: 'lookup-accessor',
      help: { synopsis: 'Shows the token of an accessor.', description: 'Not its bytes.' },
      fields: { accessor: field.string('accessor of the token') },
      operations: {
        update: async (request, { accessor }) =>
          await answer(parts, request, await getByAccessor(parts, request, accessor)),
      },
    }),
  ];
}

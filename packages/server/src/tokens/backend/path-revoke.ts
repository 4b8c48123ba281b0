// auth/token/revoke*, each of which answers only when the token and all below it are refused everywhere.
import type { Path, Request } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import { findByToken, refuseBatch } from './named-token.js';
import type { TokenParts } from './parts.js';

const token = field.bytes('token to revoke');

/** A token that is gone has been revoked: asking again is no error. */
async function revokeToken(
  parts: TokenParts,
  request: Request,
  bytes: Buffer | null,
): Promise<null> {
  const named = await findByToken(parts, request, bytes);
  if (bytes !== null) refuseBatch(bytes);
  if (named !== null) await parts.core.revokeTree(named.entry.id, request.now);
  return null;
}

export function revokePaths(parts: TokenParts): readonly Path[] {
  const { core } = parts;
  return [
    path({
      pattern: 'revoke-self',
      help: { synopsis: 'Revokes the caller’s token and all below it.', description: '' },
      fields: {},
      operations: {
        update: async (request) => {
          refuseBatch(core.presentedToken(request));
          await core.revokeTree(core.callerEntry(request).id, request.now);
          return null;
        },
      },
    }),
    path({
      pattern: 'revoke-accessor',
      help: { synopsis: 'Revokes the token of an accessor and all below it.', description: '' },
      fields: { accessor: field.string('accessor of the token') },
      operations: {
        update: async (request, { accessor }) => {
          if (accessor === '') throw invalidRequest('missing accessor', 'accessor-missing');
          const entry = await parts.store.lookupByAccessor(accessor, request.now);
          // Gone is gone: asking again is no error.
          if (entry === null) return { warnings: ['No token found with this accessor'] };
          await core.revokeTree(entry.id, request.now);
          return null;
        },
      },
    }),
    path({
      pattern: 'revoke-orphan',
      help: { synopsis: 'Revokes a token and keeps its children.', description: 'Needs sudo.' },
      fields: { token },
      sudo: true,
      operations: {
        update: async (request, values) => {
          if (!(await core.hasSudo(request))) {
            throw invalidRequest(
              'root or sudo privileges required to revoke and orphan',
              'sudo-needed',
            );
          }
          const named = await findByToken(parts, request, values.token);
          if (values.token !== null) refuseBatch(values.token);
          if (named === null) throw invalidRequest('token not found', 'token-not-found');
          await core.revokeAndOrphan(named.entry.id, request.now);
          return null;
        },
      },
    }),
    path({
      pattern: 'revoke',
      help: { synopsis: 'Revokes a token and all below it.', description: '' },
      fields: { token },
      operations: {
        update: async (request, values) => await revokeToken(parts, request, values.token),
      },
    }),
  ];
}

// What a token may do on given paths: the caller's own, another one, or one named by its accessor.
import { exchangeOf } from '../core/exchange.js';
import { aclOf } from '../core/steps/resolve-token.js';
import type { Path, Request, Response } from '../framework/backend.js';
import { ApiError, asMultiError, invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { Acl } from '../policy/acl.js';
import type { TokenEntry } from '../tokens/entry.js';
import type { SystemParts } from './parts.js';

const PATHS_MAX = 1000;
/** Longer ones are no paths of any request. */
const PATH_LENGTH_MAX = 4096;
const PATH_FIELDS = {
  paths: field.stringList('paths to ask about'),
  path: field.stringList('same as paths'),
} as const;

interface Asked {
  readonly paths: readonly string[];
  readonly path: readonly string[];
}

function answer(acl: Acl, asked: Asked): Response {
  const paths = asked.paths.length > 0 ? asked.paths : asked.path;
  if (paths.length === 0) throw invalidRequest('paths must be supplied', 'paths-missing');
  if (paths.length > PATHS_MAX) {
    throw invalidRequest(`more than ${PATHS_MAX} paths`, 'paths-too-many');
  }
  if (paths.some((each) => each.length > PATH_LENGTH_MAX)) {
    throw invalidRequest(`a path is longer than ${PATH_LENGTH_MAX} bytes`, 'path-too-long');
  }
  const data = Object.create(null) as Record<string, JsonValue>;
  for (const each of paths) data[each] = acl.capabilities(each.replace(/^\/+/, ''));
  const [only] = paths;
  if (paths.length === 1 && only !== undefined) data.capabilities = data[only] ?? [];
  return { data, legacyTopLevel: true };
}

/** The ACL of this request's caller. */
export function callerAcl(request: Request): Acl {
  const { acl } = exchangeOf(request);
  if (acl === null) throw new ApiError('internal', 'no token was resolved');
  return acl;
}

/** The ACL of another token. @throws ApiError accessor-unknown */
export async function aclOfAccessor(
  parts: SystemParts,
  accessor: string,
  now: number,
): Promise<Acl> {
  const entry = await parts.core.active.tokens.lookupByAccessor(accessor, now);
  if (entry === null) throw invalidRequest(asMultiError('invalid accessor'), 'accessor-unknown');
  return await aclOfEntry(parts, entry);
}

async function aclOfEntry(parts: SystemParts, entry: TokenEntry): Promise<Acl> {
  const { active } = parts.core;
  return await aclOf(active, entry, await active.entities.find(entry.entityId));
}

export function capabilityPaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'capabilities-self',
      help: { synopsis: 'What the caller may do on paths.', description: '' },
      fields: { ...PATH_FIELDS, token: field.bytes('ignored: the caller’s') },
      operations: { update: async (request, values) => answer(callerAcl(request), values) },
    }),
    path({
      pattern: 'capabilities',
      help: { synopsis: 'What a token may do on paths.', description: '' },
      fields: { ...PATH_FIELDS, token: field.bytes('the token') },
      operations: {
        update: async (request, values) => {
          const { token } = values;
          if (token === null || token.length === 0) {
            throw invalidRequest('missing "token" value in input', 'token-missing');
          }
          const entry = await parts.core.active.tokens.lookup(request.own(token), request.now);
          if (entry === null) throw invalidRequest(asMultiError('invalid token'), 'token-unknown');
          return answer(await aclOfEntry(parts, entry), values);
        },
      },
    }),
    path({
      pattern: 'capabilities-accessor',
      help: { synopsis: 'What the token of an accessor may do on paths.', description: '' },
      fields: { ...PATH_FIELDS, accessor: field.string('accessor of the token') },
      operations: {
        update: async ({ now }, values) =>
          answer(await aclOfAccessor(parts, values.accessor, now), values),
      },
    }),
  ];
}

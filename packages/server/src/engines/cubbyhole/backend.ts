// Storage that belongs to one token and goes with it. Nobody else can name it: paths hang on the caller's token id, which
// never comes from the request.
import type { Caller, Factory, Path, Request, Response } from '../../framework/backend.js';
import { ApiError, badToken, invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { folderOf, listingFields, listKeys, scanKeys } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import type { Storage } from '../../framework/storage.js';
import { requireBodyObject, storedMembers } from '../../framework/stored-object.js';

const TOKENS_FOLDER = 'tokens/';
const KEYS_PER_COMMIT = 500;

/** A segment of a storage key: anything else could reach into another token's folder. */
function folderOfToken(tokenId: string): string {
  if (!/^[A-Za-z0-9._=-]{1,128}$/.test(tokenId) || tokenId === '.' || tokenId === '..') {
    throw new ApiError('internal', 'token id cannot name a cubbyhole', {
      code: 'token-id-invalid',
    });
  }
  return `${TOKENS_FOLDER}${tokenId}/`;
}

/** @throws ApiError for callers that nothing can hang on: none, and batch tokens, which are not stored. */
function requireFolder(caller: Caller | null): string {
  if (caller === null) throw badToken();
  if (caller.tokenType !== 'service') {
    throw invalidRequest(
      'cubbyhole operations are only supported by "service" type tokens',
      'cubbyhole-token-type',
    );
  }
  return folderOfToken(caller.tokenId);
}

function requireKey(request: Request, name: string): string {
  const folder = requireFolder(request.caller);
  if (name === '' || name.endsWith('/')) throw invalidRequest('missing path', 'path-missing');
  return folder + name;
}

async function write(request: Request, name: string): Promise<null> {
  const key = requireKey(request, name);
  await request.storage.commit([{ put: key, value: requireBodyObject(request) }], []);
  return null;
}

async function list(
  request: Request,
  values: { readonly path: string; readonly after: string; readonly limit: number },
  names: typeof listKeys,
): Promise<Response | null> {
  const folder = requireFolder(request.caller) + folderOf(values.path);
  const keys = await names(request.storage, folder, values);
  return keys.length === 0 ? null : { data: { keys } };
}

function cubbyholePath(): Path {
  return path({
    pattern: ':path*',
    help: {
      synopsis: 'Keeps values for the token that writes them.',
      description:
        'A value is any JSON object. Only the same token can read it, and it is deleted with the token.',
    },
    fields: {
      path: field.string('Name of the key, or of the folder to list.'),
      ...listingFields,
    },
    exists: async (request, values) =>
      values.path !== '' &&
      !values.path.endsWith('/') &&
      (await request.storage.get(requireKey(request, values.path))) !== null,
    operations: {
      read: async (request, values) => {
        const entry = await request.storage.get(requireKey(request, values.path));
        return entry === null ? null : { data: storedMembers(entry.value) };
      },
      create: (request, values) => write(request, values.path),
      update: (request, values) => write(request, values.path),
      delete: async (request, values) => {
        await request.storage.commit([{ delete: requireKey(request, values.path) }], []);
        return null;
      },
      list: (request, values) => list(request, values, listKeys),
      scan: (request, values) => list(request, values, scanKeys),
    },
  });
}

/** Deletes everything of one token, in bounded commits; safe to run again after a crash. */
async function revokeToken(storage: Storage, tokenId: string): Promise<void> {
  const folder = folderOfToken(tokenId);
  for (;;) {
    const keys = await scanKeys(storage, folder, { after: '', limit: KEYS_PER_COMMIT });
    if (keys.length === 0) return;
    await storage.commit(
      keys.map((key) => ({ delete: folder + key })),
      [],
    );
  }
}

/** The engine behind cubbyhole/: one per server, made at start. */
export const cubbyholeFactory: Factory = async () => ({
  kind: 'secret',
  type: 'cubbyhole',
  help: 'Private storage of each token, destroyed when the token is.',
  paths: [cubbyholePath()],
  revokeToken,
});

// KV v1: one value per key, any JSON object, kept as the bytes it came as. No versions, no metadata.
import type { Backend, Path, Request, Response } from '../../framework/backend.js';
import { parseDurationSeconds } from '../../framework/duration.js';
import { ApiError, invalidRequest, StorageConflict } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { parseRawJson } from '../../framework/json/decode.js';
import type { RawJson } from '../../framework/json/value.js';
import { folderOf, listingFields, listKeys, scanKeys } from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import type { Storage, Write } from '../../framework/storage.js';
import { requireBodyObject, storedMembers } from '../../framework/stored-object.js';
import { LAYOUT_KEY } from './key-store.js';
import { isKey, requireKey } from './require-key.js';
import { checkVersionOption } from './version-option.js';

/** Where v1 keeps its values; whatever is left here when the mount is v2 still has to be upgraded. */
export const V1_FOLDER = 'data/';
const DURATION_BYTES_MAX = 64;
const ATTEMPTS_MAX = 8;

/** Vault's text, which tools recognise and wait on. */
export function upgrading(): ApiError {
  return invalidRequest(
    'Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will ' +
      'resume service shortly.',
    'kv-upgrading',
  );
}

/**
 * Writes only while the view is v1's. Another process may have begun the upgrade without this one knowing yet: what
 * is written behind its back would never be seen again.
 */
async function commit(storage: Storage, write: Write): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    try {
      await storage.commit([write], [{ key: LAYOUT_KEY, version: null }]);
      return;
    } catch (error) {
      if (!(error instanceof StorageConflict)) throw error;
    }
    if ((await storage.get(LAYOUT_KEY)) !== null) throw upgrading();
  }
  throw new ApiError('unavailable', 'too many concurrent writes: try again', {
    code: 'write-contention',
  });
}

/** Seconds after which the writer wants the value read again: its own "ttl" or "lease", else the mount's. */
function leaseDuration(members: Readonly<Record<string, RawJson>>, mountSeconds: number): number {
  const wish = members.ttl ?? members.lease;
  if (wish === undefined || wish.bytes.length > DURATION_BYTES_MAX) return mountSeconds;
  const value = parseRawJson(wish);
  if (typeof value !== 'string' && typeof value !== 'number') return mountSeconds;
  return parseDurationSeconds(value) ?? mountSeconds;
}

async function read(request: Request, key: string): Promise<Response | null> {
  if (!isKey(key)) return null;
  const entry = await request.storage.get(V1_FOLDER + key);
  if (entry === null) {
    if ((await request.storage.get(LAYOUT_KEY)) !== null) throw upgrading();
    return null;
  }
  const data = storedMembers(entry.value);
  const seconds = leaseDuration(data, request.mount.defaultLeaseTtlSeconds);
  return { data, leaseDurationSeconds: seconds };
}

async function write(request: Request, key: string): Promise<null> {
  await commit(request.storage, { put: V1_FOLDER + key, value: requireBodyObject(request) });
  return null;
}

function v1Path(): Path {
  return path({
    pattern: ':path*',
    help: {
      synopsis: 'Reads, writes, deletes and lists values.',
      description: 'A value is any JSON object; it is kept as it comes and given back as it is.',
    },
    fields: {
      path: field.string('Name of the key, or of the folder to list.'),
      ...listingFields,
    },
    exists: async (request, values) =>
      values.path !== '' && (await request.storage.get(V1_FOLDER + values.path)) !== null,
    operations: {
      read: (request, values) => read(request, values.path),
      create: (request, values) => write(request, requireKey(values.path)),
      update: (request, values) => write(request, requireKey(values.path)),
      delete: async (request, values) => {
        await commit(request.storage, { delete: V1_FOLDER + requireKey(values.path) });
        return null;
      },
      list: async (request, values) => {
        const folder = V1_FOLDER + folderOf(values.path);
        const keys = await listKeys(request.storage, folder, values);
        return keys.length === 0 ? null : { data: { keys } };
      },
      scan: async (request, values) => {
        const folder = V1_FOLDER + folderOf(values.path);
        const keys = await scanKeys(request.storage, folder, values);
        return keys.length === 0 ? null : { data: { keys } };
      },
    },
  });
}

export function unversionedBackend(): Backend {
  return {
    kind: 'secret',
    type: 'kv',
    help: 'Keeps JSON objects under names of your choice. Without versions: a write replaces what was there.',
    paths: [v1Path()],
    tune: async (_, options) => checkVersionOption(options),
  };
}

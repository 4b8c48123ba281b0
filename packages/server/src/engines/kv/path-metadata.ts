// KV v2's metadata/ and detailed-metadata/: what is known about a key, and which keys there are.
import type { Path, Request, Response } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import type { JsonValue } from '../../framework/json/value.js';
import {
  folderOf,
  type Listing,
  listingFields,
  listKeys,
  scanKeys,
} from '../../framework/listing.js';
import { path } from '../../framework/path.js';
import { type KeyStore, METADATA_FOLDER } from './key-store.js';
import { type KeyMetadata, type KvConfig, metadataAnswer, newMetadata } from './metadata.js';
import { isKey, requireKey } from './require-key.js';
import { checkCustomMetadata, checkMaxVersions, resettable, signedDuration } from './settings.js';

/** Metadata of so many keys is fetched at once, and so many keys may be listed in detail. */
const DETAIL_BATCH = 500;
const DETAILED_KEYS_MAX = 10_000;

interface Settings {
  readonly max_versions: number | null | 'reset';
  readonly cas_required: boolean | null | 'reset';
  readonly metadata_cas_required: boolean | null | 'reset';
  readonly delete_version_after: number | null | 'reset';
  readonly custom_metadata: Readonly<Record<string, unknown>> | null | 'reset';
  readonly metadata_cas: number | null;
}

function isEmpty(settings: Settings): boolean {
  return (
    settings.max_versions === null &&
    settings.cas_required === null &&
    settings.metadata_cas_required === null &&
    settings.delete_version_after === null &&
    settings.custom_metadata === null
  );
}

/** `given` where it was given, the default where it was reset, else what was there. */
function chosen<T>(given: T | null | 'reset', before: T, reset: T): T {
  if (given === null) return before;
  return given === 'reset' ? reset : given;
}

function checkMetadataCas(cas: number | null, before: KeyMetadata | null, config: KvConfig): void {
  if (cas === null) {
    if (!config.metadataCasRequired && !(before?.metadataCasRequired ?? false)) return;
    throw invalidRequest(
      'metadata check-and-set parameter required for this call',
      'kv-metadata-cas-required',
    );
  }
  if (before === null && cas !== 0) {
    throw invalidRequest(
      'metadata_cas must be 0 when creating new metadata',
      'kv-metadata-cas-mismatch',
    );
  }
  if (before !== null && cas !== before.metadataVersion) {
    throw invalidRequest(
      'metadata check-and-set parameter does not match the current version',
      'kv-metadata-cas-mismatch',
    );
  }
}

/** A patch merges and removes what is null; a write replaces the whole map. */
function customMetadata(
  given: Settings['custom_metadata'],
  before: KeyMetadata,
  isPatch: boolean,
): Readonly<Record<string, string>> | null {
  if (given === null) return before.customMetadata;
  if (given === 'reset') return null;
  const merged = new Map<string, unknown>(
    isPatch ? Object.entries(before.customMetadata ?? {}) : [],
  );
  for (const [key, value] of Object.entries(given)) {
    if (value === null && isPatch) merged.delete(key);
    else merged.set(key, value);
  }
  const checked = checkCustomMetadata(Object.fromEntries(merged));
  return Object.keys(checked).length === 0 ? null : checked;
}

function changed(
  before: KeyMetadata,
  settings: Settings,
  isPatch: boolean,
  now: number,
): KeyMetadata {
  return {
    ...before,
    maxVersions: chosen(settings.max_versions, before.maxVersions, 0),
    casRequired: chosen(settings.cas_required, before.casRequired, false),
    metadataCasRequired: chosen(settings.metadata_cas_required, before.metadataCasRequired, false),
    deleteVersionAfterSeconds: chosen(
      settings.delete_version_after,
      before.deleteVersionAfterSeconds,
      0,
    ),
    customMetadata: customMetadata(settings.custom_metadata, before, isPatch),
    metadataVersion: before.metadataVersion + 1,
    updatedTime: now,
  };
}

function ignored(settings: Settings, config: KvConfig): readonly string[] {
  const text = (name: string) =>
    `"${name}" set to false, but is mandated by backend config. This value will be ignored.`;
  const warnings: string[] = [];
  if (settings.cas_required === false && config.casRequired) warnings.push(text('cas_required'));
  if (settings.metadata_cas_required === false && config.metadataCasRequired) {
    warnings.push(text('metadata_cas_required'));
  }
  return warnings;
}

async function write(
  store: KeyStore,
  request: Request,
  key: string,
  settings: Settings,
  isPatch: boolean,
): Promise<Response | null> {
  if (typeof settings.max_versions === 'number') checkMaxVersions(settings.max_versions);
  if (typeof settings.delete_version_after === 'number' && settings.delete_version_after < 0) {
    throw invalidRequest('delete_version_after cannot be negative', 'field-invalid');
  }
  if (isEmpty(settings) && !isPatch) return null;
  let missing = false;
  const done = await store.change(request.storage, key, async (state) => {
    missing = isPatch && state === null;
    if (missing || isEmpty(settings)) return null;
    const config = await store.config(request.storage);
    checkMetadataCas(settings.metadata_cas, state?.metadata ?? null, config);
    const before = state?.metadata ?? newMetadata(request.now);
    const next = changed(before, settings, isPatch, request.now);
    return { next, values: [], dropped: [], result: ignored(settings, config) };
  });
  if (missing) return { outcome: 'missing' };
  return done === null || done.length === 0 ? null : { warnings: done };
}

/** The key with all its versions, in one commit. */
async function remove(store: KeyStore, request: Request, key: string): Promise<null> {
  return await store.change(request.storage, key, async (state) => {
    if (state === null) return null;
    const dropped = state.metadata.versions
      .filter((version) => !version.destroyed)
      .map((version) => version.number);
    return { next: null, values: [], dropped, result: null };
  });
}

type Names = typeof listKeys;

async function list(
  request: Request,
  folder: string,
  page: Listing,
  names: Names,
): Promise<Response | null> {
  const keys = await names(request.storage, METADATA_FOLDER + folderOf(folder), page);
  return keys.length === 0 ? null : { data: { keys } };
}

async function listDetailed(
  store: KeyStore,
  request: Request,
  folder: string,
  page: Listing,
  names: Names,
): Promise<Response | null> {
  const keys = await names(request.storage, METADATA_FOLDER + folderOf(folder), page);
  if (keys.length === 0) return null;
  if (keys.length > DETAILED_KEYS_MAX) {
    throw invalidRequest(
      'too many keys for one answer: page with "after" and "limit"',
      'list-large',
    );
  }
  const paths = keys.filter((key) => !key.endsWith('/'));
  const info = Object.create(null) as Record<string, JsonValue>;
  for (let at = 0; at < paths.length; at += DETAIL_BATCH) {
    const batch = paths.slice(at, at + DETAIL_BATCH);
    const whole = batch.map((key) => folderOf(folder) + key);
    const found = await store.findMany(request.storage, whole);
    batch.forEach((key, index) => {
      const metadata = found.get(whole[index] ?? '');
      if (metadata !== undefined) info[key] = metadataAnswer(metadata);
    });
  }
  return { data: { keys, key_info: info } };
}

const listFields = {
  path: field.string('Name of the key, or of the folder to list.'),
  ...listingFields,
};

export function metadataPath(store: KeyStore): Path {
  return path({
    pattern: 'metadata/:path*',
    help: {
      synopsis: 'Reads, changes and deletes what is known about a key; lists keys.',
      description: 'Deleting the metadata deletes the key with all its versions for good.',
    },
    fields: {
      ...listFields,
      max_versions: resettable(field.optionalInteger('How many versions to keep; 0: the mount’s.')),
      cas_required: resettable(
        field.optionalBoolean('Whether writes of this key must carry options.cas.'),
      ),
      metadata_cas_required: resettable(
        field.optionalBoolean('Whether changes of this metadata must carry metadata_cas.'),
      ),
      delete_version_after: resettable(
        signedDuration('Time after which a version is deleted; 0: the mount’s.'),
      ),
      custom_metadata: resettable(field.map('Names and values to keep with the key.')),
      metadata_cas: field.optionalInteger('Change only if this is current_metadata_version.'),
    },
    exists: async (request, { path: key }) =>
      key !== '' && (await store.find(request.storage, key)) !== null,
    operations: {
      read: async (request, values) => {
        if (!isKey(values.path)) return null;
        const state = await store.find(request.storage, values.path);
        return state === null ? null : { data: metadataAnswer(state.metadata) };
      },
      create: (request, values) => write(store, request, requireKey(values.path), values, false),
      update: (request, values) => write(store, request, requireKey(values.path), values, false),
      patch: (request, values) => write(store, request, requireKey(values.path), values, true),
      delete: (request, values) => remove(store, request, requireKey(values.path)),
      list: (request, values) => list(request, values.path, values, listKeys),
      scan: (request, values) => list(request, values.path, values, scanKeys),
    },
  });
}

export function detailedMetadataPath(store: KeyStore): Path {
  return path({
    pattern: 'detailed-metadata/:path*',
    help: {
      synopsis: 'Lists keys together with their metadata.',
      description: 'key_info holds for each key what reading metadata/ would give.',
    },
    fields: listFields,
    operations: {
      list: (request, values) => listDetailed(store, request, values.path, values, listKeys),
      scan: (request, values) => listDetailed(store, request, values.path, values, scanKeys),
    },
  });
}

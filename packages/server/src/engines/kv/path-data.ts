// KV v2's data/ and subkeys/: reading and writing values. A value is one JSON object whose bytes are kept as they came.
import { type Awaitable, andThen } from '../../framework/awaitable.js';
import type { Path, Request, Response } from '../../framework/backend.js';
import { ApiError, invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { parseRawJson } from '../../framework/json/decode.js';
import { mergePatchJson, subkeysJson } from '../../framework/json/tree.js';
import type { JsonValue, RawJson } from '../../framework/json/value.js';
import { path } from '../../framework/path.js';
import type { KeyState, KeyStore } from './key-store.js';
import {
  addVersion,
  findVersion,
  isDeleted,
  type KeyMetadata,
  type KvConfig,
  newMetadata,
  versionAnswer,
} from './metadata.js';
import { isKey, requireKey } from './require-key.js';

const OBJECT_START = 0x7b;
const LETTER_N = 0x6e;

/** The member `data`. Messages as Vault words them where it has words. */
function requireObject(data: RawJson | null): RawJson {
  if (data === null || data.bytes[0] === LETTER_N) {
    throw invalidRequest('no data provided', 'kv-no-data');
  }
  if (data.bytes[0] !== OBJECT_START) {
    throw invalidRequest('field "data" is not valid: want an object', 'field-invalid');
  }
  return data;
}

/** `options.cas`; null when not given. */
function findCas(options: RawJson | null): number | null {
  const parsed = options === null ? null : parseRawJson(options);
  if (parsed === null) return null;
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw invalidRequest('field "options" is not valid: want an object', 'field-invalid');
  }
  const cas = (parsed as Readonly<Record<string, unknown>>).cas;
  if (cas === undefined || cas === null) return null;
  const number = typeof cas === 'string' && /^\d{1,15}$/.test(cas) ? Number(cas) : cas;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw invalidRequest('error parsing check-and-set parameter', 'kv-cas-invalid');
}

function checkCas(cas: number | null, state: KeyState | null, config: KvConfig): void {
  if (cas === null) {
    if (!config.casRequired && !(state?.metadata.casRequired ?? false)) return;
    throw invalidRequest('check-and-set parameter required for this call', 'kv-cas-required');
  }
  if (cas !== (state?.metadata.currentVersion ?? 0)) {
    throw invalidRequest(
      'check-and-set parameter did not match the current version',
      'kv-cas-mismatch',
    );
  }
}

function written(metadata: KeyMetadata): Response {
  const version = findVersion(metadata, 0);
  if (version === null) throw new ApiError('internal', 'the version just written is missing');
  return { data: versionAnswer(version, metadata) };
}

/** 404 with a body that says what happened to the version. */
function gone(name: 'data' | 'subkeys', about: JsonValue): Response {
  return { outcome: 'missing', data: { [name]: null, metadata: about } };
}

/** Stores one more version and drops those that must make room, in one commit. */
function addition(state: KeyState | null, config: KvConfig, now: number, value: Buffer) {
  const before = state?.metadata ?? newMetadata(now);
  const { metadata, pruned } = addVersion(before, config, now);
  return {
    next: metadata,
    values: [{ number: metadata.currentVersion, value }],
    dropped: pruned.filter((version) => !version.destroyed).map((version) => version.number),
    result: written(metadata),
  };
}

async function write(
  store: KeyStore,
  request: Request,
  key: string,
  input: { readonly data: RawJson | null; readonly options: RawJson | null },
): Promise<Response | null> {
  const { storage, now } = request;
  const data = requireObject(input.data);
  const cas = findCas(input.options);
  return await store.change(storage, key, async (state) => {
    const config = await store.config(storage);
    checkCas(cas, state, config);
    return addition(state, config, now, data.bytes);
  });
}

async function patch(
  store: KeyStore,
  request: Request,
  key: string,
  input: { readonly data: RawJson | null; readonly options: RawJson | null },
): Promise<Response> {
  const { storage, now } = request;
  const data = requireObject(input.data);
  const cas = findCas(input.options);
  let missing: Response = { outcome: 'missing' };
  const done = await store.change(storage, key, async (state) => {
    const current = state === null ? null : findVersion(state.metadata, 0);
    if (state === null || current === null) return null;
    if (current.destroyed || isDeleted(current, now)) {
      missing = { outcome: 'missing', data: versionAnswer(current, state.metadata) };
      return null;
    }
    const config = await store.config(storage);
    checkCas(cas, state, config);
    const before = await store.valueAt(storage, key, state, current.number);
    const merged = request.own(mergePatchJson(before, data).bytes);
    return addition(state, config, now, merged);
  });
  return done ?? missing;
}

function read(
  store: KeyStore,
  request: Request,
  key: string,
  number: number,
): Awaitable<Response | null> {
  if (!isKey(key)) return null;
  return andThen(store.read(request.storage, key, number, request.now), (found) => {
    if (found === null) return null;
    const { value: data, about } = found;
    return data === null ? gone('data', about) : { data: { data, metadata: about } };
  });
}

/** Soft delete of the current version; nothing to do is no error. */
async function softDelete(store: KeyStore, request: Request, key: string): Promise<null> {
  const { now } = request;
  return await store.change(request.storage, key, async (state) => {
    const current = state === null ? null : findVersion(state.metadata, 0);
    if (state === null || current === null) return null;
    if (current.destroyed || isDeleted(current, now)) return null;
    const versions = state.metadata.versions.map((version) =>
      version === current ? { ...version, deletionTime: now } : version,
    );
    return { next: { ...state.metadata, versions }, values: [], dropped: [], result: null };
  });
}

export function dataPath(store: KeyStore): Path {
  return path({
    pattern: 'data/:path*',
    help: {
      synopsis: 'Reads, writes, patches and deletes the value of a key.',
      description:
        'Every write makes a new version. "options.cas" writes only if the current version is the one given; 0 means ' +
        'that the key must not exist.',
    },
    fields: {
      path: field.string('Name of the key.'),
      version: field.integer('Version to read; 0 is the current one.'),
      data: field.raw('The value: a JSON object, stored as it comes.'),
      options: field.raw('Options of a write: {"cas": number}.'),
    },
    exists: (request, { path: key }) =>
      key !== '' && andThen(store.find(request.storage, key), (state) => state !== null),
    effectless: ['read'],
    operations: {
      read: (request, values) => read(store, request, values.path, values.version),
      create: (request, values) => write(store, request, requireKey(values.path), values),
      update: (request, values) => write(store, request, requireKey(values.path), values),
      patch: (request, values) => patch(store, request, requireKey(values.path), values),
      delete: (request, values) => softDelete(store, request, requireKey(values.path)),
    },
  });
}

export function subkeysPath(store: KeyStore): Path {
  return path({
    pattern: 'subkeys/:path*',
    help: {
      synopsis: 'Shows the structure of a value.',
      description: 'The same tree of names with every value replaced by null.',
    },
    fields: {
      path: field.string('Name of the key.'),
      version: field.integer('Version to read; 0 is the current one.'),
      depth: field.integer('Deepest level to show; 0 shows all.'),
    },
    effectless: ['read'],
    operations: {
      read: async (request, values) => {
        if (values.depth < 0) {
          throw invalidRequest('field "depth" is not valid: want 0 or more', 'field-invalid');
        }
        const { path: key, version: number } = values;
        if (!isKey(key)) return null;
        const found = await store.read(request.storage, key, number, request.now);
        if (found === null) return null;
        const { value, about } = found;
        if (value === null) return gone('subkeys', about);
        return { data: { subkeys: subkeysJson(value, values.depth), metadata: about } };
      },
    },
  });
}

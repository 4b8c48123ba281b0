// Calls a backend as core does, for engines' own tests: first matching path, existence check, handler.
import type {
  Backend,
  Caller,
  Connection,
  MountInfo,
  Operation,
  Request,
  Response,
} from '../backend.js';
import { ApiError } from '../errors.js';
import type { RawField } from '../field.js';
import { encodeJson } from '../json/encode.js';
import { DEFAULT_JSON_LIMITS, scanJsonObject } from '../json/scan.js';
import type { Storage } from '../storage.js';

export const TEST_MOUNT: MountInfo = {
  path: 'secret/',
  uuid: '11111111-2222-3333-4444-555555555555',
  accessor: 'kv_0a1b2c3d',
  type: 'kv',
  options: {},
  defaultLeaseTtlSeconds: 2_764_800,
  maxLeaseTtlSeconds: 2_764_800,
};

export const TEST_CALLER: Caller = {
  tokenId: 'h0123456789abcdef',
  accessor: 'accessor-1',
  displayName: 'token',
  policies: ['default'],
  entityId: '',
  tokenType: 'service',
  isRoot: false,
  metadata: {},
};

export interface Call {
  readonly backend: Backend;
  readonly storage: Storage;
  readonly path: string;
  /** 'write' is create or update, as the existence check says. */
  readonly operation: Operation | 'write';
  readonly body?: string | Buffer;
  readonly query?: Readonly<Record<string, string>>;
  readonly now?: number;
  readonly caller?: Caller | null;
  readonly mount?: MountInfo;
  readonly connection?: Connection;
}

/** @property owned what the handler gave to `request.own`. @property operation what 'write' became. */
export interface CallResult {
  readonly response: Response | null;
  readonly owned: readonly Uint8Array[];
  readonly operation: Operation;
}

/** @throws what the handler throws; ApiError unsupported-path when no path matches. */
export async function call(options: Call): Promise<CallResult> {
  const owned: Uint8Array[] = [];
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body;
  const fields = new Map<string, RawField>();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    fields.set(name, { kind: 'text', value });
  }
  if (body !== undefined) {
    for (const [name, value] of scanJsonObject(body, DEFAULT_JSON_LIMITS)) {
      fields.set(name, { kind: 'json', value });
    }
  }
  const route = options.backend.paths
    .map((path) => ({ path, parameters: path.match(options.path) }))
    .find(({ parameters }) => parameters !== null);
  if (route === undefined) throw new ApiError('unsupported-path', 'unsupported path');
  for (const [name, value] of Object.entries(route.parameters ?? {})) {
    fields.set(name, { kind: 'text', value });
  }
  const base: Request = {
    id: '00000000-0000-0000-0000-000000000001',
    operation: options.operation === 'write' ? 'update' : options.operation,
    path: options.path,
    mount: options.mount ?? TEST_MOUNT,
    storage: options.storage,
    now: options.now ?? 1_700_000_000_000,
    ...(body === undefined ? {} : { body }),
    caller: options.caller === undefined ? TEST_CALLER : options.caller,
    connection: options.connection ?? { remoteAddress: '127.0.0.1', remotePort: 1, tls: null },
    own: (bytes) => {
      owned.push(bytes);
      return bytes;
    },
  };
  let { operation } = base;
  if (options.operation === 'write' && route.path.hasExistenceCheck) {
    operation = (await route.path.exists(base, fields)) ? 'update' : 'create';
  }
  const response = await route.path.handle({ ...base, operation }, fields);
  return { response, owned, operation };
}

/** The answer's data as plain values; nothing when there is none. */
export function dataOf(response: Response | null): Record<string, unknown> {
  return JSON.parse(encodeJson(response?.data ?? {}).toString()) as Record<string, unknown>;
}

// A whole unsealed core in memory for tests: real barrier, real stores, two backends whose behaviour a test can steer.
import { Barrier } from '../../barrier/barrier.js';
import type { Awaitable } from '../../framework/awaitable.js';
import type { AuthGrant, Backend, Factory, LeaseEvent, Response } from '../../framework/backend.js';
import { ApiError } from '../../framework/errors.js';
import { field, type RawField } from '../../framework/field.js';
import { DEFAULT_JSON_LIMITS, scanJsonObject } from '../../framework/json/scan.js';
import { path } from '../../framework/path.js';
import { Lifecycle } from '../../seal/lifecycle.js';
import { SecretMemory } from '../../secret-memory/secret-memory.js';
import type { StorageEngine } from '../../storage/engine.js';
import { MemoryEngine } from '../../storage/memory.js';
import { tokenBackend } from '../../tokens/backend/backend.js';
import { TokenRoles } from '../../tokens/role.js';
import type { Active } from '../active.js';
import { Core } from '../core.js';
import { prepareDatabase } from '../first-writes.js';
import { newMountEntry } from '../mounts/entry.js';
import { openActive } from '../open-active.js';
import type { ApiRequest, ApiResult } from '../request.js';
import { tokenCore } from '../token-core.js';

const HELP = { synopsis: 's', description: 'd' };
export const ROOT_TOKEN = 'root-of-the-test';

/** What the two backends do and what was asked of them. */
export interface Steering {
  readonly revoked: LeaseEvent[];
  /** Thrown by the next revocations, first in first out; null lets one pass. */
  readonly revocationFaults: (Error | null)[];
  grant: Partial<AuthGrant>;
  /** What happens elsewhere while a login or a lease is being made. */
  meanwhile: () => Promise<void>;
  /** What the effectless path answers. */
  look: () => Awaitable<Response | null>;
  /** What the backends' periodic work does. */
  tidy: (type: string) => Promise<void>;
}

const GRANT: AuthGrant = {
  displayName: 'visitor',
  policies: ['guest'],
  metadata: { kind: 'test' },
  aliasName: 'visitor',
  ttlSeconds: 600,
  maxTtlSeconds: 0,
  explicitMaxTtlSeconds: 0,
  periodSeconds: 0,
  numUses: 0,
  renewable: true,
  noDefaultPolicy: false,
  tokenType: 'default',
  boundCidrs: [],
  internal: { from: 'door' },
  boundKey: null,
};

function leasingFactory(steering: Steering): Factory {
  return async (): Promise<Backend> => ({
    kind: 'secret',
    type: 'leasing',
    help: 'Gives leases.',
    paths: [
      path({
        pattern: 'creds/:name',
        help: HELP,
        fields: { name: field.string('which') },
        operations: {
          read: async (_request, { name }) => {
            await steering.meanwhile();
            return {
              data: { password: 'generated' },
              lease: { ttlSeconds: 60, maxTtlSeconds: 0, renewable: true, internal: { name } },
            };
          },
        },
      }),
      path({
        pattern: 'open',
        help: HELP,
        fields: {},
        unauthenticated: true,
        operations: { read: async () => ({ data: { open: true } }) },
      }),
      path({
        pattern: 'look',
        help: HELP,
        fields: {},
        effectless: ['read'],
        operations: { read: () => steering.look() },
      }),
      path({
        pattern: 'guarded',
        help: HELP,
        fields: {},
        sudo: true,
        operations: { read: async () => ({ data: { guarded: true } }) },
      }),
      path({
        pattern: 'item/:name',
        help: HELP,
        fields: { name: field.string('which'), value: field.raw('what') },
        exists: async (request, { name }) => (await request.storage.get(name)) !== null,
        operations: {
          create: async (request, { name, value }) => {
            const bytes = value?.bytes ?? Buffer.alloc(0);
            await request.storage.commit([{ put: name, value: bytes }], []);
            return { data: { operation: 'create' } };
          },
          update: async () => ({ data: { operation: 'update' } }),
          delete: async (request, { name }) => {
            await request.storage.commit([{ delete: name }], []);
            return null;
          },
        },
      }),
      path({
        pattern: 'broken',
        help: HELP,
        fields: {},
        operations: { read: () => Promise.reject(new Error('the password is hunter2')) },
      }),
    ],
    tidy: () => steering.tidy('leasing'),
    async revokeLease(event) {
      const fault = steering.revocationFaults.shift() ?? null;
      if (fault !== null) throw fault;
      steering.revoked.push(event);
    },
  });
}

function doorFactory(steering: Steering): Factory {
  return async (): Promise<Backend> => ({
    kind: 'auth',
    type: 'door',
    help: 'Lets anybody in.',
    paths: [
      path({
        pattern: 'login',
        help: HELP,
        fields: {},
        unauthenticated: true,
        operations: {
          update: async () => {
            await steering.meanwhile();
            return { auth: { ...GRANT, ...steering.grant } };
          },
        },
      }),
    ],
    tidy: () => steering.tidy('door'),
    renewAuth: async () => ({
      ttlSeconds: 600,
      maxTtlSeconds: 0,
      periodSeconds: 0,
      policies: ['guest'],
    }),
  });
}

const SYSTEM: Backend = {
  kind: 'system',
  type: 'system',
  help: 'A little of sys/.',
  paths: [
    path({
      pattern: 'state',
      help: HELP,
      fields: {},
      whileSealed: true,
      operations: { read: async () => ({ data: { state: 'known' } }) },
    }),
  ],
};

export interface TestServer {
  readonly core: Core;
  readonly active: Active;
  readonly steering: Steering;
  readonly faults: { what: string; error: unknown }[];
  /** Milliseconds; tests move it. */
  now: number;
  call(call: Call): Promise<ApiResult>;
  /** Closes core and barrier as sys/seal does. */
  seal(): Promise<void>;
}

export interface Call {
  readonly operation?: ApiRequest['operation'];
  readonly path: string;
  readonly token?: string | null;
  readonly body?: unknown;
  readonly wrapTtlSeconds?: number;
  readonly remoteAddress?: string;
  readonly namespace?: string;
  readonly proof?: string;
}

function toRequest(call: Call, now: number): ApiRequest {
  const body = call.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(call.body));
  const fields = new Map<string, RawField>();
  if (body.length > 0) {
    for (const [name, value] of scanJsonObject(body, DEFAULT_JSON_LIMITS)) {
      fields.set(name, { kind: 'json', value });
    }
  }
  const token = call.token === undefined ? ROOT_TOKEN : call.token;
  return {
    id: '00000000-0000-4000-8000-000000000000',
    operation: call.operation ?? 'read',
    path: call.path,
    query: '',
    namespace: call.namespace ?? '',
    token: token === null ? null : Buffer.from(token),
    proof: call.proof ?? null,
    wrapTtlSeconds: call.wrapTtlSeconds ?? null,
    headers: new Map(),
    fields,
    body,
    connection: { remoteAddress: call.remoteAddress ?? '192.0.2.1', remotePort: 1, tls: null },
    opened: new Set(),
    now,
    own: (bytes) => bytes,
  };
}

/** Initialised, unsealed, with `leasing/` and `auth/door/` mounted. */
export async function openTestServer(
  engine: StorageEngine = new MemoryEngine(),
): Promise<TestServer> {
  const steering: Steering = {
    revoked: [],
    revocationFaults: [],
    grant: {},
    meanwhile: async () => undefined,
    look: () => ({ data: { seen: 'it' } }),
    tidy: async () => undefined,
  };
  const faults: TestServer['faults'] = [];
  const state = { now: 1_700_000_000_000 };
  const clock = (): number => state.now;
  const memory = new SecretMemory();
  const barrier = new Barrier({ engine, memory, now: clock });
  const lifecycle = new Lifecycle({ engine, barrier, memory, now: clock });
  const extraMounts = [
    newMountEntry({ kind: 'secret', path: 'leasing/', type: 'leasing' }),
    newMountEntry({ kind: 'auth', path: 'auth/door/', type: 'door' }),
  ];
  const { shares } = await lifecycle.initialise(
    { secretShares: 1, secretThreshold: 1 },
    (storage) =>
      prepareDatabase(
        storage,
        { rootTokenId: Buffer.from(ROOT_TOKEN), extraMounts, clusterName: '' },
        clock(),
      ),
  );
  const onFault = (what: string, error: unknown): void => void faults.push({ what, error });
  const core = new Core(() =>
    openActive({
      barrier,
      factories: {
        secret: new Map([['leasing', leasingFactory(steering)]]),
        auth: new Map([['door', doorFactory(steering)]]),
      },
      bounds: { defaultLeaseTtlSeconds: 3600, maxLeaseTtlSeconds: 7200, lockouts: new Map() },
      clock,
      onFault,
      firstMounts: [],
      audit: {
        stdout: process.stdout,
        pluginDirectory: null,
        allowPrefix: false,
        log: () => undefined,
      },
      builtIn: (type, self) => {
        if (type === 'system') return SYSTEM;
        if (type === 'token') {
          const roles = new TokenRoles(self().view('sys/token/'));
          return tokenBackend({ store: self().tokens, roles, core: tokenCore(self, onFault) });
        }
        return type === 'cubbyhole' || type === 'identity'
          ? { kind: 'secret', type, help: '', paths: [] }
          : null;
      },
    }),
  );
  core.attachSystem(SYSTEM);
  await lifecycle.unseal(shares[0] ?? Buffer.alloc(0));
  await core.activate();
  const { active } = core;
  await active.expirer.stop();
  return {
    core,
    active,
    steering,
    faults,
    get now() {
      return state.now;
    },
    set now(value) {
      state.now = value;
    },
    call: async (call) => await core.handle(toRequest(call, state.now)),
    async seal() {
      await core.deactivate();
      lifecycle.seal();
    },
  };
}

/** The code of what a call is refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return 'not refused';
}

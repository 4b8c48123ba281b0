// Puts the unsealed server together, lowest room first. The only place that knows which view each room writes to.
import { AuditBroker, type BrokerOptions } from '../audit/broker.js';
import { AuditTable } from '../audit/table.js';
import type { Barrier } from '../barrier/barrier.js';
import { ownedView } from '../barrier/view.js';
import type { Backend } from '../framework/backend.js';
import { badToken } from '../framework/errors.js';
import type { Storage } from '../framework/storage.js';
import { LeaseStore, type LeaseWithWarnings, type Registration } from '../leases/store.js';
import { PolicyStore } from '../policy/store.js';
import { TokenStore } from '../tokens/store.js';
import { rootTokenSpec } from '../tokens/token-spec.js';
import type { Active } from './active.js';
import { openCors } from './cors.js';
import { EntityStore } from './entities.js';
import { Expirer } from './expirer.js';
import { Logins } from './logins.js';
import { type MountEntry, viewPrefix } from './mounts/entry.js';
import { type Mounted, Router } from './mounts/router.js';
import {
  type Factories,
  type MountDefaults,
  MountService,
  mountInfo,
  openBackend,
} from './mounts/service.js';
import { MountTable } from './mounts/table.js';
import { RateLimits } from './quotas/rate-limits.js';
import { Revocation } from './revocation.js';
import { WRAPPING_POLICY, Wrapping } from './wrapping.js';

/** What core needs from main and from the system room. */
export interface ActiveParts {
  readonly barrier: Barrier;
  readonly factories: Factories;
  readonly bounds: MountDefaults;
  /** Backends that need a handle on the unsealed server: sys/, auth/token/, identity/. */
  readonly builtIn: (type: string, active: () => Active) => Backend | null;
  readonly clock: () => number;
  readonly onFault: (what: string, error: unknown) => void;
  readonly audit: Omit<BrokerOptions, 'table'>;
  /** Mounts of a new server beside the default ones (-dev's secret/). */
  readonly firstMounts: readonly MountEntry[];
}

const EXPIRE_INTERVAL_MS = 1000;

/** What a request that no mount covers may read: nothing. */
const NOTHING: Storage = {
  locate: (key) => ({ key }),
  get: async () => null,
  getUnless: async () => null,
  getMany: async (keys) => keys.map(() => null),
  list: async () => [],
  commit: async () => {
    throw new Error('no mount, no storage');
  },
};

/** Assembles the unsealed server. The barrier must be open. Nothing runs on its own until `expirer.start()`. */
export async function openActive(parts: ActiveParts): Promise<Active> {
  const { barrier, factories, bounds, clock } = parts;
  const view = (prefix: string): Storage => barrier.view(prefix);
  const mountView = rememberedViews(view);
  let active: Active | null = null;
  const self = (): Active => {
    if (active === null) throw new Error('used before it was assembled');
    return active;
  };
  const leases = new LeaseStore(view('sys/expire/'));
  const entities = new EntityStore(view('sys/identity/'));
  const policies = new PolicyStore(view('sys/policy/'));
  const table = new MountTable(view('core/'));
  await table.create(parts.firstMounts);
  const tokens = await TokenStore.open(view('sys/token/'), (uuid) => table.isServing(uuid));
  const router = new Router(table, async (entry) => {
    const builtIn = parts.builtIn(entry.type, self);
    if (builtIn !== null) return { info: mountInfo(entry, bounds), backend: builtIn };
    return await openBackend(entry, factories, bounds, view);
  });
  const { rateLimits, cors, refreshLive } = await openLive(view, clock());
  const wrapping = new Wrapping(view('sys/wrapping/'), issueWrappingToken(tokens));
  const revocation = new Revocation({
    tokens,
    leases,
    mountByUuid: async (uuid) => await findMount(table, router, uuid),
    mountStorage: ({ entry }) => view(viewPrefix(entry)),
    forgetToken: async (tokenId) => {
      await wrapping.drop(tokenId);
      for (const { backend, entry } of await mountedEntries(table, router)) {
        await backend.revokeToken?.(view(viewPrefix(entry)), tokenId);
      }
    },
  });
  const mounts = new MountService({
    table,
    router,
    factories,
    bounds,
    view,
    revokeBelow: (path) => revocation.revokeBelow(path, clock(), true),
    rateLimits,
  });
  const expirer = new Expirer({
    revocation,
    chores: [
      refreshLive,
      everyMinute(tidyMounts(table, router, view)),
      everyMinute(async () => void (await barrier.rotateIfDue())),
    ],
    clock,
    intervalMs: EXPIRE_INTERVAL_MS,
    onFault: (error) => parts.onFault('expiry', error),
  });
  const audit = new AuditBroker({ ...parts.audit, table: new AuditTable(view('core/audit/')) });
  active = {
    clock,
    router,
    mounts,
    tokens,
    leases,
    policies,
    entities,
    audit,
    logins: new Logins(tokens, entities),
    wrapping,
    rateLimits,
    cors,
    revocation,
    expirer,
    view,
    requestView: (entry, own) => (entry === null ? NOTHING : ownedView(mountView(entry), own)),
    registerLease: leaseRegistrar(leases, tokens, revocation),
  };
  return active;
}

/** What http/ asks before a request is anybody's: read once now, then with every pass of the expirer. */
async function openLive(view: (prefix: string) => Storage, now: number) {
  const rateLimits = new RateLimits(view('sys/quotas/'));
  const cors = openCors(view('sys/config/'));
  const refreshLive = async (at: number): Promise<void> => {
    await rateLimits.refresh(at);
    await cors.refresh();
  };
  await refreshLive(now);
  return { rateLimits, cors, refreshLive };
}

/** The view of a mount, made once per entry: entries of one table state are the same objects for every request. */
function rememberedViews(view: (prefix: string) => Storage): (entry: MountEntry) => Storage {
  const views = new WeakMap<MountEntry, Storage>();
  return (entry) => {
    const known = views.get(entry);
    if (known !== undefined) return known;
    const made = view(viewPrefix(entry));
    views.set(entry, made);
    return made;
  };
}

function issueWrappingToken(tokens: TokenStore) {
  return async (creationPath: string, ttlSeconds: number, now: number) => {
    const spec = {
      ...rootTokenSpec(null),
      path: creationPath,
      policies: [WRAPPING_POLICY],
      displayName: 'wrapping',
      numUses: 1,
      ttlSeconds,
      explicitMaxTtlSeconds: ttlSeconds,
    };
    const { token, entry } = await tokens.create(spec, now);
    return { tokenId: entry.id, token, accessor: entry.accessor };
  };
}

function leaseRegistrar(
  leases: LeaseStore,
  tokens: TokenStore,
  revocation: Revocation,
): Active['registerLease'] {
  return async (api, mounted, token, grant) => {
    const tokenId = token.type === 'batch' ? token.parentId : token.id;
    const { lease, ttlSeconds } = await registerOrUndo(leases, revocation, {
      path: api.path,
      grant,
      tokenId,
      mount: mounted.info,
      // A batch token can not be asked later: its leases end with it.
      notAfter: token.type === 'batch' ? token.expiresAt : null,
      now: api.now,
    });
    // Token and lease lie in different views: a revocation that began meanwhile may have missed this lease.
    if (
      tokenId !== '' &&
      (await tokens.lookupById(tokenId, api.now)) === null &&
      token.usesLeft === 0
    ) {
      await revocation.revokeLease(lease.id, api.now);
      throw badToken('token-revoked');
    }
    return { id: lease.id, ttlSeconds, renewable: lease.renewable };
  };
}

/** What the backend made must not outlive a lease that could not be written. */
async function registerOrUndo(
  leases: LeaseStore,
  revocation: Revocation,
  registration: Registration,
): Promise<LeaseWithWarnings> {
  try {
    return await leases.register(registration);
  } catch (error) {
    await revocation.undoGrant(registration);
    throw error;
  }
}

async function findMount(table: MountTable, router: Router, uuid: string): Promise<Mounted | null> {
  const { entries } = await table.current();
  const entry = entries.find((each) => each.uuid === uuid);
  return entry === undefined ? null : await router.mounted(entry);
}

async function mountedEntries(table: MountTable, router: Router): Promise<Mounted[]> {
  const { entries } = await table.current();
  return await Promise.all(entries.map((entry) => router.mounted(entry)));
}

/** Each mount has its turn, whichever of the others fails; one fault says enough for the log. */
function tidyMounts(table: MountTable, router: Router, view: (prefix: string) => Storage) {
  return async (now: number): Promise<void> => {
    const faults: unknown[] = [];
    for (const entry of (await table.current()).entries) {
      try {
        const { backend } = await router.mounted(entry);
        await backend.tidy?.(view(viewPrefix(entry)), now);
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  };
}

function everyMinute(chore: (now: number) => Promise<void>): (now: number) => Promise<void> {
  let last = 0;
  return async (now) => {
    if (now - last < 60_000) return;
    last = now;
    await chore(now);
  };
}

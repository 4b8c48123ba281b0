// Enabling, tuning, moving and disabling mounts: the only room that changes the mount table of a running server.
import { randomUUID } from 'node:crypto';
import type { Backend, Factory, MountInfo } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import {
  effectiveLockout,
  type LockoutConfig,
  type LockoutTuning,
  mergeLockout,
} from '../../framework/lockout.js';
import { deleteAll, type Storage } from '../../framework/storage.js';
import type { RateLimits } from '../quotas/rate-limits.js';
import { type MountConfig, type MountEntry, newMountEntry, viewPrefix } from './entry.js';
import type { Router } from './router.js';
import { canonicalMountPath, type MountTable } from './table.js';

/** type → factory, as the registries give them. */
export interface Factories {
  readonly secret: ReadonlyMap<string, Factory>;
  readonly auth: ReadonlyMap<string, Factory>;
}

/** What holds for mounts that say nothing else. */
export interface MountDefaults {
  readonly defaultLeaseTtlSeconds: number;
  readonly maxLeaseTtlSeconds: number;
  /** Lockout of failed logins by type of the method; 'all' for every type. */
  readonly lockouts: ReadonlyMap<string, LockoutTuning>;
}

export interface MountSpec {
  readonly type: string;
  readonly description: string;
  readonly config: MountConfig;
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
  readonly sealWrap: boolean;
  readonly externalEntropyAccess: boolean;
}

/** What tune may change; null leaves a value as it is. */
export interface MountTuning {
  readonly description: string | null;
  readonly config: Partial<MountConfig>;
  readonly options: Readonly<Record<string, string>> | null;
}

export interface MigrationStatus {
  readonly id: string;
  readonly sourceMount: string;
  readonly targetMount: string;
  readonly status: 'in-progress' | 'success' | 'failure';
}

/** Revokes every lease and token made below a path; given by core, because mounts do not know leases. */
export type RevokeBelow = (path: string) => Promise<void>;

const MIGRATIONS_MAX = 100;
/** Types of which a server has the one it began with. */
const MOUNTED_ONCE: ReadonlySet<string> = new Set(['cubbyhole', 'identity', 'system', 'token']);

export class MountService {
  readonly table: MountTable;
  readonly #router: Router;
  readonly #factories: Factories;
  readonly #bounds: MountDefaults;
  readonly #view: (prefix: string) => Storage;
  readonly #revokeBelow: RevokeBelow;
  readonly #rateLimits: RateLimits;
  /** The last moves made through this process, for remount/status. */
  readonly #migrations = new Map<string, MigrationStatus>();

  constructor(parts: {
    readonly table: MountTable;
    readonly router: Router;
    readonly factories: Factories;
    readonly bounds: MountDefaults;
    readonly view: (prefix: string) => Storage;
    readonly revokeBelow: RevokeBelow;
    readonly rateLimits: RateLimits;
  }) {
    this.table = parts.table;
    this.#router = parts.router;
    this.#factories = parts.factories;
    this.#bounds = parts.bounds;
    this.#view = parts.view;
    this.#revokeBelow = parts.revokeBelow;
    this.#rateLimits = parts.rateLimits;
  }

  types(kind: 'secret' | 'auth'): readonly string[] {
    return [...this.#factories[kind].keys()].sort();
  }

  /** @throws ApiError for an unknown type, a path in use, or options that the backend refuses. */
  async enable(kind: 'secret' | 'auth', path: string, spec: MountSpec): Promise<MountEntry> {
    const canonical = kindPath(kind, path);
    const alias = spec.type === 'kv-v2' && kind === 'secret';
    const type = alias ? 'kv' : spec.type;
    const options = alias ? { ...spec.options, version: '2' } : spec.options;
    if (MOUNTED_ONCE.has(type)) {
      throw invalidRequest(`mount type of "${type}" is not mountable`, 'mount-type-once');
    }
    if (!this.#factories[kind].has(type)) {
      const known = this.types(kind).join(', ');
      throw invalidRequest(
        `plugin not found in the catalog: ${type} (known: ${known})`,
        'mount-type-unknown',
      );
    }
    const config = checkConfig(spec.config, kind);
    checkSystemMax(config, this.#bounds);
    const entry = newMountEntry({ ...spec, type, options, config, kind, path: canonical });
    // Opened once before it is stored, so that a backend may refuse its options; a refused mount leaves nothing.
    const { backend } = await openBackend(entry, this.#factories, this.#bounds, this.#view);
    if (config.lockout !== undefined) refuseLockout(backend, type);
    await this.table.add(entry);
    return entry;
  }

  /** Makes the mount unreachable, revokes what it gave out, deletes its data. Runs on after a crash (see `resume`). */
  async disable(kind: 'secret' | 'auth', path: string): Promise<void> {
    const entry = await this.table.taint(kindPath(kind, path));
    await this.#finish(entry);
  }

  /** Finishes removals that a crash cut short. Called once after unsealing. */
  async resume(): Promise<void> {
    const { entries } = await this.table.current();
    for (const entry of entries) if (entry.tainted) await this.#finish(entry);
  }

  async #finish(entry: MountEntry): Promise<void> {
    await this.#revokeBelow(entry.path);
    await deleteAll(this.#view(viewPrefix(entry)), '');
    await this.#rateLimits.forgetMount(entry.path);
    await this.table.remove(entry.uuid);
  }

  async tune(path: string, tuning: MountTuning): Promise<MountEntry> {
    const canonical = canonicalMountPath(path);
    const current = (await this.table.current()).byPath.get(canonical);
    if (current !== undefined && tuning.options !== null) {
      const { backend } = await this.#router.mounted(current);
      await backend.tune?.(this.#view(viewPrefix(current)), tuning.options);
    }
    if (current !== undefined && tuning.config.lockout !== undefined) {
      refuseLockout((await this.#router.mounted(current)).backend, current.type);
    }
    return await this.table.replace(canonical, (entry) => {
      const kind = entry.kind === 'auth' ? 'auth' : 'secret';
      const { lockout } = tuning.config;
      const given =
        lockout === undefined
          ? tuning.config
          : { ...tuning.config, lockout: mergeLockout(entry.config.lockout, lockout) };
      const config = checkConfig({ ...entry.config, ...given }, kind);
      // Not for other changes: the operator may have lowered the system's maximum since.
      if (changesTtl(entry.config, config)) checkSystemMax(config, this.#bounds);
      return {
        ...entry,
        description: tuning.description ?? entry.description,
        config,
        options: tuning.options === null ? entry.options : { ...entry.options, ...tuning.options },
      };
    });
  }

  /**
   * Leases of the source are revoked, then the mount answers at the new path with its data as it was.
   * A refused move revokes nothing: `auth/token/` holds everybody's tokens, and "auth/" is a prefix of all logins.
   */
  async move(from: string, to: string): Promise<MigrationStatus> {
    const source = canonicalMountPath(from);
    const target = canonicalMountPath(to);
    const id = randomUUID();
    await this.table.checkMove(source, target);
    await this.#revokeBelow(source);
    await this.table.move(source, target);
    // Before anything that may fail: until then no quota counts the mount at its new path.
    await this.#rateLimits.moveMount(source, target);
    // What was given out while the first round went; later ones see that the mount has moved.
    await this.#revokeBelow(source);
    const status = { id, sourceMount: source, targetMount: target, status: 'success' as const };
    this.#migrations.set(id, status);
    const oldest = this.#migrations.keys().next().value;
    if (this.#migrations.size > MIGRATIONS_MAX && oldest !== undefined)
      this.#migrations.delete(oldest);
    return status;
  }

  /** Whether the mount still answers where it did. Asked after giving something out that its removal would revoke. */
  async isServing(entry: MountEntry): Promise<boolean> {
    const now = (await this.table.current()).byPath.get(entry.path);
    return now !== undefined && now.uuid === entry.uuid && !now.tainted;
  }

  findMigration(id: string): MigrationStatus | null {
    return this.#migrations.get(id) ?? null;
  }

  /** Effective lease bounds of an entry. */
  info(entry: MountEntry): MountInfo {
    return mountInfo(entry, this.#bounds);
  }
}

/** 'auth/x/' for auth methods, 'x/' for secrets engines. */
export function kindPath(kind: 'secret' | 'auth', path: string): string {
  const canonical = canonicalMountPath(path);
  if (kind === 'auth') return `auth/${canonical}`;
  if (canonical.startsWith('auth/')) {
    throw invalidRequest('secrets engines cannot be mounted below auth/', 'mount-path-reserved');
  }
  return canonical;
}

export function mountInfo(entry: MountEntry, bounds: MountDefaults): MountInfo {
  const { config } = entry;
  return {
    path: entry.path,
    uuid: entry.uuid,
    accessor: entry.accessor,
    type: entry.type,
    options: entry.options,
    defaultLeaseTtlSeconds: config.defaultLeaseTtlSeconds || bounds.defaultLeaseTtlSeconds,
    maxLeaseTtlSeconds: config.maxLeaseTtlSeconds || bounds.maxLeaseTtlSeconds,
    ...(entry.kind === 'auth' ? { lockout: lockoutOf(entry, bounds) } : {}),
  };
}

/** The mount's own word wins over that for its type, and that over the one for all. */
function lockoutOf(entry: MountEntry, { lockouts }: MountDefaults): LockoutConfig {
  const said = [lockouts.get('all'), lockouts.get(entry.type), entry.config.lockout];
  return effectiveLockout(said.filter((tuning) => tuning !== undefined));
}

/** Makes the backend of an entry from the registries. @throws ApiError when the type is not one of ours. */
export async function openBackend(
  entry: MountEntry,
  factories: Factories,
  bounds: MountDefaults,
  view: (prefix: string) => Storage,
): Promise<{ info: MountInfo; backend: Backend }> {
  const factory = factories[entry.kind === 'auth' ? 'auth' : 'secret'].get(entry.type);
  if (factory === undefined) {
    throw invalidRequest(
      `mount ${entry.path} has the unknown type "${entry.type}"`,
      'mount-type-unknown',
    );
  }
  const info = mountInfo(entry, bounds);
  const backend = await factory({
    storage: view(viewPrefix(entry)),
    mount: info,
    log: () => undefined,
  });
  return { info, backend };
}

function checkConfig(config: MountConfig, kind: 'secret' | 'auth'): MountConfig {
  const { defaultLeaseTtlSeconds, maxLeaseTtlSeconds, listingVisibility } = config;
  if (maxLeaseTtlSeconds > 0 && defaultLeaseTtlSeconds > maxLeaseTtlSeconds) {
    throw invalidRequest('given default lease TTL greater than given max lease TTL', 'mount-ttl');
  }
  if (!['', 'hidden', 'unauth'].includes(listingVisibility)) {
    throw invalidRequest('invalid listing_visibility', 'mount-listing-visibility');
  }
  if (kind !== 'auth' && config.tokenType !== '') {
    throw invalidRequest("'token_type' can only be modified on auth mounts", 'mount-token-type');
  }
  return config;
}

/** With Vault's text. */
function refuseLockout(backend: Backend, type: string): void {
  if (backend.lockoutName !== undefined) return;
  const text = `tuning of user lockout configuration for auth type "${type}" not allowed`;
  throw invalidRequest(text, 'mount-lockout-unsupported');
}

function changesTtl(before: MountConfig, after: MountConfig): boolean {
  return (
    before.defaultLeaseTtlSeconds !== after.defaultLeaseTtlSeconds ||
    before.maxLeaseTtlSeconds !== after.maxLeaseTtlSeconds
  );
}

/** A mount without a maximum of its own has the system's. */
function checkSystemMax(config: MountConfig, bounds: MountDefaults): void {
  const systemMax = bounds.maxLeaseTtlSeconds;
  if (config.maxLeaseTtlSeconds > 0 || config.defaultLeaseTtlSeconds <= systemMax) return;
  const text = `given default lease TTL greater than system max lease TTL of ${systemMax}`;
  throw invalidRequest(text, 'mount-ttl');
}
